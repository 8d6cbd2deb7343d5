"""MOTS files held to the rules of the benchmark."""
from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmremots.formats.ground_truth import read_truth
from mmremots.formats.instance_pngs import (
    instance_png_paths,
    read_instance_pngs,
)
from mmremots.formats.observation_files import read_mots
from mmremots.formats.rows import to_whole
from mmremots.formats.text_lines import read_columns
from mmremots.structures.classes import CAR, IGNORE, PEDESTRIAN
from mmremots.structures.masks import iou_matrix
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video, to_numbers

#: Classes a file may name: car, pedestrian, ignore region.
CLASSES = (CAR, PEDESTRIAN, IGNORE)


def read_checked_mots(
    path: str | os.PathLike[str], size: tuple[int, int] | None = None,
    num_frames: int | None = None
) -> tuple[Observations, NDArray[np.int64]]:
    """Read a MOTS file as :func:`read_mots` does, and check it as a whole.

    Over what that checks line by line: classes are 1, 2 or 10, and no two
    masks of a frame overlap, ignore regions among themselves excepted.

    Args:
        path: The file: ``frame id class h w rle``, one a line.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Last frame allowed; default: any.

    Returns:
        The table and (N,) int64 ids.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: ``FILE:LINE: ...``.
    """
    table, ids = read_mots(path, size, num_frames)
    _check_rules(table, ids, lambda row: _line(path, row))
    return table, ids


def read_checked_truth(
        video: Video) -> tuple[Observations, NDArray[np.int64]]:
    """Read ground truth, and check it as :func:`read_checked_mots` does.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It is broken; the message names the file, and of text
            the line.
    """
    table, ids = read_truth(video)
    _check_rules(table, ids, _places(
        str(video.gt_path), to_numbers(video, table.frames)))
    return table, ids


def check_ground_truth(video: Video) -> None:
    """Raise now what scores or crops would raise after hours of work.

    A file that was sound is not read again until it changes, so every
    stage may ask.

    Args:
        video: A video; one without ground truth is sound.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It is broken, see :func:`read_checked_truth`.
    """
    if video.gt_path is not None:
        _check_version(video, _version(video.gt_path))


def check_truth_file(path: str, size: tuple[int, int]) -> None:
    """Check ground truth of which frames are not yet known.

    Args:
        path: A MOTS text or a folder of instance PNGs.
        size: (h, w) that every mask must have.

    Raises:
        ValueError: It is broken, see :func:`read_checked_truth`.
    """
    read = read_instance_pngs if Path(path).is_dir() else read_mots
    table, ids = read(path, size, None, 0)
    _check_rules(table, ids, _places(path, table.frames - 1))


def _check_rules(table: Observations, ids: NDArray[np.int64],
                 place: Callable[[int], str]) -> None:
    wrong = np.flatnonzero(~np.isin(table.labels, CLASSES))
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(
            f'{place(row)}: class {table.labels[row]} is none '
            'of 1 (car), 2 (pedestrian), 10 (ignore region)')
    for frame, rows in table.frame_slices():
        rles = table.rles[rows]
        ignored = table.labels[rows] == IGNORE
        overlap = iou_matrix(rles, rles) > 0
        overlap[np.ix_(ignored, ignored)] = False
        pairs = np.argwhere(np.tril(overlap, -1))
        if len(pairs):
            second, first = (pairs[0] + rows.start).tolist()
            other = place(first).rsplit(':', 1)[-1]
            raise ValueError(
                f'{place(second)}: the mask of id {ids[second]} '
                f'overlaps that of id {ids[first]} (line {other}) in '
                f'frame {frame}')


@cache
def _check_version(video: Video, version: object) -> None:
    del version  # part of the cache's key alone
    read_checked_truth(video)


def _version(path: str) -> object:
    """Sizes and times of ground truth: another when it was changed."""
    paths = (list(instance_png_paths(path).values()) if Path(path).is_dir()
             else [Path(path)])
    return tuple((status.st_size, status.st_mtime_ns)
                 for status in map(os.stat, paths))


def _places(path: str, numbers: NDArray[np.int64]) -> Callable[[int], str]:
    """Where a row of ground truth stands: its line, or its PNG."""
    if not Path(path).is_dir():
        return lambda row: _line(path, row)
    return lambda row: str(instance_png_paths(path)[int(numbers[row])])


def _line(path: str | os.PathLike[str], row: int) -> str:
    """``FILE:LINE`` of a row: tables are sorted by frame, stably."""
    places = sorted(
        ((to_whole(fields[0], 'frame'), k), place)
        for k, (place, fields) in enumerate(read_columns(path)))
    return places[row][1]
