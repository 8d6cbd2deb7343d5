"""The text files that observations come from and go to.

One line is one mask in one frame. Every reader checks what it reads and names
file and line of the first thing that is wrong.
"""
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import atomic_path, has_file
from .masks import RLE, check_rle, rle_bbox
from .observations import Observations
from .rle import sound_rles
from .rows import (
    Row,
    json_integer,
    parse_coco_entry,
    parse_detection_line,
    parse_mots_line,
)

PathLike = str | os.PathLike[str]

_MASKS_AT_ONCE = 64


def read_detections(
        path: PathLike, size: Sequence[int] | None = None,
        num_frames: int | None = None) -> Observations:
    """Read detections in TrackR-CNN's text format.

    One a line, single spaces: ``frame x1 y1 x2 y2 score class h w rle``.

    Args:
        path: The file; one without lines is the table without rows.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Last frame allowed; default: any.

    Returns:
        The table; labels are the file's class ids.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: ``FILE:LINE: ...`` at the first line that is wrong.
    """
    rows = _read_lines(path, parse_detection_line, size, num_frames)
    return _table(rows, size)


def read_mots(
    path: PathLike, size: Sequence[int] | None = None,
    num_frames: int | None = None, first_frame: int = 1
) -> tuple[Observations, NDArray[np.int64]]:
    """Read ground truth or results in the MOTS text format.

    One a line, single spaces: ``frame id class h w rle``.

    Args:
        path: The file; one without lines is the table without rows.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Number of frames allowed; default: any.
        first_frame: What the file calls the first frame: 1 in MOTSChallenge,
            0 in KITTI MOTS. The table counts from 1.

    Returns:
        The table (scores 1, boxes those of the masks) and (N,) int64 ids.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: ``FILE:LINE: ...`` at the first line that is wrong; also
            where an id stands twice in a frame.
    """
    rows = _read_lines(path, parse_mots_line, size, num_frames, first_frame)
    ids = np.array([row.id for row in rows], dtype=np.int64)
    return _table(rows, size), ids


def read_coco_results(
    path: PathLike, size: Sequence[int] | None = None,
    num_frames: int | None = None,
    label_of_category: Mapping[int, int] | None = MappingProxyType({1: 2})
) -> Observations:
    """Read instance segmentations in COCO's results format.

    A JSON list of ``{"image_id", "category_id", "score", "segmentation",
    "bbox"}``; ``image_id`` is the frame, from 1; ``bbox`` is x, y, width,
    height and may be left out. The segmentation may be any that COCO knows.

    Args:
        path: The file.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Last frame allowed; default: any.
        label_of_category: Class id of each category to be read, others are
            left out; None: all, as they are. Default: person is pedestrian.

    Returns:
        The table.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: ``FILE: entry N: ...`` at the first entry (from 0) that
            is wrong, or where the file is not JSON.
    """
    has_file(path)  # a pipe would be waited for
    try:
        entries = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not JSON: {error}') from None
    if not isinstance(entries, list):
        raise ValueError(f'{path}: COCO results are a JSON list')

    def parse(entry: Any, size: Sequence[int] | None) -> Row | None:
        category = json_integer(entry, 'category_id')
        if label_of_category is None:
            return parse_coco_entry(entry, category, size)
        if category in label_of_category:
            return parse_coco_entry(entry, label_of_category[category], size)
        return None

    places = (f'{path}: entry {k}' for k in range(len(entries)))
    rows = _checked_rows(
        zip(places, entries, strict=True), parse, size, num_frames)
    return _table(rows, size)


def write_detections(path: PathLike, observations: Observations) -> None:
    """Write a table as :func:`read_detections` reads it, atomically.

    Boxes keep as many digits as they need, scores four decimals.
    """
    with atomic_path(path) as temporary, \
            open(temporary, 'w', encoding='ascii', newline='\n') as file:
        file.write(format_detections(observations))


def format_detections(observations: Observations) -> str:
    """The lines of a table as :func:`write_detections` writes them."""
    lines = []
    for row, rle in enumerate(observations.rles):
        box = ' '.join(
            np.format_float_positional(side, trim='-')
            for side in observations.boxes[row])
        lines.append(
            f'{observations.frames[row]} {box} '
            f'{observations.scores[row]:.4f} {observations.labels[row]} '
            f'{_rle_text(rle)}\n')
    return ''.join(lines)


