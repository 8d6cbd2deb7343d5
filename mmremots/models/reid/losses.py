"""Losses of the appearance encoder that know what is not known."""
from __future__ import annotations

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn
from torch.nn import functional as F

from mmremots.registry import MODELS


@MODELS.register_module()
class TripletLoss(nn.Module):
    """Batch-hard triplet loss that mines known pairs only.

    For each anchor that has a row of the same and a row of a different
    identity, ``max(0, d_same - d_different + margin)`` of the *farthest same*
    and the *nearest different* row; the mean over those anchors. Distances
    are Euclidean. With all pairs known it is the loss of Hermans et al.,
    2017, and of reid-strong-baseline. A pair of unknown relation is neither
    positive nor negative (ReMOTS, Sections 2.2 and 2.4: only observations
    of one frame are known to be different people), so it gives no loss and
    no gradient.

    Args:
        margin: In units of the distance.
        loss_weight: Factor of the loss.
        normalize: Compare unit features: distances are then in [0, 2]. The
            reference compares features as they are.
    """

    def __init__(self,
                 margin: float = 0.3,
                 loss_weight: float = 1.0,
                 normalize: bool = False) -> None:
        super().__init__()
        self.margin = margin
        self.loss_weight = loss_weight
        self.normalize = normalize

    def forward(self, features: Tensor, relation: Tensor) -> Tensor:
        """Computes the loss of a batch.

        Args:
            features: (B, D), of any floating type; distances are computed in
                float32.
            relation: (B, B) integer: above 0 the same identity, below 0
                different ones, 0 unknown. The diagonal is not looked at.

        Returns:
            Scalar, float32; 0 if no anchor has both a positive and a
            negative.
        """
        # cdist without the matrix product is exact for near features and
        # has gradient 0, not nan, at distance 0.
        features = features.float()
        if self.normalize:
            features = F.normalize(features)
        distance = torch.cdist(
            features, features,
            compute_mode='donot_use_mm_for_euclid_dist')
        itself = torch.eye(
            len(features), dtype=torch.bool, device=features.device)
        same = (relation > 0) & ~itself
        different = (relation < 0) & ~itself
        anchors = same.any(1) & different.any(1)
        inf = float('inf')
        farthest = distance.masked_fill(~same, -inf).amax(1)[anchors]
        nearest = distance.masked_fill(~different, inf).amin(1)[anchors]
        losses = F.relu(farthest - nearest + self.margin)
        return self.loss_weight * losses.sum() / anchors.sum().clamp(min=1)


@MODELS.register_module()
class CenterLoss(nn.Module):
    r"""Pulls features to a learned center of their identity.

    Wen et al., ECCV 2016, as reid-strong-baseline trains it: the loss is
    ``loss_weight * mean_i |x_i - c_{y_i}|^2``, and the centers follow plain
    gradient descent of the *unweighted* loss with a rate of their own,

    .. math:: c_k \leftarrow c_k + lr \frac{2}{B} \sum_{i: y_i = k}
        (x_i - c_k).

    That step has a closed form, so it is taken here, in the forward pass of
    training, on a buffer, as a batch norm updates its statistics: it needs
    no second optimizer, is saved with the model, is not touched by the
    schedule, the weight decay or the loss scale of the encoder's optimizer,
    and sums over all processes of a distributed run. The loss of a step
    uses the centers before it.

    Args:
        num_classes: Identities.
        in_channels: Length of a feature.
        loss_weight: Factor of the loss, and of the gradient of the features.
        lr: Learning rate of the centers.
    """

    centers: Tensor

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 loss_weight: float = 5e-4,
                 lr: float = 0.5) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.lr = lr
        self.register_buffer('centers', torch.randn(num_classes, in_channels))

    def forward(self, features: Tensor, people: Tensor) -> Tensor:
        """Computes the loss; moves the centers when in training.

        Args:
            features: (B, in_channels), any floating type.
            people: (B,) int64 in [0, num_classes). B may be 0; in a
                distributed run every process must call, with rows or not.

        Returns:
            Scalar, float32.
        """
        offsets = features.float() - self.centers[people]
        if self.training:
            self._move_centers(offsets.detach(), people)
        loss = offsets.square().sum() / max(len(people), 1)
        return self.loss_weight * loss

    @torch.no_grad()
    def _move_centers(self, offsets: Tensor, people: Tensor) -> None:
        total = torch.zeros_like(self.centers)
        total.index_add_(0, people, offsets)
        count = total.new_tensor(float(len(people)))
        all_reduce(total)
        all_reduce(count)
        self.centers += self.lr * 2 / count.clamp(min=1) * total
