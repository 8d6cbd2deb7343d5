"""The table of observations, and the text files it comes from and goes to.

One row is one mask in one frame. Every reader checks what it reads and names
file and line of the first thing that is wrong.
"""
from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import atomic_path
from .masks import RLE, check_rle, rle_bbox

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """A table of masks, ordered by frame.

    Attributes:
        frames: (N,) int64, 1-based, never decreasing.
        boxes: (N, 4) float32 x1, y1, x2, y2 in pixels.
        scores: (N,) float32.
        labels: (N,) int64 class ids (MOTS: 1 car, 2 pedestrian, 10 ignore).
        rles: N masks, ``counts`` as bytes.
        size: (h, w) of the images in pixels; None where there is no row and
            nobody knows.

    Raises:
        ValueError: If lengths differ or rows are not ordered by frame.
    """

    frames: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    rles: list[RLE]
    size: tuple[int, int] | None

    def __post_init__(self) -> None:
        n = len(self.rles)
        shapes = [(self.frames, (n,)), (self.boxes, (n, 4)),
                  (self.scores, (n,)), (self.labels, (n,))]
        if any(column.shape != shape for column, shape in shapes):
            raise ValueError(
                f'{n} masks, but columns of shapes '
                f'{[column.shape for column, _ in shapes]}')
        if (self.frames[1:] < self.frames[:-1]).any():
            raise ValueError('observations are not ordered by frame')

    def __len__(self) -> int:
        return len(self.rles)

    def of_frame(self, frame: int) -> slice:
        """The rows of one frame; an empty slice where it has none."""
        return slice(
            int(np.searchsorted(self.frames, frame, side='left')),
            int(np.searchsorted(self.frames, frame, side='right')))

    def frame_slices(self) -> Iterator[tuple[int, slice]]:
        """Each frame that has rows, with its rows, in increasing order."""
        for frame in np.unique(self.frames):
            yield int(frame), self.of_frame(frame)

    def take(self, index: slice | ArrayLike) -> Observations:
        """The rows of a slice, a boolean mask or row numbers.

        Raises:
            ValueError: If the rows would not be ordered by frame.
        """
        rows = np.arange(len(self))[
            index if isinstance(index, slice) else _index(index)]
        return Observations(
            self.frames[rows], self.boxes[rows], self.scores[rows],
            self.labels[rows], [self.rles[row] for row in rows], self.size)

    @classmethod
    def empty(cls, size: tuple[int, int] | None = None) -> Observations:
        """The table without rows."""
        return cls(
            np.zeros(0, np.int64), np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32), np.zeros(0, np.int64), [], size)

    @classmethod
    def concatenate(cls, tables: Sequence[Observations]) -> Observations:
        """All rows, by frame; within a frame in the order given.

        Raises:
            ValueError: If image sizes differ.
        """
        sizes = {table.size for table in tables} - {None}
        if len(sizes) > 1:
            raise ValueError(f'observations of different sizes: {sizes}')
        if not tables:
            return cls.empty()
        frames = np.concatenate([table.frames for table in tables])
        order = np.argsort(frames, kind='stable')
        rles = [rle for table in tables for rle in table.rles]
        return cls(
            frames[order],
            np.concatenate([table.boxes for table in tables])[order],
            np.concatenate([table.scores for table in tables])[order],
            np.concatenate([table.labels for table in tables])[order],
            [rles[row] for row in order], next(iter(sizes), None))


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
    return _table(
        _read_lines(path, 10, _parse_detection, size, num_frames), size)


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
    seen: set[tuple[int, int]] = set()

    def parse(fields: list[str]) -> _Row:
        row = _parse_mots(fields)
        frame = row.frame - first_frame + 1
        if (frame, row.id) in seen:
            raise ValueError(
                f'id {row.id} stands twice in frame {row.frame}')
        seen.add((frame, row.id))
        return _Row(
            frame, row.box, row.score, row.label, row.rle, row.id)

    rows = _read_lines(path, 6, parse, size, num_frames)
    rows.sort(key=lambda row: row.frame)
    return _table(rows, size), np.array([row.id for row in rows], np.int64)


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
    try:
        entries = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f'{path}: not JSON: {error}') from None
    if not isinstance(entries, list):
        raise ValueError(f'{path}: COCO results are a JSON list')
    rows = []
    for number, entry in enumerate(entries):
        try:
            category = _integer_value(entry, 'category_id')
            if label_of_category is not None:
                if category not in label_of_category:
                    continue
                category = label_of_category[category]
            row = _parse_coco(entry, category, size)
            _check_row(row, size, num_frames)
        except ValueError as error:
            raise ValueError(f'{path}: entry {number}: {error}') from None
        size = size or row.rle['size']
        rows.append(row)
    return _table(rows, size)


def write_detections(path: PathLike, observations: Observations) -> None:
    """Write a table as :func:`read_detections` reads it, atomically.

    Boxes keep as many digits as they need, scores four decimals.
    """
    with atomic_path(path) as temporary, \
            open(temporary, 'w', encoding='ascii', newline='\n') as file:
        for row, rle in enumerate(observations.rles):
            box = ' '.join(
                np.format_float_positional(side, trim='-')
                for side in observations.boxes[row])
            file.write(
                f'{observations.frames[row]} {box} '
                f'{observations.scores[row]:.4f} {observations.labels[row]} '
                f'{_rle_text(rle)}\n')


