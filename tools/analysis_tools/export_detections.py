"""Export the masks of a run as COCO results or as TrackR-CNN text.

One file a sequence, OUT/<sequence>.json or OUT/<sequence>.txt. Another run
starts from them with

    dict(type='DetectionsFromFile', path='OUT/{sequence}.json',
         first_frame=1)

(.txt likewise). In COCO results image_id is the frame, from 1, and
category_id COCO's: 1 person, 3 car; name cars in `classes` to read them
back: classes={1: 2, 3: 1}.
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mmremots.apis.command_line import one_line_errors
from mmremots.formats import read_detections, write_detections
from mmremots.structures import Observations, atomic_path

#: COCO's category of each MOTS class: car, pedestrian.
CATEGORIES = {1: 3, 2: 1}
SUFFIXES = {'coco': '.json', 'trackrcnn': '.txt'}


def coco_results(table: Observations) -> list[dict[str, Any]]:
    """The entries of a table in COCO's results format.

    Raises:
        ValueError: If a class has no category.
    """
    unknown = sorted(set(table.labels.tolist()) - CATEGORIES.keys())
    if unknown:
        raise ValueError(f'class {unknown[0]} is no category of COCO')
    entries = []
    for row, rle in enumerate(table.rles):
        x1, y1, x2, y2 = table.boxes[row].tolist()
        entries.append({
            'image_id': int(table.frames[row]),
            'category_id': CATEGORIES[int(table.labels[row])],
            'bbox': [x1, y1, x2 - x1, y2 - y1],
            'score': round(float(table.scores[row]), 4),
            'segmentation': {
                'size': list(rle['size']), 'counts': rle['counts'].decode()}})
    return entries


def export(source: Path, out: Path, kind: str) -> list[Path]:
    """Write every file of detections in a folder in another format.

    Args:
        source: A run's folder, or one of files in TrackR-CNN text, such as
            RUN/detections/<detector>: what that found, before fusion.
        out: Folder of the new files.
        kind: ``coco`` or ``trackrcnn``.

    Returns:
        The files written.

    Raises:
        FileNotFoundError: If there are no detections.
    """
    folder = source / 'detections'
    if not folder.is_dir():
        folder = source
    paths = sorted(
        path for path in folder.glob('*.txt') if path.name[0] != '.')
    if not paths:
        raise FileNotFoundError(f'{folder}: no detections (<sequence>.txt)')
    written = []
    for path in paths:
        table = read_detections(path)
        target = out / path.with_suffix(SUFFIXES[kind]).name
        if target.exists() and target.samefile(path):
            raise ValueError(f'{target}: would be overwritten by itself')
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == 'coco':
            with atomic_path(target) as temporary:
                temporary.write_text(json.dumps(coco_results(table)))
        else:
            write_detections(target, table)
        written.append(target)
    return written


def main() -> None:
    """Read the command line, export, and say what was written."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'run', type=Path, help="a run's folder, or one of detection files")
    parser.add_argument(
        '-o', '--out', type=Path, required=True,
        help='folder of the files to write')
    parser.add_argument(
        '--format', choices=sorted(SUFFIXES), default='coco')
    args = parser.parse_args()
    with one_line_errors():
        for path in export(args.run, args.out, args.format):
            print(path)


if __name__ == '__main__':
    main()
