"""Write MOTS ground truth as a COCO JSON, to train any detector on it.

    python tools/dataset_converters/mots2coco.py data/MOTS20/train \
        -o data/MOTS20/train.json

Masks stay run-length encoded; file names are relative to DATA_ROOT.
Category ids are the classes of MOTS: 2 pedestrian, with --kitti also 1 car.
Ignore regions become crowds (``iscrowd``) of each category; objects of
other classes and masks without a pixel are left out. ``track_id`` is the id
in the file; so is ``instance_id``, but in a sequence that uses the id 0 it
is one more, since mmdet takes 0 for no id.
"""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmremots.datasets.sequences import find_sequences
from mmremots.formats.ground_truth import read_truth
from mmremots.structures.classes import IGNORE
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import rle_area
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video

PEDESTRIAN = {2: 'pedestrian'}
CAR_AND_PEDESTRIAN = {1: 'car', 2: 'pedestrian'}


def convert(data_root: Path, sequences: Sequence[Video],
            with_videos: bool, kitti: bool) -> dict[str, Any]:
    """The content of the JSON.

    Args:
        data_root: What file names are relative to.
        sequences: The sequences.
        with_videos: CocoVID: a list of videos, and for each image the
            ``video_id`` and the ``frame_id``, from 0.
        kitti: Cars count too.
    """
    names = CAR_AND_PEDESTRIAN if kitti else PEDESTRIAN
    videos: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for video_id, sequence in enumerate(sequences, start=1):
        videos.append({
            'id': video_id, 'name': sequence.name,
            'height': sequence.height, 'width': sequence.width,
            'fps': sequence.frame_rate})
        first_image = len(images) + 1
        for frame_id, img_path in enumerate(sequence.img_paths):
            file_name = Path(img_path).relative_to(data_root).as_posix()
            images.append({
                'id': first_image + frame_id, 'file_name': file_name,
                'height': sequence.height, 'width': sequence.width})
            if with_videos:
                images[-1] |= {'video_id': video_id, 'frame_id': frame_id}
        if sequence.gt_path is None:
            continue
        table, ids = read_truth(sequence)
        shift = int(0 in ids)
        for annotation in _annotations(table, names):
            row = annotation.pop('row')
            annotations.append({
                'id': len(annotations) + 1,
                'image_id': first_image + int(table.frames[row]) - 1,
                **annotation,
                'track_id': int(ids[row]),
                'instance_id': int(ids[row]) + shift})
            if with_videos:
                annotations[-1]['video_id'] = video_id
    content: dict[str, Any] = {'videos': videos} if with_videos else {}
    return content | {
        'images': images, 'annotations': annotations,
        'categories': [{'id': class_id, 'name': name}
                       for class_id, name in names.items()]}


def _annotations(table: Observations,
                 names: dict[int, str]) -> list[dict[str, Any]]:
    """COCO's fields of each mask; ``row`` stands in for its ids."""
    annotations = []
    for row, area in enumerate(rle_area(table.rles)):
        label = int(table.labels[row])
        crowd = label == IGNORE
        if not area or not (crowd or label in names):
            continue
        x1, y1, x2, y2 = table.boxes[row].tolist()
        rle = table.rles[row]
        for category_id in names if crowd else [label]:
            annotations.append({
                'row': row,
                'category_id': category_id,
                'bbox': [x1, y1, x2 - x1, y2 - y1],
                'area': int(area),
                'segmentation': {'size': rle['size'],
                                 'counts': rle['counts'].decode('ascii')},
                'iscrowd': int(crowd)})
    return annotations


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description='Write MOTS ground truth as a COCO JSON.')
    parser.add_argument(
        'data_root', type=Path,
        help='folder of sequences, in any layout of docs/data.md')
    parser.add_argument(
        '-o', '--out', type=Path, required=True, help='JSON to write')
    parser.add_argument(
        '--sequences', nargs='+', metavar='NAME',
        help='only these sequences, in this order; default: all, sorted')
    parser.add_argument(
        '--format', choices=('coco', 'cocovid'), default='coco',
        help='cocovid: with videos, for mmdet\'s BaseVideoDataset')
    parser.add_argument(
        '--kitti', action='store_true',
        help='KITTI MOTS: cars, too')
    args = parser.parse_args(argv)
    try:
        sequences = find_sequences(args.data_root, args.sequences)
        content = convert(
            args.data_root, sequences, args.format == 'cocovid', args.kitti)
    except (OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    with atomic_path(args.out) as temporary:
        temporary.write_text(json.dumps(content) + '\n', encoding='utf-8')
    crowds = sum(a['iscrowd'] for a in content['annotations'])
    print(f'{args.out}: {len(sequences)} sequences, '
          f'{len(content["images"])} images, '
          f'{len(content["annotations"]) - crowds} objects, '
          f'{crowds} ignore regions')


if __name__ == '__main__':
    main()
