"""Cut labelled crops out of MOTS ground truth, to train re-identification.

    python tools/dataset_converters/mots2reid.py data/MOTS20/train \
        -o data/MOTS20-reid

OUT/img/<sequence>_<id>/<frame>.jpg is the box of one pedestrian's mask in
one frame; OUT/train.txt names each crop and its label (``file label``),
which mmdet's ReIDDataset reads. Labels count from 0 without a gap, as that
dataset needs: its triplets take labels for indices.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence as SequenceOf
from pathlib import Path

import cv2
import numpy as np

from mmremots.datasets.sequences import Sequence, find_sequences, read_frame
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import rle_area
from mmremots.structures.observations import read_mots

PEDESTRIAN_CLASS = 2


def cut_crops(sequence: Sequence, out: Path,
              min_area: int) -> dict[int, list[str]]:
    """Write the crops of a sequence.

    Args:
        sequence: A sequence with ground truth.
        out: Folder for ``img/``.
        min_area: Pixels that a mask must have.

    Returns:
        Files, relative to ``out``, of each id.
    """
    if sequence.gt_path is None:
        raise ValueError(f'sequence {sequence.name} has no gt/gt.txt')
    if ' ' in sequence.name:
        raise ValueError(
            f'sequence {sequence.name!r}: ReIDDataset cannot read file names '
            'with a space')
    table, ids = read_mots(
        sequence.gt_path, sequence.size, sequence.num_frames)
    wanted = (table.labels == PEDESTRIAN_CLASS) & (
        rle_area(table.rles) >= max(min_area, 1))
    files: dict[int, list[str]] = {}
    for frame, rows in table.frame_slices():
        picked = np.flatnonzero(wanted[rows]) + rows.start
        if not len(picked):
            continue
        image = read_frame(sequence, frame)
        for row in picked:
            x1, y1, x2, y2 = table.boxes[row].astype(int)
            name = f'img/{sequence.name}_{ids[row]}/{frame:06d}.jpg'
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not cv2.imwrite(str(path), image[y1:y2, x1:x2]):
                raise OSError(f'{path}: cannot be written')
            files.setdefault(int(ids[row]), []).append(name)
    return files


def main(argv: SequenceOf[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description='Cut labelled crops out of MOTS ground truth.')
    parser.add_argument(
        'data_root', type=Path,
        help='folder of sequences: <sequence>/img1/ and gt/gt.txt')
    parser.add_argument(
        '-o', '--out', type=Path, required=True,
        help='folder to write, new or empty')
    parser.add_argument(
        '--sequences', nargs='+', metavar='NAME',
        help='only these sequences, in this order; default: all, sorted')
    parser.add_argument(
        '--min-area', type=int, default=1, metavar='PIXELS',
        help='leave out masks with fewer visible pixels; default: 1')
    args = parser.parse_args(argv)
    if args.out.exists() and (
            not args.out.is_dir() or any(args.out.iterdir())):
        sys.exit(f'error: {args.out} is there already and not empty')
    lines: list[str] = []
    label = 0
    try:
        for sequence in find_sequences(args.data_root, args.sequences):
            files = cut_crops(sequence, args.out, args.min_area)
            for number in sorted(files):
                lines += [f'{name} {label}\n' for name in files[number]]
                label += 1
        if not lines:
            raise ValueError(f'{args.data_root}: no pedestrians to cut out')
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    with atomic_path(args.out / 'train.txt') as temporary:
        temporary.write_text(''.join(lines), encoding='utf-8')
    print(f'{args.out}: {len(lines)} crops of {label} people')


if __name__ == '__main__':
    main()
