"""Tracks of any tracker, from whichever file it left them in."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.structures.classes import (
    CLASS_NAMES,
    CLASS_OF_NAME,
    IGNORE,
    PEDESTRIAN,
)
from mmremots.structures.masks import rle_area
from mmremots.structures.observations import Observations
from mmremots.structures.video import decode_image

from .coco_tracks import tracks_in_coco, zero_or_one
from .instance_pngs import instance_png_paths, read_instance_pngs
from .mask_boxes import box_mask, check_box_masks
from .observation_files import mots_in_text
from .row_tables import Reading, ReadingOptions, gather
from .rows import (
    BOX_CLASS,
    BOX_COLUMNS,
    Row,
    are_boxes,
    to_class,
    to_number,
    to_whole,
)
from .text_lines import is_json, read_columns

PathLike = str | os.PathLike[str]
_NO_PIXEL = 'boxes without a pixel'


def read_tracks(
        path: PathLike, size: Sequence[int],
        num_frames: int | None = None, first_frame: int | None = None, *,
        sequence: str | None = None, img_paths: Sequence[str] = (),
        classes: Mapping[int, int] | None = None,
        ann_file: PathLike | None = None,
        options: ReadingOptions | None = None
) -> tuple[Observations, NDArray[np.int64], str]:
    """Read the tracks of one video, in any of the forms trackers leave.

    - MOTS text, ``frame id class h w rle``: of MOTSChallenge, frames from
      1, or of KITTI MOTS, frames from 0.
    - MOT text, ``frame id x y width height score ...``: boxes, which then
      are the masks, and may overlap. Rows of a data set that are not of
      class 1, or not to be considered, are left out.
    - A folder of 16-bit PNGs, ``class * 1000 + instance``; or of 8 bits,
      grey or with a palette, a pixel being an id (DAVIS, SAM 2).
    - COCO's JSON with videos: CocoVID (``images`` with ``video_id``,
      ``annotations`` with ``track_id`` or ``instance_id``), YouTube-VIS (a
      list of objects with ``segmentations``, or a data set of such), COCO
      results with ``track_id``. Entries without masks are boxes, too.

    Text is apart by white space or commas; all but PNGs may be packed by
    gzip. Regions to ignore (class 10, crowds) are no tracks: left out.

    Args:
        path: The file, or the folder of PNGs.
        size: (h, w) of the video's images in pixels.
        num_frames: Number of frames; default: any.
        first_frame: What the file calls the first frame. Default: 0 if it
            has a frame 0, else 1; what was taken is in the line that is
            returned. Of no account where a file lists its frames.
        sequence: Name of the video, or its id, where a file holds several.
        img_paths: The video's images, to find it in a list of images.
        classes: MOTS class (1 car, 2 pedestrian) of each class in text or
            PNGs, or category of a JSON file; others are left out. Default:
            as they are; in JSON by the names ``person``, ``pedestrian`` and
            ``car`` if the file has names, else COCO's 1 and 3; a single
            category of another number is taken for pedestrians.
        ann_file: JSON with the lists of images and videos that ``image_id``
            and ``video_id`` number, where the file has none.
        options: What to mend in the file.

    Returns:
        The table, frames counted from 1, (N,) int64 ids, and a line that
        says what was taken, such as ``KITTI MOTS text, 0-based, 297 frames,
        classes car 12, pedestrian 4``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is none of these, is broken, holds several videos
            of which none is ``sequence``, detections without ids, or tracks
            of another class or of two; the message names file and line or
            entry.
    """
    if Path(path).is_dir():
        paths = instance_png_paths(path)
        base = zero_or_one(first_frame, min(paths))
        found = Reading(*read_instance_pngs(
            path, size, num_frames, base, PEDESTRIAN), 'instance PNGs')
        if decode_image(
                paths[min(paths)], cv2.IMREAD_UNCHANGED).dtype == np.uint8:
            found.kind = 'PNGs of ids'
            found.remarks.append(
                '8 bits a pixel have no class: all are pedestrians')
        return _described(_mapped(found, classes), base, path)
    if is_json(path):
        found, base = tracks_in_coco(
            path, size, num_frames, first_frame, sequence, img_paths,
            classes, ann_file, options or ReadingOptions())
    else:
        first, least = _glance(path)
        base = zero_or_one(first_frame, least)
        if are_boxes(first):
            found = _boxes_in_text(path, size, num_frames, base, classes)
        else:
            found = _mapped(mots_in_text(
                path, size, num_frames, base, options), classes)
    return _described(found, base, path)


def _mapped(found: Reading, classes: Mapping[int, int] | None) -> Reading:
    """The tracks of some classes, called as MOTS calls these."""
    if classes is None:
        return found
    kept = np.isin(found.table.labels, list(classes))
    table = found.table.take(kept)
    labels = [classes[label] for label in table.labels.tolist()]
    return replace(
        found, ids=found.ids[kept],
        table=replace(table, labels=np.array(labels, np.int64)))


def _described(
        found: Reading, base: int, path: PathLike
) -> tuple[Observations, NDArray[np.int64], str]:
    """Tracks without regions to ignore, and the line on them.

    Raises:
        ValueError: If one is of no class of MOTS, or of two.
    """
    regions = found.table.labels == IGNORE
    if regions.any():
        found.table = found.table.take(~regions)
        found.ids = found.ids[~regions]
        found.remarks.append(
            f'{np.count_nonzero(regions)} regions to ignore left out')
    class_of: dict[int, int] = {}
    for number, label, frame in zip(
            found.ids.tolist(), found.table.labels.tolist(),
            found.table.frames.tolist(), strict=True):
        if label not in CLASS_NAMES:
            raise ValueError(
                f'{path}: id {number} is of class {label}, which is none of 1 '
                f'(car), 2 (pedestrian); classes={{{label}: 2}} takes it for '
                'a pedestrian')
        if class_of.setdefault(number, label) != label:
            raise ValueError(
                f'{path}: id {number} is of class {class_of[number]}, but in '
                f'frame {frame - 1 + base} of class {label}; a track has one')
    return found.table, found.ids, found.line(base, CLASS_NAMES)


def _glance(path: PathLike) -> tuple[list[str], int]:
    """Columns of the first line, and the least frame of a text.

    A line that names no frame is left to who reads the file.
    """
    first: list[str] = []
    least = 1
    for _, fields in read_columns(path):
        first = first or fields
        try:
            least = min(least, to_whole(fields[0], 'frame'))
        except ValueError:
            break
    return first, least


def _label_of_box(
        kind: str | None, classes: Mapping[int, int] | None) -> int | None:
    """MOTS class of a row of MOT text; None for one to be left out."""
    if classes is not None:
        if kind is None:
            raise ValueError('classes are given, but no column has them')
        return classes.get(to_class(kind))
    if kind is None:
        return PEDESTRIAN
    is_person = (CLASS_OF_NAME.get(kind.lower()) == PEDESTRIAN
                 if kind.isalpha() else
                 to_number(kind, 'class') in (-1, 0, 1))
    return PEDESTRIAN if is_person else None


def _boxes_in_text(
        path: PathLike, size: Sequence[int], num_frames: int | None,
        first_frame: int, classes: Mapping[int, int] | None) -> Reading:
    """MOT text: boxes, which are the masks."""
    counts: Counter[str] = Counter()

    def parse(fields: list[str], _: Sequence[int] | None) -> Row | None:
        if len(fields) not in BOX_COLUMNS:
            raise ValueError(
                f'{len(fields)} columns, which are not those of MOT text: '
                'frame, id, x, y, width, height, score, ...')
        frame = to_whole(fields[0], 'frame')
        if to_number(fields[1], 'id') < 0:
            raise ValueError(
                f'id {fields[1]}: detections, not tracks, which have ids')
        number = to_whole(fields[1], 'id')
        x, y, width, height = (
            to_number(text, 'box coordinate') for text in fields[2:6])
        score = to_number(fields[6], 'score') if len(fields) > 6 else -1
        kind = fields[BOX_CLASS] if len(fields) in (8, 9) else None
        label = _label_of_box(kind, classes)
        if label is None or (kind is not None and score == 0):
            counts['rows not to be considered'] += 1
            return None
        mask = box_mask((x, y, x + width, y + height), size)
        if width <= 0 or height <= 0 or not rle_area([mask])[0]:
            counts[_NO_PIXEL] += 1
            return None
        return Row(frame, (x, y, x + width, y + height),
                   1.0 if score == -1 else score, label, mask, number)

    found = gather(read_columns(path), parse, size, num_frames, first_frame,
                   'MOT text')
    left_out = [f'{number} {what} left out'
                for what, number in counts.items()]
    try:
        check_box_masks(found.table.boxes, size, counts[_NO_PIXEL])
        if left_out and not len(found.table):
            raise ValueError(f'no tracks of people: {left_out[0]}')
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    found.remarks = ['boxes, no masks: the mask is the box', *left_out]
    return found
