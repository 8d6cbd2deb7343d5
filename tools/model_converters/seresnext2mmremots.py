"""Convert SE-ResNeXt weights of other projects to an encoder of mmremots.

    python tools/model_converters/seresnext2mmremots.py \
        se_resnext50_32x4d-a260b3a4.pth seresnext50.pth

Takes Cadene's ImageNet weights (se_resnext50_32x4d, se_resnext101_32x4d) and
checkpoints of reid-strong-baseline. What is written loads with
``load_encoder`` or as the CHECKPOINT of tools/test.py.
"""
from __future__ import annotations

import argparse
import re
import sys

import torch
from torch import Tensor, nn

from mmremots.models.reid import SEResNeXt, differences, read_state_dict
from mmremots.structures.files import atomic_path

#: ImageNet's classifier has no place in an encoder.
IGNORED = ('last_linear.', 'base.last_linear.')


def convert(state: dict[str, Tensor],
            depth: int) -> tuple[dict[str, Tensor], list[str]]:
    """Renames weights of the reference implementations.

    Args:
        state: Weights of Cadene's SENet (``layer0.conv1.weight``, ...), or
            of reid-strong-baseline's Baseline (``base.layer0...``,
            ``bottleneck.*``, ``classifier.weight``).
        depth: Of the network, 50 or 101.

    Returns:
        Weights of a :class:`ReIDEncoder`, and the keys that were ignored.

    Raises:
        ValueError: If keys or shapes are not those of the network; all
            differences are listed.
    """
    ignored = [key for key in state if key.startswith(IGNORED)]
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


def main() -> None:
    """Converts one file."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='.pth of another project')
    parser.add_argument('target', help='.pth to write')
    parser.add_argument('--depth', type=int, default=50, choices=(50, 101))
    args = parser.parse_args()
    try:
        weights, ignored = convert(read_state_dict(args.source), args.depth)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    with atomic_path(args.target) as temporary:
        torch.save(dict(state_dict=weights), temporary)
    print(f'{args.target}: {len(weights)} weights; ignored: '
          f'{", ".join(ignored) or "none"}')


if __name__ == '__main__':
    main()
