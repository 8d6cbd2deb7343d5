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
    that differs is the frame's. Where more than one does, it is the first
    that counts in even steps, or else the images are in the order of all of
    them and counted from 1. Where most images are one series, those named in
    another way are left out. Where hardly two names are of one kind, they
    are in order and have the numbers they begin with, if all do
    (``0001_jpg.rf.6e1c.jpg``), or are counted from 1.

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
    sizes = {kind: len(images) for kind, images in kinds.items()
             if len(kind) > 1}  # Of names with a number.
    total = sum(map(len, kinds.values()))
    series = sorted((kind for kind in sizes if sizes[kind] > 1),
                    key=lambda kind: -sizes[kind])
    if len(series) > 1 and 2 * sum(sizes[kind] for kind in series) > total:
        first, second = (
            f'{kinds[kind][0][0].name} to {kinds[kind][-1][0].name}'
            for kind in series[:2])
        raise ValueError(
            f'{kinds[series[0]][0][0].parent}: more than one series of '
            f'images, {first} and {second}; a sequence is one')
    if len(sizes) == 1 or (series and 2 * sizes[series[0]] >= total):
        main = next(iter(series or sizes))
        return ImageRun(*_in_order(kinds[main]), sorted(
            path for kind in kinds if kind != main
            for path, _ in kinds[kind]))
    return ImageRun(*_by_name([
        path for images in kinds.values() for path, _ in images]), [])


def _by_name(paths: list[Path]) -> tuple[list[Path], list[int], bool]:
    """Names without anything in common: what they begin with, or counted."""
    numbers = [re.match('[0-9]+', path.stem) for path in paths]
    found = {int(number[0]): path for number, path in zip(
        numbers, paths, strict=True) if number}
    if found and len(found) == len(paths) and (
            max(found) <= _LARGEST_NUMBER):
        return [found[key] for key in sorted(found)], sorted(found), True
    ordered = sorted(paths, key=lambda path: [
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in re.split('([0-9]+)', path.name)])
    return ordered, list(range(1, len(paths) + 1)), False


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
    """Whether the numbers are as far from one to the next, in order."""
    ordered = sorted(column)
    steps = {after - before for before, after in pairwise(ordered)}
    return len(steps) == 1 and 0 not in steps
