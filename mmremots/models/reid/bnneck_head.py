"""The head of the encoder: batch norm neck, classifier, losses."""
from __future__ import annotations

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmremots.registry import MODELS


@MODELS.register_module()
class BNNeckHead(BaseModule):
    """BNNeck of reid-strong-baseline, for batches that are partly labelled.

    The pooled feature goes to the triplet and the center loss as it is, and
    through a batch norm without a shift to a linear classifier without a
    bias (Luo et al., CVPRW 2019). Identity and center losses are of the
    labelled rows alone; the triplet loss is of all rows, by their relation.

    The batch norm sees all rows, so its running statistics are of the mixed
    batch. Until a training has moved them they are mean 0 and variance 1:
    the feature after the batch norm of weights that came without one is the
    pooled feature.

    Args:
        in_channels: Length of the pooled feature.
        num_classes: Identities of the labelled set; None leaves out
            classifier, identity and center loss, and the scale of the batch
            norm, which only they train, is not trained.
        loss_cls: Config of the identity loss ``(logits, people) -> scalar``.
        loss_triplet: Config of the triplet loss ``(features, relation)``.
        loss_center: Config of the center loss ``(features, people)``, or
            None for none; it gets ``num_classes`` and ``in_channels``.
        init_cfg: As in mmengine.
    """

    def __init__(
            self,
            in_channels: int,
            num_classes: int | None = None,
            loss_cls: dict[str, Any] = dict(  # noqa: B006
                type='torch.nn.CrossEntropyLoss', label_smoothing=0.1),
            loss_triplet: dict[str, Any] = dict(  # noqa: B006
                type='TripletLoss', margin=0.3),
            loss_center: dict[str, Any] | None = dict(  # noqa: B006
                type='CenterLoss', loss_weight=5e-4, lr=0.5),
            init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.bn = nn.BatchNorm1d(in_channels)
        self.bn.bias.requires_grad_(False)
        self.loss_triplet = MODELS.build(loss_triplet)
        self.classifier: nn.Linear | None = None
        self.loss_center: nn.Module | None = None
        if num_classes is None:
            self.bn.weight.requires_grad_(False)
            return
        self.classifier = nn.Linear(in_channels, num_classes, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)
        self.loss_cls = MODELS.build(loss_cls)
        if loss_center is not None:
            self.loss_center = MODELS.build(
                dict(
                    loss_center,
                    num_classes=num_classes,
                    in_channels=in_channels))

    @property
    def out_channels(self) -> int:
        """Length of the feature, as mm's trackers ask for it."""
        return self.in_channels

    def forward(self, pooled: Tensor) -> Tensor:
        """Maps pooled features (B, in_channels) to those after the neck."""
        return self.bn(pooled)

    def loss(self, pooled: Tensor, people: Tensor,
             relation: Tensor) -> dict[str, Tensor]:
        """Computes the losses of a batch.

        Args:
            pooled: (B, in_channels) features before the neck.
            people: (B,) int64: the number in [0, num_classes), or -1 for rows
                of unlabelled videos. Not looked at without a classifier.
            relation: (B, B) int8: see :class:`TripletLoss`.

        Returns:
            ``loss_triplet``, and ``loss_cls`` and ``loss_center`` where
            there is a classifier. A loss that has no rows is 0, and still
            connected to its parameters, as distributed training wants.

        Raises:
            ValueError: If a person is ``num_classes`` or more.
        """
        necked = self.bn(pooled)
        losses = dict(loss_triplet=self.loss_triplet(pooled, relation))
        if self.classifier is None:
            return losses
        labelled = people >= 0
        people = people[labelled]
        if len(people) and int(people.max()) >= len(self.classifier.weight):
            raise ValueError(
                f'BNNeckHead: person {int(people.max())} in a batch, but '
                f'num_classes is {self.num_classes}')
        logits = self.classifier(necked[labelled])
        losses['loss_cls'] = (
            self.loss_cls(logits, people) if len(people) else logits.sum())
        if self.loss_center is not None:
            losses['loss_center'] = self.loss_center(pooled[labelled], people)
        return losses
