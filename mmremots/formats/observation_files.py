"""The text files that observations come from and go to.

One line is one mask in one frame. Every reader checks what it reads and names
file and line of the first thing that is wrong.
"""
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.structures.files import atomic_path
from mmremots.structures.observations import Observations
from mmremots.structures.rle import RLE, counts_text

from .row_tables import NoMasksError, Reading, ReadingOptions, gather
from .rows import (
    DETECTION_COLUMNS,
    are_boxes,
    parse_detection_line,
    parse_mots_line,
)
from .text_lines import read_columns

PathLike = str | os.PathLike[str]


def read_detections(
        path: PathLike, size: Sequence[int] | None = None,
        num_frames: int | None = None, first_frame: int = 1,
        options: ReadingOptions | None = None) -> Observations:
    """Read detections in TrackR-CNN's text format.

    One a line, columns apart by white space or commas: ``frame x1 y1 x2 y2
    score class h w rle``, and perhaps an embedding, which is left out.

    Args:
        path: The file, packed by gzip or not; one without lines is the table
            without rows.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Number of frames allowed; default: any.
        first_frame: What the file calls the first frame. The table counts
            from 1.
        options: What to mend in the file.

    Returns:
        The table; labels are the file's class ids. Where boxes turn out to
        be x, y, width, height (MOTS20's public detections), they are those
        of the masks.

    Raises:
        FileNotFoundError: If there is no such file.
        NoMasksError: If it holds boxes.
        ValueError: ``FILE:LINE: ...`` at the first line that is wrong; also
            where half of the masks do not lie in their boxes.
    """
    return detections_in_text(
        path, size, num_frames, first_frame, options).table


def detections_in_text(
        path: PathLike, size: Sequence[int] | None = None,
        num_frames: int | None = None, first_frame: int = 1,
        options: ReadingOptions | None = None) -> Reading:
    """What :func:`read_detections` reads, and what there is to say of it."""
    extra: set[int] = set()

    def lines() -> Iterator[tuple[str, list[str]]]:
        for place, fields in _lines_of_masks(path):
            extra.add(len(fields) - DETECTION_COLUMNS)
            yield place, fields

    found = gather(
        lines(), lambda fields, _: parse_detection_line(fields), size,
        num_frames, first_frame, 'TrackR-CNN text', options, 'corners')
    lengths = sorted(extra - {0})
    if lengths:
        numbers = ' or '.join(map(str, lengths))
        found.remarks.append(f'embeddings of {numbers} numbers left out')
    return found


def read_mots(
    path: PathLike, size: Sequence[int] | None = None,
    num_frames: int | None = None, first_frame: int = 1,
    options: ReadingOptions | None = None
) -> tuple[Observations, NDArray[np.int64]]:
    """Read ground truth or results in the MOTS text format.

    One a line, columns apart by white space or commas: ``frame id class h w
    rle``.

    Args:
        path: The file, packed by gzip or not; one without lines is the table
            without rows.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Number of frames allowed; default: any.
        first_frame: What the file calls the first frame: 1 in MOTSChallenge,
            0 in KITTI MOTS. The table counts from 1.
        options: What to mend in the file.

    Returns:
        The table (scores 1, boxes those of the masks) and (N,) int64 ids.

    Raises:
        FileNotFoundError: If there is no such file.
        NoMasksError: If it holds boxes.
        ValueError: ``FILE:LINE: ...`` at the first line that is wrong; also
            where an id stands twice in a frame.
    """
    found = mots_in_text(path, size, num_frames, first_frame, options)
    return found.table, found.ids


def mots_in_text(
        path: PathLike, size: Sequence[int] | None = None,
        num_frames: int | None = None, first_frame: int = 1,
        options: ReadingOptions | None = None) -> Reading:
    """What :func:`read_mots` reads, and what there is to say of it."""
    kind = 'KITTI MOTS text' if first_frame == 0 else 'MOTS text'
    return gather(
        _lines_of_masks(path), lambda fields, _: parse_mots_line(fields),
        size, num_frames, first_frame, kind, options)


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


def _lines_of_masks(path: PathLike) -> Iterator[tuple[str, list[str]]]:
    for number, (place, fields) in enumerate(read_columns(path)):
        if number == 0 and are_boxes(fields):
            raise NoMasksError(f'{place}: boxes, no masks (MOT text)')
        yield place, fields


def _rle_text(rle: RLE) -> str:
    return f'{rle["size"][0]} {rle["size"][1]} {counts_text(rle)}'
