"""Convert SE-ResNeXt weights of other projects to an encoder of mmremots.

    python tools/model_converters/seresnext2mmremots.py \
        se_resnext50_32x4d-a260b3a4.pth seresnext50.pth

Takes Cadene's ImageNet weights (se_resnext50_32x4d, se_resnext101_32x4d) and
checkpoints of reid-strong-baseline. What is written loads with
``load_encoder`` or as the CHECKPOINT of tools/test.py, which also take these
files as they are.
"""
from __future__ import annotations

import argparse
import sys

import torch

from mmremots.models.reid import from_seresnext, read_state_dict
from mmremots.structures.files import atomic_path


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
        weights, ignored = from_seresnext(
            read_state_dict(args.source), args.depth)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    with atomic_path(args.target) as temporary:
        torch.save(dict(state_dict=weights), temporary)
    print(f'{args.target}: {len(weights)} weights; ignored: '
          f'{", ".join(ignored) or "none"}')


if __name__ == '__main__':
    main()