def write_mots(
        path: PathLike, observations: Observations, ids: ArrayLike,
        first_frame: int = 1) -> None:
    """Write a table as :func:`read_mots` reads it, atomically.

    Args:
        path: The file.
        observations: N rows.
        ids: (N,) integers >= 0, each once in a frame.
        first_frame: What the file is to call the first frame; 0 in KITTI.

    Raises:
        ValueError: If there is not one such id a row.
    """
    numbers = np.asarray(ids)
    if numbers.shape != (len(observations),) or (numbers < 0).any():
        raise ValueError(f'{path}: not one id >= 0 for each mask')
    pairs = np.stack([observations.frames, numbers], axis=1)
    unique, times = np.unique(pairs, axis=0, return_counts=True)
    if (times > 1).any():
        frame, number = unique[np.argmax(times > 1)]
        raise ValueError(f'{path}: id {number} twice in frame {frame}')
    with atomic_path(path) as temporary, \
            open(temporary, 'w', encoding='ascii', newline='\n') as file:
        for row, rle in enumerate(observations.rles):
            frame = observations.frames[row] + (first_frame - 1)
            file.write(
                f'{frame} {numbers[row]} '
                f'{observations.labels[row]} {_rle_text(rle)}\n')


def _read_lines(
        path: PathLike, parse: Callable[[list[str]], Row],
        size: Sequence[int] | None, num_frames: int | None,
        first_frame: int = 1) -> list[Row]:
    has_file(path)  # a pipe would be waited for
    with open(path, encoding='ascii', errors='replace') as file:
        return _checked_rows(
            ((f'{path}:{number}', line)
             for number, line in enumerate(file, start=1)),
            lambda line, _: parse(line.rstrip('\n').split(' ')),
            size, num_frames, first_frame)


def _checked_rows(
        items: Iterable[tuple[str, Any]],
        parse: Callable[[Any, Sequence[int] | None], Row | None],
        size: Sequence[int] | None, num_frames: int | None,
        first_frame: int = 1) -> list[Row]:
    """Parse (place, item) pairs; name the place of the first bad one.

    Masks are checked many at a time, which is several times faster.
    """
    rows: list[Row] = []
    places: list[str] = []
    seen: set[tuple[int, int]] = set()
    bad: ValueError | None = None
    for place, item in items:
        try:
            row = parse(item, size)
            if row is None:
                continue
            row.check(size, first_frame, num_frames)
            if row.id is not None:
                if (row.frame, row.id) in seen:
                    raise ValueError(
                        f'id {row.id} stands twice in frame {row.frame}')
                seen.add((row.frame, row.id))
            row.frame += 1 - first_frame
        except ValueError as error:
            bad = ValueError(f'{place}: {error}')
            break
        size = size or row.rle['size']
        rows.append(row)
        places.append(place)
    for start in range(0, len(rows), _MASKS_AT_ONCE):
        stop = start + _MASKS_AT_ONCE
        _check_masks(rows[start:stop], places[start:stop])
    if bad:
        raise bad
    return sorted(rows, key=lambda row: row.frame)


def _check_masks(rows: list[Row], places: list[str]) -> None:
    try:
        masks = sound_rles([row.rle for row in rows])
    except ValueError:
        for row, place in zip(rows, places, strict=True):
            try:
                check_rle(row.rle)
            except ValueError as error:
                raise ValueError(f'{place}: {error}') from None
        raise
    boxes = rle_bbox(masks)
    for row, mask, box in zip(rows, masks, boxes, strict=True):
        row.rle = mask
        if row.box is None:
            row.box = box


def _table(rows: list[Row], size: Sequence[int] | None) -> Observations:
    if rows:
        size = rows[0].rle['size']
    return Observations(
        np.array([row.frame for row in rows], np.int64),
        np.array([row.box for row in rows], np.float32).reshape(-1, 4),
        np.array([row.score for row in rows], np.float32),
        np.array([row.label for row in rows], np.int64),
        [row.rle for row in rows],
        None if size is None else (int(size[0]), int(size[1])))


def _rle_text(rle: RLE) -> str:
    counts = rle['counts']
    text = counts.decode('ascii') if isinstance(counts, bytes) else counts
    return f'{rle["size"][0]} {rle["size"][1]} {text}'
