"""Convert OSNet weights of torchreid, .pth or .onnx, to an encoder.

    python tools/model_converters/osnet2mmremots.py \
        osnet_x1_0_msmt17.pth osnet_x1_0.pth

A .pth is loaded by an encoder with ``OSNet(widen_factor)``, a .onnx, whose
norms are folded into the convolutions, by one with ``norm_cfg=None``;
``load_encoder`` and tools/test.py also take the .onnx as it is.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from mmremots.models.reid import (
    OSNet,
    OSNetNeck,
    differences,
    load_onnx_osnet,
    read_state_dict,
)
from mmremots.structures.files import atomic_path

#: torchreid's identity classifier belongs to its training set.
IGNORED = 'classifier.'


def convert(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
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
    ignored = [key for key in state if key.startswith(IGNORED)]
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


def main() -> None:
    """Converts one file."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='.pth or .onnx of torchreid')
    parser.add_argument('target', help='.pth to write')
    args = parser.parse_args()
    ignored: list[str] = []
    try:
        if Path(args.source).suffix == '.onnx':
            weights = load_onnx_osnet(args.source)
        else:
            weights, ignored = convert(read_state_dict(args.source))
    except (FileNotFoundError, ImportError, ValueError) as error:
        sys.exit(str(error))
    with atomic_path(args.target) as temporary:
        torch.save(dict(state_dict=weights), temporary)
    print(f'{args.target}: {len(weights)} weights; ignored: '
          f'{", ".join(ignored) or "none"}')


if __name__ == '__main__':
    main()
