"""Which parts of tracks are too short or too weak to be people."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def stretches(
        frames: ArrayLike, ids: ArrayLike,
        max_gap: int) -> NDArray[np.int64]:
    """Parts of tracks between their long breaks.

    Args:
        frames: (N,) integers, in any order.
        ids: (N,) track of each observation, once a frame.
        max_gap: Largest difference of frames that is no break; 1 for parts
            without any frame missing.

    Returns:
        (N,) int64 part of each observation, from 0.

    Raises:
        ValueError: If lengths differ.
    """
    frames, ids = np.asarray(frames), np.asarray(ids)
    if not frames.shape == ids.shape == (ids.size,):
        raise ValueError(
            f'frames {frames.shape} and ids {ids.shape} do not fit')
    order = np.lexsort((frames, ids))
    new = np.zeros(len(ids), dtype=bool)
    new[1:] = ((np.diff(ids[order]) != 0)
               | (np.diff(frames[order]) > max_gap))
    parts = np.empty(len(ids), dtype=np.int64)
    parts[order] = np.cumsum(new)
    return parts


def usual_step(
        frames: ArrayLike, ids: ArrayLike, max_gap: int,
        share: float) -> int:
    """How far the next mask of a part is, as a rule.

    Where detectors miss somebody now and then, nobody is seen in many frames
    on end. How often they do is to be seen in the steps from a mask of a part
    (:func:`stretches`) to its next: the least number of frames that is enough
    for this share of the steps.

    Args:
        frames: (N,) integers, in any order.
        ids: (N,) track of each observation, once a frame.
        max_gap: As of :func:`stretches`; longer steps do not count.
        share: In [0, 1].

    Returns:
        From 1 to ``max_gap``; 1 where there is no step.

    Raises:
        ValueError: If lengths differ.
    """
    parts = stretches(frames, ids, max_gap)
    times = np.asarray(frames)
    order = np.lexsort((times, parts))
    steps = np.diff(times[order])[np.diff(parts[order]) == 0]
    if not len(steps):
        return 1
    return int(np.quantile(steps, share, method='inverted_cdf'))


def seconds_on_end(
        frames: ArrayLike, ids: ArrayLike, frame_rate: float,
        step: int = 1) -> NDArray[np.float64]:
    """For how long a track is seen without a break around each mask.

    A person is found in many frames on end. What flickers on a background
    is not, not even where merging has put a long track together of it.

    Args:
        frames: (N,) integers, in any order.
        ids: (N,) track of each observation, once a frame.
        frame_rate: Frames a second.
        step: Largest difference of frames that is no break, see
            :func:`usual_step`.

    Returns:
        (N,) float64 seconds from the first to the last of the frames without
        a break that each observation is in: 0 for one that is alone.

    Raises:
        ValueError: If lengths differ.
    """
    part = stretches(frames, ids, step)
    times = np.asarray(frames, dtype=np.int64)
    last = np.full(part.max(initial=-1) + 1, times.min(initial=0))
    first = np.full_like(last, times.max(initial=0))
    np.maximum.at(last, part, times)
    np.minimum.at(first, part, times)
    return (last - first)[part] / frame_rate


def least_score(
        scores: ArrayLike, seconds: ArrayLike, sure_seconds: float,
        sigmas: float) -> float:
    """Below which mean score a track is weaker than people of this video.

    Mean minus so many standard deviations of the scores of sure masks,
    those seen on end for ``sure_seconds`` or more: what is found for that
    long is somebody, and shows what this detector's scores for people are.

    Args:
        scores: (N,) detection scores; NaN for a mask that none gave.
        seconds: (N,) of :func:`seconds_on_end`.
        sure_seconds: See above.
        sigmas: Number of standard deviations.

    Returns:
        The threshold; ``-inf`` where no mask is sure.
    """
    sure = np.asarray(scores, dtype=np.float64)[
        np.asarray(seconds) >= sure_seconds]
    sure = sure[~np.isnan(sure)]
    if not len(sure):
        return -np.inf
    return float(sure.mean() - sigmas * sure.std())


def supported(
        seconds: ArrayLike, scores: ArrayLike, ids: ArrayLike,
        parts: ArrayLike, min_seconds: float,
        min_score: float) -> NDArray[np.bool_]:
    """Observations that enough speaks for.

    Args:
        seconds: (N,) of :func:`seconds_on_end`.
        scores: (N,) detection scores; NaN for a mask that none gave, such
            as one that fills a gap: it says nothing of the track.
        ids: (N,) track of each observation.
        parts: (N,) part of the track, of :func:`stretches`.
        min_seconds: A part must be seen on end for as long once.
        min_score: Least mean score of a track.

    Returns:
        (N,) bool, the same for all observations of a part.

    Raises:
        ValueError: If lengths differ.
    """
    seconds, scores, ids, parts = map(
        np.asarray, (seconds, scores, ids, parts))
    if not (seconds.shape == scores.shape == ids.shape == parts.shape
            == (ids.size,)):
        raise ValueError(
            f'seconds {seconds.shape}, scores {scores.shape}, ids '
            f'{ids.shape} and parts {parts.shape} do not fit')
    _, part = np.unique(parts, return_inverse=True)
    longest = np.zeros(part.max(initial=-1) + 1)
    np.maximum.at(longest, part, seconds)
    _, track = np.unique(ids, return_inverse=True)
    known = ~np.isnan(scores)
    mean = (np.bincount(track, np.where(known, scores, 0.0))
            / np.maximum(np.bincount(track, known), 1))
    return (longest[part] >= min_seconds) & (mean[track] >= min_score)
