"""Who is on the crops of a video, and when they are seen."""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .crops import CropStore

#: A video in a config: ``crops`` is the folder of a store; ``identities``,
#: if given, a ``.npy`` of (N,) integers that takes the place of its own.
CropSpec = Mapping[str, str]


def seen_spans(persons: np.ndarray,
               frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time in which each observation's identity is surely in the picture.

    That is the stretch of consecutive frames with that identity around the
    observation. Tracklets of the short-term tracker have no gap, so it is
    all of the tracklet. In tracklets that came from elsewhere it may be
    less: another tracklet in such a gap can be the same person.

    Args:
        persons: Identity of each observation, (N,) integer.
        frames: Frame of each, (N,) integer.

    Returns:
        First and last frame of the stretch, (N,) int64 each.
    """
    order = np.lexsort((frames, persons))
    breaks = ((np.diff(persons[order]) != 0)
              | (np.diff(frames[order]) > 1))
    starts, ends = np.empty((2, len(frames)), dtype=np.int64)
    for stretch in np.split(order, np.flatnonzero(breaks) + 1):
        starts[stretch] = frames[stretch[:1]]
        ends[stretch] = frames[stretch[-1:]]
    return starts, ends


@dataclass(frozen=True, eq=False)
class CropTable:
    """The N crops of a video with what is known of each.

    Attributes:
        video: Number of the video.
        store: The crops.
        persons: Identity of each crop, (N,) int64, numbered from 0.
        starts: First frame of its :func:`seen_spans`, (N,) int64.
        ends: Last frame, inclusive, (N,) int64.
    """

    video: int
    store: CropStore
    persons: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def read_all(cls, specs: Iterable[CropSpec],
                 linked: bool) -> list[CropTable]:
        """Open videos, numbered as they come.

        Args:
            specs: The videos.
            linked: Whether crops are linked by identities. If not, each is
                an identity of its own, seen in its frame alone.

        Raises:
            FileNotFoundError: A store or a file of identities is missing.
            ValueError: There are no identities, not one a crop, or one of
                them is in a frame twice.
        """
        tables = []
        for video, spec in enumerate(specs):
            store = CropStore(spec['crops'])
            if linked:
                persons = _read_persons(store, spec.get('identities'))
                starts, ends = seen_spans(persons, store.frames)
            else:
                persons = np.arange(len(store))
                starts = ends = store.frames
            tables.append(cls(video, store, persons, starts, ends))
        return tables

    def rows_of_persons(self) -> list[np.ndarray]:
        """Rows of each person, by increasing number."""
        if not len(self.persons):
            return []
        order = np.argsort(self.persons, kind='stable')
        changes = np.diff(self.persons[order])
        return np.split(order, np.flatnonzero(changes) + 1)

    def rows_of_frames(self) -> np.ndarray:
        """First row and end of each frame that has crops, (F, 2) int64."""
        edges = np.flatnonzero(
            np.diff(self.store.frames, prepend=0, append=0))
        return np.column_stack([edges[:-1], edges[1:]])


def _read_persons(store: CropStore,
                  path: str | os.PathLike[str] | None) -> np.ndarray:
    """Identities of a store's crops, numbered from 0 without a gap."""
    if path is None:
        path, identities = store.folder, store.identities
    else:
        identities = np.load(path, allow_pickle=False)
    if identities is None:
        raise ValueError(
            f'{path}: nothing says who is on these crops; give them '
            'identities=FILE.npy')
    if identities.shape != (len(store),):
        raise ValueError(
            f'{path}: identities of shape {identities.shape} for the '
            f'{len(store)} crops of {store.folder}')
    order = np.lexsort((store.frames, identities))
    twice = ((np.diff(identities[order]) == 0)
             & (np.diff(store.frames[order]) == 0))
    if twice.any():
        row = order[np.argmax(twice)]
        raise ValueError(
            f'{path}: identity {identities[row]} is in frame '
            f'{store.frames[row]} twice')
    return np.unique(identities, return_inverse=True)[1]
