"""MOTS files held to the rules of the benchmark."""
from __future__ import annotations

import os
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmremots.structures.classes import CAR, IGNORE, PEDESTRIAN
from mmremots.structures.masks import iou_matrix, rle_area
from mmremots.structures.observation_files import read_mots
from mmremots.structures.observations import Observations

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
    wrong = np.flatnonzero(~np.isin(table.labels, CLASSES))
    if len(wrong):
        row = wrong[0]
        raise ValueError(
            f'{path}:{_lines(path)[row]}: class {table.labels[row]} is none '
            'of 1 (car), 2 (pedestrian), 10 (ignore region)')
    for frame, rows in table.frame_slices():
        rles = table.rles[rows]
        ignored = table.labels[rows] == IGNORE
        overlap = iou_matrix(rles, rles) > 0
        overlap[np.ix_(ignored, ignored)] = False
        pairs = np.argwhere(np.tril(overlap, -1))
        if len(pairs):
            second, first = pairs[0] + rows.start
            lines = _lines(path)
            raise ValueError(
                f'{path}:{lines[second]}: the mask of id {ids[second]} '
                f'overlaps that of id {ids[first]} (line {lines[first]}) in '
                f'frame {frame}')
    return table, ids


def check_ground_truth(
        path: str | os.PathLike[str], size: tuple[int, int],
        num_frames: int | None = None, with_pixels: bool = False) -> None:
    """Raise now what scores or crops would raise after hours of work.

    A file that was sound is not read again until it changes, so every
    stage may ask.

    Args:
        path: A MOTS file.
        size: (h, w) that every mask must have.
        num_frames: Last frame allowed; default: any.
        with_pixels: Whether no object may have an empty mask; such a one
            can be missed, but not cut out of its image.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: ``FILE:LINE: ...``, see :func:`read_checked_mots`.
    """
    status = os.stat(path)
    _check_version(os.fspath(path), size, num_frames, with_pixels,
                   status.st_size, status.st_mtime_ns)


@cache
def _check_version(
        path: str, size: tuple[int, int], num_frames: int | None,
        with_pixels: bool, length: int, mtime: int) -> None:
    del length, mtime  # part of the cache's key alone
    table, ids = read_checked_mots(path, size, num_frames)
    empty = np.flatnonzero(
        (rle_area(table.rles) == 0) & (table.labels != IGNORE))
    if with_pixels and len(empty):
        row = empty[0]
        raise ValueError(
            f'{path}:{_lines(path)[row]}: the mask of id {ids[row]} in frame '
            f'{table.frames[row]} has no pixel')


def _lines(path: str | os.PathLike[str]) -> NDArray[np.int64]:
    """Line numbers of a table's rows: it is sorted by frame, stably."""
    with open(path, encoding='ascii') as file:
        frames = [int(line.split(' ', 1)[0]) for line in file]
    return np.argsort(frames, kind='stable') + 1
