"""Which merges nobody in the video moves fast enough for."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.registry import TASK_UTILS


def displacements(
        boxes_a: ArrayLike, boxes_b: ArrayLike) -> NDArray[np.float64]:
    """How far boxes move, in heights of a person.

    The distance of the two centers, divided by the mean height: what is far
    from the camera moves by fewer pixels, and is smaller by as much.

    Args:
        boxes_a: (N, 4) x1, y1, x2, y2 in pixels.
        boxes_b: (N, 4).

    Returns:
        (N,) float64, at least 0; ``inf`` where both heights are 0.
    """
    a, b = (np.asarray(x, dtype=np.float64).reshape(-1, 4)
            for x in (boxes_a, boxes_b))
    moved = (b[:, :2] + b[:, 2:] - a[:, :2] - a[:, 2:]) / 2
    height = (a[:, 3] - a[:, 1] + b[:, 3] - b[:, 1]) / 2
    distance = np.hypot(moved[:, 0], moved[:, 1])
    return np.divide(distance, height, where=height > 0,
                     out=np.full(len(distance), np.inf))


def displacement_limits(
        boxes: ArrayLike, frames: ArrayLike, tracklet_ids: ArrayLike,
        max_gap: int, quantile: float = 0.997,
        min_pairs: int = 50) -> NDArray[np.float64]:
    """How far people of this video move at most in so many frames.

    Short-term tracklets show how people move. The limit of g frames is the
    quantile of :func:`displacements` of all pairs of observations of one
    tracklet that are g frames apart (0.997: the three standard deviations of
    the paper's thresholds), or that of fewer frames where it is larger.
    Where fewer than ``min_pairs`` are so far apart, the limit of the last
    gap that has enough goes on in proportion to time; without any such gap
    there is no limit.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        max_gap: Largest number of frames wanted.
        quantile: See above.
        min_pairs: See above.

    Returns:
        (max_gap + 1,) float64, never descending; entry g is that of g
        frames, entry 0 is 0.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    frames, ids = np.asarray(frames), np.asarray(tracklet_ids)
    order = np.lexsort((frames, ids))
    boxes, frames, ids = boxes[order], frames[order], ids[order]
    gaps, moves = [np.zeros(0, np.int64)], [np.zeros(0)]
    for step in range(1, min(max_gap, len(ids) - 1) + 1):
        gap = frames[step:] - frames[:-step]
        rows = np.flatnonzero((ids[step:] == ids[:-step]) & (gap <= max_gap))
        gaps.append(gap[rows])
        moves.append(displacements(boxes[rows], boxes[rows + step]))
    gap, move = np.concatenate(gaps), np.concatenate(moves)
    limits = np.full(max_gap + 1, np.inf)
    limits[0], known = 0.0, 0
    for g in range(1, max_gap + 1):
        moved = move[gap == g]
        if len(moved) >= min_pairs:
            limits[g] = max(limits[known], np.quantile(moved, quantile))
            known = g
        elif known:
            limits[g] = limits[known] * g / known
    return np.maximum.accumulate(limits)


def implausible_pairs(
        boxes: ArrayLike, frames: ArrayLike, tracklet_ids: ArrayLike,
        limits: ArrayLike) -> NDArray[np.int64]:
    """Tracklets that are too far from one another to be one person.

    Of tracklet a, which ends g frames before b begins: those with a
    displacement from the last box of a to the first of b above
    ``limits[g]``. Tracklets that share frames, or that are further apart in
    time than there are limits, are none of its business.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        limits: (G + 1,) see :func:`displacement_limits`.

    Returns:
        (K, 2) int64 pairs (a, b), tracklets counted from 0 in increasing id.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    frames, limits = np.asarray(frames), np.asarray(limits)
    names, tracklet = np.unique(tracklet_ids, return_inverse=True)
    if not len(names):
        return np.zeros((0, 2), dtype=np.int64)
    order = np.lexsort((frames, tracklet))
    starts = np.flatnonzero(np.diff(tracklet[order], prepend=-1))
    first, last = order[starts], order[np.append(starts[1:], len(order)) - 1]
    by_first = np.argsort(frames[first], kind='stable')
    begin = frames[first][by_first]
    low = np.searchsorted(begin, frames[last], side='right')
    high = np.searchsorted(
        begin, frames[last] + len(limits) - 1, side='right')
    a = np.repeat(np.arange(len(names)), high - low)
    skip = np.repeat(np.cumsum(high - low) - high, high - low)
    b = by_first[np.arange(len(a)) - skip]
    gap = frames[first[b]] - frames[last[a]]
    too_far = displacements(boxes[last[a]], boxes[first[b]]) > limits[gap]
    return np.stack([a, b], axis=1)[too_far].astype(np.int64)


@TASK_UTILS.register_module()
class MotionGate:
    """Forbids merges for which a person would have to jump.

    Beyond the paper, for :class:`TrackletMerger`: limits are taken from the
    tracklets of the video, see :func:`displacement_limits`.

    Args:
        quantile: See there.
        min_pairs: See there.
    """

    def __init__(
            self, quantile: float = 0.997, min_pairs: int = 50) -> None:
        if not 0 <= quantile <= 1:
            raise ValueError(f'quantile is {quantile}, not in [0, 1]')
        if min_pairs < 1:
            raise ValueError(f'min_pairs is {min_pairs}, below 1')
        self.quantile = quantile
        self.min_pairs = min_pairs

    def forbidden(
            self, boxes: ArrayLike, frames: ArrayLike,
            tracklet_ids: ArrayLike, max_gap: int) -> NDArray[np.int64]:
        """Pairs of tracklets that must not become one track.

        Args:
            boxes: (N, 4) x1, y1, x2, y2 in pixels.
            frames: (N,) integers.
            tracklet_ids: (N,) integers.
            max_gap: Largest gap in frames that a merge may bridge.

        Returns:
            (K, 2) int64, see :func:`implausible_pairs`.
        """
        limits = displacement_limits(
            boxes, frames, tracklet_ids, max_gap, self.quantile,
            self.min_pairs)
        return implausible_pairs(boxes, frames, tracklet_ids, limits)
