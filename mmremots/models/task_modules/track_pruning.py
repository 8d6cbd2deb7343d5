"""Which tracks are too short or too weak to be people."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def run_lengths(frames: ArrayLike, ids: ArrayLike) -> NDArray[np.int64]:
    """In how many adjacent frames on end a track is seen around each mask.

    A person is found in many frames on end. What flickers on a background
    is not, not even where merging has put a long track together of it.

    Args:
        frames: (N,) integers, in any order.
        ids: (N,) track of each observation, once a frame.

    Returns:
        (N,) int64, the length of the run that each observation is in.

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
    lengths = np.empty(len(ids), dtype=np.int64)
    lengths[order] = np.bincount(run)[run]
    return lengths


def least_score(
        scores: ArrayLike, lengths: ArrayLike, sure_length: int,
        sigmas: float) -> float:
    """Below which mean score a track is weaker than people of this video.

    Mean minus so many standard deviations of the scores of sure masks,
    those of runs of ``sure_length`` frames or more: what is found for that
    long is somebody, and shows what this detector's scores for people are.

    Args:
        scores: (N,) detection scores.
        lengths: (N,) of :func:`run_lengths`.
        sure_length: In frames.
        sigmas: Number of standard deviations.

    Returns:
        The threshold; ``-inf`` where no mask is sure.
    """
    sure = np.asarray(scores, dtype=np.float64)[
        np.asarray(lengths) >= sure_length]
    if not len(sure):
        return -np.inf
    return float(sure.mean() - sigmas * sure.std())


def supported(
        lengths: ArrayLike, scores: ArrayLike, ids: ArrayLike,
        min_length: int, min_score: float) -> NDArray[np.bool_]:
    """Observations of tracks that are long and sure enough.

    Args:
        lengths: (N,) of :func:`run_lengths`.
        scores: (N,) detection scores.
        ids: (N,) track of each observation.
        min_length: A track must be seen in as many adjacent frames once.
        min_score: Least mean score of a track.

    Returns:
        (N,) bool, the same for all observations of a track.

    Raises:
        ValueError: If lengths differ.
    """
    lengths, scores, ids = map(np.asarray, (lengths, scores, ids))
    if not lengths.shape == scores.shape == ids.shape == (ids.size,):
        raise ValueError(
            f'lengths {lengths.shape}, scores {scores.shape} and ids '
            f'{ids.shape} do not fit')
    _, track = np.unique(ids, return_inverse=True)
    longest = np.zeros(track.max(initial=-1) + 1, dtype=np.int64)
    np.maximum.at(longest, track, lengths)
    mean = (np.bincount(track, scores.astype(np.float64))
            / np.maximum(np.bincount(track), 1))
    return ((longest >= min_length) & (mean >= min_score))[track]
