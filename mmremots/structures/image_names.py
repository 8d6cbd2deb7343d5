"""The order of images, and their numbers, by their names."""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

#: Beyond it a number is a time, and no text file could name the frame.
_LARGEST_NUMBER = 10**10


class ImageRun(NamedTuple):
    """Images that follow one another.

    Attributes:
        paths: N images, in order.
        numbers: What their names call them, N increasing integers; 1 to N
            where the names have no number that tells them apart.
        numbered: Whether the numbers are those of the names.
        left_out: Images named in another way, which are none of them.
    """

    paths: list[Path]
    numbers: list[int]
    numbered: bool
    left_out: list[Path]


def image_run(paths: Iterable[Path]) -> ImageRun:
    """Put images in order by the numbers in their names.

    ``000001.jpg``, ``7.png``, ``frame_000123.jpg``, ``cam2_0005_left.tif``:
    names that differ in their digits alone are one series, and the number
    that differs is the frame's. Where more than one does, it is one that
    counts by ones, or the images are in the order of all of them, and are
    counted from 1, as names without a number are. A single name of another
    kind, or those without a number beside a series, are left out.

    Args:
        paths: Images of one folder.

    Raises:
        ValueError: Two images have one number, or there is more than one
            series of names.
    """
    kinds: dict[tuple[str, ...], list[tuple[Path, tuple[int, ...]]]] = (
        defaultdict(list))
    for path in sorted(paths, key=lambda path: path.name):
        parts = re.split('([0-9]+)', path.stem)
        kinds[tuple(parts[::2])].append((path, tuple(map(int, parts[1::2]))))
    numbered = [kind for kind in kinds if len(kind) > 1]
    series = [kind for kind in numbered if len(kinds[kind]) > 1]
    if len(series) > 1:
        first, second = (
            f'{kinds[kind][0][0].name} to {kinds[kind][-1][0].name}'
            for kind in series[:2])
        raise ValueError(
            f'{kinds[series[0]][0][0].parent}: more than one series of '
            f'images, {first} and {second}; a sequence is one')
    if not series and len(numbered) == 1:
        series = numbered
    if not series:
        every = sorted(path for kind in kinds.values() for path, _ in kind)
        return ImageRun(every, list(range(1, len(every) + 1)), False, [])
    left_out = sorted(
        path for kind in kinds if kind != series[0]
        for path, _ in kinds[kind])
    return ImageRun(*_in_order(kinds[series[0]]), left_out)


def _in_order(images: list[tuple[Path, tuple[int, ...]]]
              ) -> tuple[list[Path], list[int], bool]:
    """Order, numbers, and whether they are in the names."""
    columns = list(zip(*(fields for _, fields in images), strict=True))
    varying = [column for column in columns if len(set(column)) > 1]
    if len(varying) < 2:
        number = varying[0] if varying else columns[-1]
    else:
        number = next(filter(_counts, varying), ())
    keys: list[tuple[int, ...]] = (
        [(value,) for value in number] or [fields for _, fields in images])
    ordered = sorted(zip(keys, (path for path, _ in images), strict=True))
    for (key, path), (other, twin) in pairwise(ordered):
        if key == other:
            raise ValueError(
                f'{path.parent}: frame {key[-1]} is there twice: '
                f'{path.name} and {twin.name}')
    paths = [path for _, path in ordered]
    if not number or ordered[-1][0][0] > _LARGEST_NUMBER:
        return paths, list(range(1, len(paths) + 1)), False
    return paths, [key[0] for key, _ in ordered], True


def _counts(column: tuple[int, ...]) -> bool:
    """Whether the numbers are some N integers in a row."""
    return (len(set(column)) == len(column)
            and max(column) - min(column) == len(column) - 1)
