"""An encoder of our own."""
from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from mmremots.models.reid import BaseEncoder
from mmremots.registry import MODELS


@MODELS.register_module()
class ShirtAndTrousers(BaseEncoder):
    """Mean colours of stripes, mixed linearly: trained on relations alone.

    Args:
        stripes: Of a crop, from top to bottom.
        feature_dim: Length of a feature.
        loss: Config of the loss ``(features, relation) -> scalar``.
        **kwargs: Of BaseEncoder.
    """

    def __init__(self, stripes: int = 8, feature_dim: int = 16,
                 loss: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stripes = nn.AdaptiveAvgPool2d((stripes, 1))
        self.mix = nn.Linear(3 * stripes, feature_dim)
        self.loss = MODELS.build(loss or dict(
            type='TripletLoss', normalize=True))

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""
        return self.mix.out_features

    def forward(self, inputs: Tensor,
                data_samples: dict[str, Tensor] | None = None,
                mode: str = 'tensor') -> Any:
        """Features, or the loss."""
        features = self.mix(self.stripes(inputs).flatten(1))
        if mode == 'loss':
            return dict(loss_triplet=self.loss(
                features, data_samples['relation']))
        return F.normalize(features) if mode == 'predict' else features