def write_mots(
        path: PathLike, observations: Observations, ids: ArrayLike) -> None:
    """Write a table as :func:`read_mots` reads it, atomically.

    Args:
        path: The file.
        observations: N rows.
        ids: (N,) integers >= 0, each once in a frame.

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
            file.write(
                f'{observations.frames[row]} {numbers[row]} '
                f'{observations.labels[row]} {_rle_text(rle)}\n')


@dataclass(slots=True)
class _Row:
    frame: int
    box: Sequence[float]
    score: float
    label: int
    rle: RLE
    id: int = 0


def _parse_detection(fields: list[str]) -> _Row:
    x1, y1, x2, y2 = (
        _number(text, name)
        for text, name in zip(fields[1:5], 'x1 y1 x2 y2'.split(), strict=True))
    if x2 < x1 or y2 < y1:
        raise ValueError(f'box {x1:g} {y1:g} {x2:g} {y2:g} is inside out')
    return _Row(
        _integer(fields[0], 'frame'), (x1, y1, x2, y2),
        _number(fields[5], 'score'), _integer(fields[6], 'class'),
        _parse_rle(fields[7:]))


def _parse_mots(fields: list[str]) -> _Row:
    frame, number, label = (
        _integer(text, name)
        for text, name in zip(
            fields[:3], ('frame', 'id', 'class'), strict=True))
    rle = _parse_rle(fields[3:])
    return _Row(frame, rle_bbox([rle])[0], 1.0, label, rle, number)


def _parse_rle(fields: list[str]) -> RLE:
    rle = {
        'size': [_integer(fields[0], 'h'), _integer(fields[1], 'w')],
        'counts': fields[2].encode('ascii', 'replace')}
    check_rle(rle)
    return rle


def _parse_coco(
        entry: dict[str, Any], label: int,
        size: Sequence[int] | None) -> _Row:
    segmentation = entry.get('segmentation')
    if size is None:
        if not isinstance(segmentation, dict) or 'size' not in segmentation:
            raise ValueError('polygons need the size of the image')
        size = segmentation['size']
    rle = rle_from_segmentation(segmentation, size)
    box = entry.get('bbox')
    if box is None:
        x1, y1, x2, y2 = rle_bbox([rle])[0]
    else:
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError(f'bbox {box!r} is not [x, y, width, height]')
        x1, y1, width, height = (_number(side, 'bbox') for side in box)
        if width < 0 or height < 0:
            raise ValueError(f'bbox {box!r} of negative size')
        x2, y2 = x1 + width, y1 + height
    return _Row(
        _integer_value(entry, 'image_id'), (x1, y1, x2, y2),
        _number(entry.get('score'), 'score'), label, rle)


def _read_lines(
        path: PathLike, columns: int, parse: Callable[[list[str]], _Row],
        size: Sequence[int] | None, num_frames: int | None) -> list[_Row]:
    rows = []
    with open(path, encoding='ascii', errors='replace') as file:
        for number, line in enumerate(file, start=1):
            fields = line.rstrip('\n').split(' ')
            try:
                if len(fields) != columns:
                    raise ValueError(
                        f'{len(fields)} columns separated by single spaces, '
                        f'not {columns}')
                row = parse(fields)
                _check_row(row, size, num_frames)
            except ValueError as error:
                raise ValueError(f'{path}:{number}: {error}') from None
            size = size or row.rle['size']
            rows.append(row)
    return rows


def _check_row(
        row: _Row, size: Sequence[int] | None,
        num_frames: int | None) -> None:
    if row.frame < 1 or (num_frames is not None and row.frame > num_frames):
        raise ValueError(
            f'frame {row.frame} is not one of 1 to {num_frames or "..."}')
    if size is not None and list(size) != row.rle['size']:
        height, width = row.rle['size']
        raise ValueError(
            f'mask size {height} x {width} (h x w) is not the image\'s, '
            f'{size[0]} x {size[1]}')


def _table(rows: list[_Row], size: Sequence[int] | None) -> Observations:
    rows = sorted(rows, key=lambda row: row.frame)
    if rows:
        size = rows[0].rle['size']
    return Observations(
        np.array([row.frame for row in rows], np.int64),
        np.array([row.box for row in rows], np.float32).reshape(-1, 4),
        np.array([row.score for row in rows], np.float32),
        np.array([row.label for row in rows], np.int64),
        [row.rle for row in rows],
        None if size is None else (int(size[0]), int(size[1])))


def _index(index: ArrayLike) -> NDArray:
    rows = np.asarray(index)
    return rows.astype(np.int64) if rows.size == 0 else rows


def _integer(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        raise ValueError(f'{name} {text!r} is not a whole number')
    return int(text)


def _integer_value(entry: Any, name: str) -> int:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f'{name} {value!r} is not a whole number')
    return value


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'{name} {value!r} is not a finite number')
    return number


def _rle_text(rle: RLE) -> str:
    counts = rle['counts']
    text = counts.decode('ascii') if isinstance(counts, bytes) else counts
    return f'{rle["size"][0]} {rle["size"][1]} {text}'
