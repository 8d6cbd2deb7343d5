"""SE-ResNeXt weights as Cadene and reid-strong-baseline publish them."""
from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

from mmremots.models.checkpoint import differences

from .se_resnext import SEResNeXt

#: ImageNet's classifier has no place in an encoder.
_IGNORED = ('last_linear.', 'base.last_linear.')


def is_seresnext(state: Mapping[str, Tensor]) -> bool:
    """Whether these are weights of Cadene's SE-ResNeXt."""
    return any(key.endswith('layer0.conv1.weight') for key in state) and any(
        '.se_module.' in key for key in state)


def from_seresnext(
        state: Mapping[str, Tensor], depth: int | None = None
) -> tuple[dict[str, Tensor], list[str]]:
    """Renames weights of the reference implementations.

    Args:
        state: Weights of Cadene's SENet (``layer0.conv1.weight``, ...), or
            of reid-strong-baseline's Baseline (``base.layer0...``,
            ``bottleneck.*``, ``classifier.weight``).
        depth: Of the network, 50 or 101; default: as many blocks as there
            are.

    Returns:
        Weights of a :class:`ReIDEncoder`, and the keys that were ignored.

    Raises:
        ValueError: If keys or shapes are not those of the network; all
            differences are listed.
    """
    if depth is None:
        depth = 101 if any('layer3.22.' in key for key in state) else 50
    ignored = [key for key in state if key.startswith(_IGNORED)]
    renamed = {
        _rename(key): value
        for key, value in state.items() if key not in ignored
    }
    encoder = nn.ModuleDict(dict(backbone=SEResNeXt(depth)))
    if any(key.startswith('head.') for key in renamed):
        people = len(renamed.get('head.classifier.weight', ()))
        encoder['head'] = nn.ModuleDict(dict(
            bn=nn.BatchNorm1d(2048),
            classifier=nn.Linear(2048, people, bias=False)))
    problems = differences(encoder.state_dict(), renamed)
    if problems:
        raise ValueError('\n'.join([
            f'these are not the weights of an SE-ResNeXt{depth} 32x4d',
            *problems]))
    return renamed, ignored


def _rename(key: str) -> str:
    key = re.sub(r'^bottleneck\.', 'head.bn.', key)
    key = re.sub(r'^classifier\.', 'head.classifier.', key)
    if key.startswith('head.'):
        return key
    key = key.removeprefix('base.').removeprefix('layer0.')
    return 'backbone.' + key.replace('.se_module.', '.se.')
