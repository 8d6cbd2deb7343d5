"""OSNet weights as torchreid publishes them."""
from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmremots.models.checkpoint import differences

from .osnet import OSNet, OSNetNeck

#: torchreid's identity classifier belongs to its training set.
_IGNORED = 'classifier.'
#: Keys that no other weights have together.
_MARKS = frozenset({'conv1.conv.weight', 'conv2.0.conv2a.conv1.weight'})


def is_torchreid(state: Mapping[str, Tensor]) -> bool:
    """Whether these are weights of torchreid's OSNet."""
    return state.keys() >= _MARKS


def from_torchreid(
        state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Puts torchreid's weights into backbone and neck.

    Args:
        state: Weights of torchreid's osnet_x1_0, x0_75, x0_5 or x0_25.

    Returns:
        Weights of a :class:`ReIDEncoder`, and the keys that were ignored.

    Raises:
        ValueError: If keys or shapes are not those of an OSNet, which those
            of its variants osnet_ibn and osnet_ain are not; all differences
            are listed.
    """
    ignored = [key for key in state if key.startswith(_IGNORED)]
    renamed = {
        f'neck.{key}' if key.startswith('fc.') else f'backbone.{key}': value
        for key, value in state.items() if key not in ignored
    }
    stem = renamed.get('backbone.conv1.conv.weight', torch.empty(0))
    if len(stem) not in (16, 32, 48, 64):
        raise ValueError(
            'these are not the weights of an OSNet: conv1.conv.weight is '
            f'{tuple(stem.shape)}')
    backbone = OSNet(len(stem) / 64)
    encoder = nn.ModuleDict(
        dict(backbone=backbone, neck=OSNetNeck(backbone.out_channels)))
    problems = differences(encoder.state_dict(), renamed)
    if problems:
        raise ValueError('\n'.join([
            'these are not the weights of an OSNet', *problems]))
    return renamed, ignored
