"""Which tracks are too short or too weak to be people."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def seconds_on_end(
        frames: ArrayLike, ids: ArrayLike,
        frame_rate: float) -> NDArray[np.float64]:
    """For how long a track is seen without a break around each mask.

    A person is found in many frames on end. What flickers on a background
    is not, not even where merging has put a long track together of it.

    Args:
        frames: (N,) integers, in any order.
        ids: (N,) track of each observation, once a frame.
        frame_rate: Frames a second.

    Returns:
        (N,) float64 seconds from the first to the last of the adjacent
        frames that each observation is in: 0 for one that is alone.

    Raises:
        ValueError: If lengths differ.
    """
    frames, ids = np.asarray(frames), np.asarray(ids)
    if not frames.shape == ids.shape == (ids.size,):
        raise ValueError(
            f'frames {frames.shape} and ids {ids.shape} do not fit')
    order = np.lexsort((frames, ids))
    new = np.ones(len(ids), dtype=bool)
    new[1:] = (np.diff(ids[order]) != 0) | (np.diff(frames[order]) != 1)
    run = np.cumsum(new) - 1
    seconds = np.empty(len(ids))
    seconds[order] = (np.bincount(run)[run] - 1) / frame_rate
    return seconds


def least_score(
        scores: ArrayLike, seconds: ArrayLike, sure_seconds: float,
        sigmas: float) -> float:
    """Below which mean score a track is weaker than people of this video.

    Mean minus so many standard deviations of the scores of sure masks,
    those seen on end for ``sure_seconds`` or more: what is found for that
    long is somebody, and shows what this detector's scores for people are.

    Args:
        scores: (N,) detection scores.
        seconds: (N,) of :func:`seconds_on_end`.
        sure_seconds: See above.
        sigmas: Number of standard deviations.

    Returns:
        The threshold; ``-inf`` where no mask is sure.
    """
    sure = np.asarray(scores, dtype=np.float64)[
        np.asarray(seconds) >= sure_seconds]
    if not len(sure):
        return -np.inf
    return float(sure.mean() - sigmas * sure.std())


def supported(
        seconds: ArrayLike, scores: ArrayLike, ids: ArrayLike,
        min_seconds: float, min_score: float) -> NDArray[np.bool_]:
    """Observations of tracks that are long and sure enough.

    Args:
        seconds: (N,) of :func:`seconds_on_end`.
        scores: (N,) detection scores.
        ids: (N,) track of each observation.
        min_seconds: A track must be seen on end for as long once.
        min_score: Least mean score of a track.

    Returns:
        (N,) bool, the same for all observations of a track.

    Raises:
        ValueError: If lengths differ.
    """
    seconds, scores, ids = map(np.asarray, (seconds, scores, ids))
    if not seconds.shape == scores.shape == ids.shape == (ids.size,):
        raise ValueError(
            f'seconds {seconds.shape}, scores {scores.shape} and ids '
            f'{ids.shape} do not fit')
    _, track = np.unique(ids, return_inverse=True)
    longest = np.zeros(track.max(initial=-1) + 1)
    np.maximum.at(longest, track, seconds)
    mean = (np.bincount(track, scores.astype(np.float64))
            / np.maximum(np.bincount(track), 1))
    return ((longest >= min_seconds) & (mean >= min_score))[track]
