"""SE-ResNeXt: mmdet's ResNeXt with a squeeze-and-excitation block."""
from __future__ import annotations

from typing import Any

import torch
from mmdet.models.backbones import ResNeXt
from torch import Tensor, nn

from mmremots.registry import MODELS


@MODELS.register_module()
class SqueezeExcitation(nn.Module):
    """Squeeze-and-excitation: scales each channel by a learned gate.

    ``x * sigmoid(fc2(relu(fc1(mean(x)))))``, Hu et al., CVPR 2018. mmdet has
    such a layer, but not as a plugin of its residual blocks.

    Args:
        in_channels: Channels of the input and of the output.
        reduction: The hidden layer has ``in_channels // reduction`` channels.
    """

    _abbr_ = 'se'

    def __init__(self, in_channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(in_channels, in_channels // reduction, 1)
        self.fc2 = nn.Conv2d(in_channels // reduction, in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Gates a (B, C, H, W) map; same shape out."""
        hidden = torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.fc2(hidden))


@MODELS.register_module()
class SEResNeXt(ResNeXt):
    """SE-ResNeXt 32x4d as in Cadene's pretrained models.

    It is mmdet's ResNeXt with a :class:`SqueezeExcitation` block after the
    third convolution of each block, before the shortcut is added, and with
    the max pooling of the original, whose grid is not padded but rounded up:
    the same size out, shifted by a pixel.

    Args:
        depth: 50 or 101.
        last_stride: Stride of the last stage: 1 as in reid-strong-baseline
            (a 256x128 crop gives a 16x8 map), 2 as in classification.
        reduction: Of the squeeze-and-excitation blocks.
        **kwargs: As for mmdet's ``ResNeXt``.

    Returns of ``forward``: a tuple of one (B, 2048, H/16, W/16) map (H/32,
    W/32 with ``last_stride=2``).
    """

    def __init__(self,
                 depth: int = 50,
                 last_stride: int = 1,
                 reduction: int = 16,
                 out_indices: tuple[int, ...] = (3, ),
                 norm_eval: bool = False,
                 zero_init_residual: bool = False,
                 **kwargs: Any) -> None:
        if depth not in (50, 101):
            raise ValueError(f'SEResNeXt: depth is 50 or 101, not {depth}')
        if last_stride not in (1, 2):
            raise ValueError(
                f'SEResNeXt: last_stride is 1 or 2, not {last_stride}')
        squeeze = dict(type=SqueezeExcitation, reduction=reduction)
        super().__init__(
            depth=depth,
            groups=32,
            base_width=4,
            strides=(1, 2, 2, last_stride),
            out_indices=out_indices,
            norm_eval=norm_eval,
            zero_init_residual=zero_init_residual,
            plugins=[dict(cfg=squeeze, position='after_conv3')],
            **kwargs)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
