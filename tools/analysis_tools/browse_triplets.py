"""Draw the crops that go into a training, as contact sheets to look at.

A row is one half of a group. Its first crop has a white border; of the
others, green is the same person as the first, red someone else, and gray
unknown. Below stands the relation matrix of all groups as one batch.

    python tools/analysis_tools/browse_triplets.py CONFIG --out DIR

CONFIG is any config with a `train_dataloader` on LabelledCrops,
IntraFrameTriplets or InterTrackletTriplets; the trainings of a run leave
theirs in their work directory.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config, DictAction

from mmremots.datasets.collate import collate_groups
from mmremots.datasets.triplets import CropGroups
from mmremots.registry import DATASETS

COLOURS = {1: (80, 200, 80), -1: (60, 60, 230), 0: (150, 150, 150)}
FIRST = (255, 255, 255)
BORDER = 4
CELL = 8


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0])
    parser.add_argument('config', help='a training config')
    parser.add_argument('--out', required=True, help='folder of the sheets')
    parser.add_argument('--sheets', type=int, default=4)
    parser.add_argument('--groups', type=int, default=4,
                        help='groups a sheet')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args()


def draw_tile(image: np.ndarray, colour: tuple[int, int, int],
              lines: list[str]) -> np.ndarray:
    """A crop in a coloured border, with a caption."""
    caption = np.zeros((14 * len(lines) + 4, image.shape[1], 3), np.uint8)
    for k, line in enumerate(lines):
        cv2.putText(caption, line, (2, 14 * k + 12),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 255), 1,
                    cv2.LINE_AA)
    return cv2.copyMakeBorder(
        np.vstack([image, caption]), BORDER, BORDER, BORDER, BORDER,
        cv2.BORDER_CONSTANT, value=colour)


def draw_half(dataset: CropGroups, index: int, group: dict[str, np.ndarray],
              half: np.ndarray) -> np.ndarray:
    """One half of a group in a row, ``half`` its positions there."""
    views = dataset.views(index)
    relation = collate_groups([group])['data_samples']['relation'].numpy()
    tiles = []
    for k in half:
        table, row, label, strong = views[k]
        who = f'label {label}' if label >= 0 else f'id {table.persons[row]}'
        tiles.append(draw_tile(
            group['images'][k],
            FIRST if k == half[0] else COLOURS[relation[half[0], k]],
            [f'{who}{" strong" if strong else ""}',
             f'{table.store.sequence[-12:]} {table.store.frames[row]}']))
    return np.hstack(tiles)


def draw_sheet(dataset: CropGroups, indices: list[int]) -> np.ndarray:
    """Groups one above the other, and the relations of their batch."""
    groups = [dataset[index] for index in indices]
    rows = []
    for index, group in zip(indices, groups, strict=True):
        labelled = group['people'] >= 0
        rows += [draw_half(dataset, index, group, half)
                 for half in (np.flatnonzero(labelled),
                              np.flatnonzero(~labelled)) if len(half)]
    relation = collate_groups(groups)['data_samples']['relation'].numpy()
    matrix = np.array(
        [[COLOURS[value] for value in line] for line in relation], np.uint8)
    rows.append(np.kron(matrix, np.ones((CELL, CELL, 1), np.uint8)))
    width = max(row.shape[1] for row in rows)
    return np.vstack([
        cv2.copyMakeBorder(row, 0, 6, 0, width - row.shape[1],
                           cv2.BORDER_CONSTANT) for row in rows])


def main() -> None:
    """Write the sheets."""
    args = parse_args()
    config = Config.fromfile(args.config)
    if args.cfg_options:
        config.merge_from_dict(args.cfg_options)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    for sheet in range(args.sheets):
        first = sheet * args.groups
        path = out / f'{sheet:03d}.png'
        cv2.imwrite(str(path), draw_sheet(
            dataset, list(range(first, first + args.groups))))
        print(path)


if __name__ == '__main__':
    main()
