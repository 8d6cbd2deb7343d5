"""Which tracks are too short or too weak to be people."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Support(NamedTuple):
    """What speaks for each track, tracks in increasing id.

    Attributes:
        track: (N,) int64, the track of each observation, counted from 0.
        length: (T,) int64, the longest row of adjacent frames that the track
            is seen in.
        confidence: (T,) float64, the mean detection score of the track.
    """

    track: NDArray[np.int64]
    length: NDArray[np.int64]
    confidence: NDArray[np.float64]


def track_support(
        frames: ArrayLike, scores: ArrayLike, ids: ArrayLike) -> Support:
    """Length and confidence of tracks.

    A person is found in many frames on end. What flickers on a background
    is not, not even where merging has put a long track together of it; so
    the longest row of adjacent frames counts, not the number of frames.

    Args:
        frames: (N,) integers, in any order.
        scores: (N,) detection scores.
        ids: (N,) track of each observation, once a frame.

    Raises:
        ValueError: If lengths differ.
    """
    frames, scores, ids = map(np.asarray, (frames, scores, ids))
    if not frames.shape == scores.shape == ids.shape == (ids.size,):
        raise ValueError(
            f'frames {frames.shape}, scores {scores.shape} and ids '
            f'{ids.shape} do not fit')
    tracks, track, counts = np.unique(
        ids, return_inverse=True, return_counts=True)
    order = np.lexsort((frames, track))
    starts = np.flatnonzero(
        (np.diff(track[order], prepend=-1) != 0)
        | (np.diff(frames[order], prepend=0) != 1))
    length = np.zeros(len(tracks), dtype=np.int64)
    np.maximum.at(
        length, track[order][starts], np.diff(starts, append=len(order)))
    confidence = np.bincount(track, scores, minlength=len(tracks)) / counts
    return Support(track, length, confidence)


def supported(
        frames: ArrayLike, scores: ArrayLike, ids: ArrayLike,
        min_length: int, min_confidence: float) -> NDArray[np.bool_]:
    """Observations of tracks that are long and sure enough.

    Args:
        frames: (N,) integers, in any order.
        scores: (N,) detection scores.
        ids: (N,) track of each observation, once a frame.
        min_length: Least length of a track, see :class:`Support`.
        min_confidence: Least confidence of a track.

    Returns:
        (N,) bool, the same for all observations of a track.

    Raises:
        ValueError: If lengths differ.
    """
    track, length, confidence = track_support(frames, scores, ids)
    keep = (length >= min_length) & (confidence >= min_confidence)
    return keep[track]
