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
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.datasets.sequences import find_sequences
from mmremots.formats.ground_truth import read_truth
from mmremots.structures.classes import PEDESTRIAN
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import rle_area
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video, read_frame


def read_people(
        sequence: Video,
        min_area: int) -> tuple[Observations, NDArray[np.int64]]:
    """Pedestrians of a sequence with at least ``min_area`` pixels to see.

    Raises:
        ValueError: There is no ground truth, it is broken, or ReIDDataset
            could not read the names of the crops.
    """
    if sequence.gt_path is None:
        raise ValueError(
            f'sequence {sequence.name} has no ground truth, gt/gt.txt')
    if ' ' in sequence.name:
        raise ValueError(
            f'sequence {sequence.name!r}: ReIDDataset cannot read file names '
            'with a space')
    table, ids = read_truth(sequence)
    rows = np.flatnonzero((table.labels == PEDESTRIAN) & (
        rle_area(table.rles) >= max(min_area, 1)))
    return table.take(rows), ids[rows]


def cut_crops(sequence: Video, people: Observations,
              ids: NDArray[np.int64], out: Path) -> None:
    """Write the image in each box."""
    for frame, rows in people.frame_slices():
        image = read_frame(sequence, frame)
        for box, number in zip(people.boxes[rows], ids[rows], strict=True):
            x1, y1, x2, y2 = box.astype(int)
            path = out / crop_name(sequence, number, frame)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not cv2.imwrite(str(path), image[y1:y2, x1:x2]):
                raise OSError(f'{path}: cannot be written')


def crop_name(sequence: Video, number: int, frame: int) -> str:
    """File of a crop below the output folder."""
    return f'img/{sequence.name}_{number}/{frame:06d}.jpg'


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description='Cut labelled crops out of MOTS ground truth.')
    parser.add_argument(
        'data_root', type=Path,
        help='folder of sequences, in any layout of docs/data.md')
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
        sequences = find_sequences(args.data_root, args.sequences)
        people = [read_people(s, args.min_area) for s in sequences]
        for sequence, (table, ids) in zip(sequences, people, strict=True):
            cut_crops(sequence, table, ids, args.out)
            for number in np.unique(ids):
                lines += [f'{crop_name(sequence, number, frame)} {label}\n'
                          for frame in table.frames[ids == number]]
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
