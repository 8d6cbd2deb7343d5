"""Convert OSNet weights of torchreid, .pth or .onnx, to an encoder.

    python tools/model_converters/osnet2mmremots.py \
        osnet_x1_0_msmt17.pth osnet_x1_0.pth

A .pth is loaded by an encoder with ``OSNet(widen_factor)``, a .onnx, whose
norms are folded into the convolutions, by one with ``norm_cfg=None``;
``load_encoder`` and tools/test.py also take both as they are.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from mmremots.models.reid import (
    from_torchreid,
    load_onnx_osnet,
    read_state_dict,
)
from mmremots.structures.files import atomic_path


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
            weights, ignored = from_torchreid(read_state_dict(args.source))
    except (FileNotFoundError, ImportError, ValueError) as error:
        sys.exit(str(error))
    with atomic_path(args.target) as temporary:
        torch.save(dict(state_dict=weights), temporary)
    print(f'{args.target}: {len(weights)} weights; ignored: '
          f'{", ".join(ignored) or "none"}')


if __name__ == '__main__':
    main()
