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
        boxes_b: (N, 4), the same later.

    Returns:
        (N,) float64; ``inf`` for boxes without a height.
    """
    a = np.asarray(boxes_a, dtype=np.float64).reshape(-1, 4)
    b = np.asarray(boxes_b, dtype=np.float64).reshape(-1, 4)
    moved = (b[:, :2] + b[:, 2:] - a[:, :2] - a[:, 2:]) / 2
    height = (a[:, 3] - a[:, 1] + b[:, 3] - b[:, 1]) / 2
    distance = np.hypot(moved[:, 0], moved[:, 1])
    return np.divide(distance, height, where=height > 0,
                     out=np.full(len(distance), np.inf))


def implausible_pairs(
        boxes: ArrayLike, frames: ArrayLike, tracklet_ids: ArrayLike,
        speed: float, allowance: float, max_gap: int) -> NDArray[np.int64]:
    """Tracklets that are too far from one another to be one person.

    Of tracklet a, which ends g frames before b begins, those whose last and
    first box are more than ``allowance + speed * g`` apart, in heights (see
    :func:`displacements`). Tracklets that share frames, or that are further
    apart in time than ``max_gap``, are none of its business.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        speed: In heights a frame.
        allowance: In heights.
        max_gap: In frames.

    Returns:
        (K, 2) int64 pairs (a, b), tracklets counted from 0 in increasing id.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    frames = np.asarray(frames)
    names, tracklet = np.unique(tracklet_ids, return_inverse=True)
    if not len(names):
        return np.zeros((0, 2), dtype=np.int64)
    order = np.lexsort((frames, tracklet))
    starts = np.flatnonzero(np.diff(tracklet[order], prepend=-1))
    first, last = order[starts], order[np.append(starts[1:], len(order)) - 1]
    by_first = np.argsort(frames[first], kind='stable')
    begin = frames[first][by_first]
    low = np.searchsorted(begin, frames[last], side='right')
    high = np.searchsorted(begin, frames[last] + max_gap, side='right')
    a = np.repeat(np.arange(len(names)), high - low)
    skip = np.repeat(np.cumsum(high - low) - high, high - low)
    b = by_first[np.arange(len(a)) - skip]
    gap = frames[first[b]] - frames[last[a]]
    moved = displacements(boxes[last[a]], boxes[first[b]])
    too_far = moved > allowance + speed * gap
    return np.stack([a, b], axis=1)[too_far].astype(np.int64)


@TASK_UTILS.register_module()
class MotionVeto:
    """Forbids merges for which a person would have to jump.

    Beyond the paper, for :class:`TrackletMerger`. Motion may only forbid:
    which of the allowed merges are made is for appearance to say. The
    highest speed is that of the video's own links that flow alone is sure
    of (:func:`~mmremots.structures.sure_links`): they know nothing of
    appearance, and hardly ever jump to somebody else.

    Args:
        quantile: Of the displacements of sure links, the highest speed a
            frame. Defaults to 0.99.
        allowance: Heights a box may be off in any case, since boxes of
            people who are half hidden are half as high, and their centers
            elsewhere. Defaults to 0.5.
        min_links: With fewer sure links nothing is forbidden.
    """

    def __init__(
            self, quantile: float = 0.99, allowance: float = 0.5,
            min_links: int = 50) -> None:
        if not 0 <= quantile <= 1:
            raise ValueError(f'quantile is {quantile}, not in [0, 1]')
        if not allowance >= 0:
            raise ValueError(f'allowance is {allowance}, below 0')
        if min_links < 1:
            raise ValueError(f'min_links is {min_links}, below 1')
        self.quantile = quantile
        self.allowance = allowance
        self.min_links = min_links

    def forbidden(
            self, boxes: NDArray, frames: ArrayLike,
            tracklet_ids: ArrayLike, links: ArrayLike,
            max_gap: int) -> NDArray[np.int64]:
        """Pairs of tracklets that must not become one track.

        Args:
            boxes: (N, 4) x1, y1, x2, y2 in pixels.
            frames: (N,) integers.
            tracklet_ids: (N,) integers.
            links: (L, 2) rows of the two masks of each sure link.
            max_gap: Largest gap in frames that a merge may bridge.

        Returns:
            (K, 2) int64, see :func:`implausible_pairs`.
        """
        rows = np.asarray(links, dtype=np.int64).reshape(-1, 2)
        if len(rows) < self.min_links:
            return np.zeros((0, 2), dtype=np.int64)
        moved = displacements(boxes[rows[:, 0]], boxes[rows[:, 1]])
        return implausible_pairs(
            boxes, frames, tracklet_ids,
            float(np.quantile(moved, self.quantile)), self.allowance,
            max_gap)
