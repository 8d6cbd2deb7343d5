"""Which tracks are too short or too weak to be people."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def track_confidences(
        frames: ArrayLike, scores: ArrayLike,
        ids: ArrayLike) -> NDArray[np.float64]:
    """How sure the detectors are of each track over its whole life.

    The sum of the scores of a track, divided by the frames from its first to
    its last: the mean score where a frame in which nothing was found counts
    as 0. A person is found in most frames, with high scores; what flickers
    on a background, or is put together of such, is not.

    Args:
        frames: (N,) integers, in any order.
        scores: (N,) detection scores.
        ids: (N,) track of each observation, once a frame.

    Returns:
        (T,) float64, tracks in increasing id.

    Raises:
        ValueError: If lengths differ.
    """
    frames, scores, ids = map(np.asarray, (frames, scores, ids))
    if not frames.shape == scores.shape == ids.shape == (len(ids),):
        raise ValueError(
            f'frames {frames.shape}, scores {scores.shape} and ids '
            f'{ids.shape} do not fit')
    tracks, track = np.unique(ids, return_inverse=True)
    first = np.full(len(tracks), np.iinfo(np.int64).max)
    last = np.zeros(len(tracks), dtype=np.int64)
    np.minimum.at(first, track, frames)
    np.maximum.at(last, track, frames)
    return np.bincount(
        track, scores, minlength=len(tracks)) / (last - first + 1)


def supported(
        frames: ArrayLike, scores: ArrayLike, ids: ArrayLike,
        min_length: int, min_confidence: float) -> NDArray[np.bool_]:
    """Observations of tracks that are long and sure enough.

    Args:
        frames: As of :func:`track_confidences`, like ``scores`` and ``ids``.
        scores: (N,) detection scores.
        ids: (N,) track of each observation.
        min_length: Least number of observations of a track.
        min_confidence: Least confidence of a track.

    Returns:
        (N,) bool, the same for all observations of a track.
    """
    confidences = track_confidences(frames, scores, ids)
    _, track, lengths = np.unique(
        ids, return_inverse=True, return_counts=True)
    keep = (lengths >= min_length) & (confidences >= min_confidence)
    return keep[track]
