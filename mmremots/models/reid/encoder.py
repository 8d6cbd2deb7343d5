"""The appearance encoder: crops of people to features."""
from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from mmremots.models.task_modules import centred_features
from mmremots.registry import MODELS

from .base import IMAGENET, BaseEncoder


@MODELS.register_module()
class ReIDEncoder(BaseEncoder):
    """Backbone, pooling neck and :class:`BNNeckHead`.

    Which feature is compared decides whether mean + 3 sigma of the cosine
    of different people is a threshold at all. Pooled features after a ReLU
    share a large mean: those of an untrained ResNet-18 have cosines of 0.986
    with a deviation of 0.016, and nobody is above 1.035. The batch norm of
    the head takes a mean away, but that of its training batches, half of them
    labelled crops of other videos. So the mean that counts, that of the video
    at hand, is what ``'centred'`` takes away; ``'bnneck'`` is the reference's
    feature, ``'pooled'`` the paper's. docs/encoder.md compares them.

    Args:
        backbone: Config of any backbone that returns feature maps; the last
            one is used.
        head: Config of the head.
        neck: Config of what makes a vector of a map.
        feature: Which feature is compared: ``'centred'``, the pooled one
            without what it has in common over a video, see
            :func:`mmremots.models.task_modules.centred_features`;
            ``'bnneck'``, after the batch norm of the head; or ``'pooled'``,
            before it.
        crop_size: As of :class:`BaseEncoder`, like the next two.
        data_preprocessor: Of crops.
        init_cfg: Where the weights come from.
    """

    def __init__(
            self,
            backbone: dict[str, Any],
            head: dict[str, Any],
            neck: dict[str, Any] = dict(  # noqa: B006
                type='mmdet.GlobalAveragePooling'),
            feature: str = 'centred',
            crop_size: tuple[int, int] = (256, 128),
            data_preprocessor: dict[str, Any] = IMAGENET,
            init_cfg: dict[str, Any] | None = None) -> None:
        super().__init__(crop_size, data_preprocessor, init_cfg)
        if feature not in ('centred', 'bnneck', 'pooled'):
            raise ValueError(
                "ReIDEncoder: feature is 'centred', 'bnneck' or 'pooled', "
                f'not {feature!r}')
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.head = MODELS.build(head)
        self.feature = feature

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""
        return self.head.in_channels

    def forward(self,
                inputs: Tensor,
                data_samples: dict[str, Tensor] | None = None,
                mode: str = 'tensor') -> Any:
        """Runs the network.

        Args:
            inputs: As of :meth:`BaseEncoder.forward`, like the others.
            data_samples: For the loss.
            mode: ``'tensor'``, ``'predict'`` or ``'loss'``.

        Returns:
            (B, D) features, or the dict of :meth:`BNNeckHead.loss`.
        """
        pooled = self.neck(self.backbone(inputs)[-1])
        if mode == 'loss':
            if data_samples is None:
                raise ValueError('ReIDEncoder: no data_samples for the loss')
            return self.head.loss(
                pooled, data_samples['people'], data_samples['relation'])
        features = self.head(pooled) if self.feature == 'bnneck' else pooled
        if mode == 'tensor':
            return features
        if mode == 'predict':
            return F.normalize(features)
        raise ValueError(f'ReIDEncoder: unknown mode {mode!r}')

    def centre(self, features: np.ndarray, frames: np.ndarray,
               labels: np.ndarray, out: np.ndarray | None = None,
               ) -> np.ndarray:
        """Only where ``feature`` is ``'centred'``; others stay as they are.

        Args:
            features: As of :meth:`BaseEncoder.centre`, like the others.
            frames: (N,) frame of each.
            labels: (N,) class of each.
            out: Where to write; None for a new array.
        """
        if self.feature != 'centred':
            return features
        return centred_features(features, frames, labels, out)
