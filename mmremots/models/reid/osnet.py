"""OSNet, a small network made for person re-identification.

Zhou et al., Omni-Scale Feature Learning for Person Re-Identification, ICCV
2019. Layers are named as in torchreid, so that its weights need a prefix
and nothing else.
"""
from __future__ import annotations

from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmremots.registry import MODELS

_CHANNELS = (64, 256, 384, 512)
_NormCfg = dict[str, Any] | None


class _LightConv3x3(nn.Module):
    """A 3x3 convolution factored in a 1x1 and a depthwise one."""

    def __init__(self, channels: int, norm_cfg: _NormCfg) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(
            channels, channels, 3, padding=1, groups=channels,
            bias=norm_cfg is None)
        if norm_cfg is None:
            self.bn: nn.Module = nn.Identity()
        else:
            self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv2(self.conv1(x))))


class _ChannelGate(nn.Module):
    """Weighs the channels of a stream; one gate is shared by all four."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.fc2(hidden))


class _OSBlock(nn.Module):
    """Residual block of four streams that see 3, 5, 7 and 9 pixels."""

    def __init__(self, in_channels: int, out_channels: int,
                 norm_cfg: _NormCfg) -> None:
        super().__init__()
        mid = out_channels // 4
        self.conv1 = ConvModule(in_channels, mid, 1, norm_cfg=norm_cfg)
        self.conv2a = _LightConv3x3(mid, norm_cfg)
        self.conv2b = self._stream(2, mid, norm_cfg)
        self.conv2c = self._stream(3, mid, norm_cfg)
        self.conv2d = self._stream(4, mid, norm_cfg)
        self.gate = _ChannelGate(mid)
        self.conv3 = ConvModule(
            mid, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
        self.downsample: nn.Module | None = None
        if in_channels != out_channels:
            self.downsample = ConvModule(
                in_channels, out_channels, 1, norm_cfg=norm_cfg,
                act_cfg=None)

    @staticmethod
    def _stream(length: int, channels: int,
                norm_cfg: _NormCfg) -> nn.Sequential:
        return nn.Sequential(
            *(_LightConv3x3(channels, norm_cfg) for _ in range(length)))

    def forward(self, x: Tensor) -> Tensor:
        reduced = self.conv1(x)
        streams = (self.conv2a, self.conv2b, self.conv2c, self.conv2d)
        mixed = sum(self.gate(stream(reduced)) for stream in streams)
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.conv3(mixed) + shortcut)


@MODELS.register_module()
class OSNet(BaseModule):
    """OSNet x0.25, x0.5, x0.75 or x1.0, up to its last feature map.

    Args:
        widen_factor: 0.25, 0.5, 0.75 or 1.0: the width.
        norm_cfg: ``dict(type='BN')``, or None for convolutions with a bias
            and no norm: what is left when norms were folded into them, as
            in ONNX files. Such a network can be fine-tuned, which is then
            fine-tuning with frozen norms.
        frozen_stages: As in mmdet's ResNet: 0 freezes the stem, n the first
            n of three stages too, -1 nothing. Weights and norms of what is
            frozen stay as they are, and its backward pass, the costliest
            part of a training, is not done.
        init_cfg: As in mmengine.

    Raises:
        ValueError: A value is not one of these.
    """

    def __init__(self,
                 widen_factor: float = 1.0,
                 norm_cfg: _NormCfg = dict(type='BN'),  # noqa: B006
                 frozen_stages: int = -1,
                 init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        if frozen_stages not in range(-1, 4):
            raise ValueError(
                f'OSNet: frozen_stages is -1 to 3, not {frozen_stages}')
        if widen_factor not in (0.25, 0.5, 0.75, 1.0):
            raise ValueError('OSNet: widen_factor is 0.25, 0.5, 0.75 or 1.0, '
                             f'not {widen_factor}')
        stem, *stages = (int(c * widen_factor) for c in _CHANNELS)
        #: Channels of the map that comes out.
        self.out_channels = stages[-1]
        self.conv1 = ConvModule(
            3, stem, 7, stride=2, padding=3, norm_cfg=norm_cfg)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = self._stage(stem, stages[0], norm_cfg, shrink=True)
        self.conv3 = self._stage(stages[0], stages[1], norm_cfg, shrink=True)
        self.conv4 = self._stage(stages[1], stages[2], norm_cfg, shrink=False)
        self.conv5 = ConvModule(stages[2], stages[2], 1, norm_cfg=norm_cfg)
        parts = (self.conv1, self.conv2, self.conv3, self.conv4)
        self._frozen = parts[:frozen_stages + 1]
        for part in self._frozen:
            part.requires_grad_(False)
        # Depthwise convolutions are memory bound: on a CPU a training
        # iteration of x0.25 takes 0.6 times what it takes channels first.
        self.to(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> OSNet:
        """As of any module, but for norms of what is frozen."""
        super().train(mode)
        for part in self._frozen:
            part.eval()
        return self

    @staticmethod
    def _stage(in_channels: int, out_channels: int, norm_cfg: _NormCfg,
               shrink: bool) -> nn.Sequential:
        layers: list[nn.Module] = [
            _OSBlock(in_channels, out_channels, norm_cfg),
            _OSBlock(out_channels, out_channels, norm_cfg),
        ]
        if shrink:
            layers.append(
                nn.Sequential(
                    ConvModule(
                        out_channels, out_channels, 1, norm_cfg=norm_cfg),
                    nn.AvgPool2d(2, stride=2)))
        return nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Maps (B, 3, H, W) to a tuple of one (B, C, H/16, W/16) map."""
        x = self.maxpool(self.conv1(x))
        return (self.conv5(self.conv4(self.conv3(self.conv2(x)))), )


@MODELS.register_module()
class OSNetNeck(BaseModule):
    """Global average pooling and OSNet's fully connected layer.

    Its output, after batch norm and ReLU, is the feature that torchreid's
    OSNet returns in inference.

    Args:
        in_channels: Channels of the map.
        out_channels: Length of the feature.
        norm_eval: Whether the batch norm keeps its statistics in training,
            as norms do that were folded into the convolutions before it.
        init_cfg: As in mmengine.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 512,
                 norm_eval: bool = False,
                 init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.norm_eval = norm_eval
        self.fc = nn.Sequential(
            nn.Linear(in_channels, out_channels),
            nn.BatchNorm1d(out_channels),
            nn.ReLU(inplace=True))

    def train(self, mode: bool = True) -> OSNetNeck:
        """As of any module, but for a norm that keeps its statistics."""
        super().train(mode)
        if self.norm_eval:
            self.fc[1].eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, in_channels, H, W) to (B, out_channels)."""
        return self.fc(x.mean((2, 3)))
