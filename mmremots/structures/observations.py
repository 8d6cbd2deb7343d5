"""The table of observations: one instance mask in one frame a row."""
from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .masks import RLE

PathLike = str | os.PathLike[str]

_MASKS_AT_ONCE = 64


#: Row of a mask that is not in a table: no detector gave it.
NO_ROW = -1


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
        shapes = (self.frames.shape, self.boxes.shape, self.scores.shape,
                  self.labels.shape)
        if shapes != ((n,), (n, 4), (n,), (n,)):
            raise ValueError(f'{n} masks, but columns of shapes {shapes}')
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
        if not isinstance(index, slice):
            index = np.asarray(index)
            if not index.size:  # an empty list makes an array of floats
                index = index.astype(np.int64)
        rows = np.arange(len(self))[index]
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


class Tracks(NamedTuple):
    """The masks of a video that are in tracks.

    Attributes:
        table: N masks. One that no detector gave has the box around it and
            score 0.
        ids: (N,) int64 track of each.
        rows: (N,) int64 row of each among the fused and then the weak masks,
            or ``NO_ROW``.
    """

    table: Observations
    ids: NDArray[np.int64]
    rows: NDArray[np.int64]

    def take(self, kept: NDArray[np.bool_]) -> Tracks:
        """Some of the masks."""
        return Tracks(self.table.take(kept), self.ids[kept], self.rows[kept])


def rows_of(table: Observations,
            *among: Observations) -> NDArray[np.int64]:
    """Where the masks of a table stand in others.

    Files of tracks hold masks, not numbers of rows. Frame and pixels tell
    which row it was.

    Args:
        table: N masks.
        *among: Tables to look in.

    Returns:
        (N,) int64 row of each, counted on from one table to the next, or
        ``NO_ROW`` for a mask that is in none.
    """
    place = {key: row for row, key in enumerate(
        chain.from_iterable(map(_keys, among)))}
    return np.array([place.get(key, NO_ROW) for key in _keys(table)],
                    np.int64)


def _keys(table: Observations) -> list[tuple[int, bytes]]:
    return [(int(frame), counts if isinstance(counts := rle['counts'], bytes)
             else counts.encode())
            for frame, rle in zip(table.frames, table.rles, strict=True)]
