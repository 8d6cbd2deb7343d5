"""What mmtrack takes from ``mmcls``, which is no more.

mmcls became mmpretrain, under other names; mmtrack builds on the old ones.
:mod:`mmremots.compat.mmtrack` puts this module in the place of those that
mmtrack imports, where no mmcls is installed. The two types that mmtrack's
own configs name, ``mmcls.ResNet`` and ``mmcls.CrossEntropyLoss``, are
mmdet's, whose weights have the same names.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models import CrossEntropyLoss, ResNet
from mmengine import registry as mmengine
from mmengine.model import BaseModel
from mmengine.registry import Registry
from torch import Tensor

MODELS = Registry('model', parent=mmengine.MODELS, scope='mmcls',
                  locations=[__name__])
MODELS.register_module(module=ResNet)
MODELS.register_module(module=CrossEntropyLoss)


class ImageClassifier(BaseModel):
    """Backbone, neck and head: the base of mmtrack's ``BaseReID``.

    Args:
        backbone: Config of a backbone.
        neck: Config of what makes vectors of its feature maps.
        head: Config of a head, which has ``forward``, ``loss`` and
            ``predict``.
        data_preprocessor: As in mmengine.
        init_cfg: As in mmengine.
    """

    def __init__(self,
                 backbone: dict[str, Any],
                 neck: dict[str, Any] | None = None,
                 head: dict[str, Any] | None = None,
                 data_preprocessor: dict[str, Any] | None = None,
                 init_cfg: dict[str, Any] | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.neck = None if neck is None else MODELS.build(neck)
        self.head = None if head is None else MODELS.build(head)

    def extract_feat(self, inputs: Tensor) -> Any:
        """Features of (N, C, H, W) images, before the head."""
        features = self.backbone(inputs)
        return features if self.neck is None else self.neck(features)

    def forward(self, inputs: Tensor, data_samples: list | None = None,
                mode: str = 'tensor') -> Any:
        """Run the network.

        Args:
            inputs: (N, C, H, W) float32.
            data_samples: What the head goes by.
            mode: ``'tensor'`` for what the head makes of the features,
                ``'loss'`` or ``'predict'`` for that method of the head.

        Raises:
            ValueError: The mode is another one.
        """
        features = self.extract_feat(inputs)
        if mode == 'tensor':
            return features if self.head is None else self.head(features)
        if mode not in ('loss', 'predict') or self.head is None:
            raise ValueError(f'{type(self).__name__}: no mode {mode!r}')
        return getattr(self.head, mode)(features, data_samples)


class Accuracy:
    """The share of samples whose class is among the best few."""

    @staticmethod
    def calculate(pred: Tensor, target: Tensor,
                  topk: Sequence[int] = (1, )) -> list[Tensor]:
        """Top-k accuracies, in percent.

        Args:
            pred: (N, C) scores of the classes.
            target: (N,) the true class, an integer.
            topk: How many of the best count.

        Returns:
            A tensor of one number for each k.
        """
        if not len(target):
            return [pred.new_zeros(1) for _ in topk]
        best = pred.topk(min(max(topk), pred.shape[1]), dim=1).indices
        hits = best == target[:, None]
        return [100 * torch.mean(hits[:, :k].any(1).float(), 0, keepdim=True)
                for k in topk]
