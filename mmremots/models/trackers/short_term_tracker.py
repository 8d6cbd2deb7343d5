"""Short-term tracker: masks of adjacent frames (paper, section 2.3)."""
from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from mmremots.models.motion.dense_flow import warp_labels
from mmremots.models.task_modules.similarities import (
    intra_frame_similarities,
    pair_similarities,
    unit_features,
)
from mmremots.models.task_modules.thresholds import (
    Evidence,
    Threshold,
    crossing,
)
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures.masks import RLE, label_map

#: Least IoU of two masks that flow alone is sure of, and the least IoU with
#: another mask that makes it unsure.
_SURE_IOU = 0.3
_RIVAL_IOU = 0.1
_ENDED: Any = object()


def label_overlaps(
        labels_a: NDArray, labels_b: NDArray, n: int,
        m: int) -> NDArray[np.float64]:
    """IoU of all masks of one label map with all of another.

    All come from one joint histogram, whatever the number of masks.

    Args:
        labels_a: (H, W) integers 0 to n; k + 1 where mask k is.
        labels_b: (H, W) integers 0 to m.
        n: Number of masks in ``labels_a``.
        m: Number of masks in ``labels_b``.

    Returns:
        (n, m) float64 in [0, 1]; 0 for two empty masks.

    Raises:
        ValueError: If shapes differ or a label is out of range.
    """
    if labels_a.shape != labels_b.shape:
        raise ValueError(
            f'label maps of shapes {labels_a.shape} and {labels_b.shape}')
    for labels, highest in ((labels_a, n), (labels_b, m)):
        if labels.size and not (
                labels.min() >= 0 and labels.max() <= highest):
            raise ValueError(
                f'labels from {labels.min()} to {labels.max()}, '
                f'not from 0 to {highest}')
    bins = (n + 1) * (m + 1)
    # The narrowest type: this is all about memory traffic.
    dtype = np.dtype('i2' if bins <= np.iinfo(np.int16).max else 'i8')
    pairs = labels_a.astype(dtype).ravel()
    pairs *= dtype.type(m + 1)
    pairs += labels_b.astype(dtype, copy=False).ravel()
    # Runs of equal pairs are long: count those instead of pixels.
    starts = np.append(0, np.flatnonzero(pairs[1:] != pairs[:-1]) + 1)
    lengths = np.diff(starts, append=pairs.size)
    counts = np.bincount(pairs[starts], weights=lengths, minlength=bins)
    counts = counts.reshape(n + 1, m + 1)
    intersection = counts[1:, 1:]
    union = (
        counts.sum(axis=1)[1:, None] + counts.sum(axis=0)[None, 1:]
        - intersection)
    return intersection / np.maximum(union, 1)


def short_term_cost(
        iou: ArrayLike, feats_prev: ArrayLike, feats_curr: ArrayLike,
        theta: float) -> NDArray[np.float64]:
    """Cost of associating masks of two adjacent frames.

    ``W = 1 - cos(f_prev, f_curr)``; ``inf`` where the IoU is 0 (paper,
    equation 1) and where ``W > 1 - theta`` (equation 2).

    Args:
        iou: (N, M) IoU of warped previous with current masks.
        feats_prev: (N, D) features, of any length.
        feats_curr: (M, D) features.
        theta: Least cosine similarity of a pair.

    Returns:
        (N, M) float64 in [0, 2], or ``inf``.

    Raises:
        ValueError: If shapes do not fit or a feature is not finite.
    """
    unit_prev, unit_curr = unit_features(feats_prev), unit_features(feats_curr)
    overlap = np.asarray(iou, dtype=np.float64)
    if overlap.shape != (len(unit_prev), len(unit_curr)):
        raise ValueError(
            f'iou of shape {overlap.shape} for {len(unit_prev)} and '
            f'{len(unit_curr)} features')
    cost = 1 - np.clip(unit_prev @ unit_curr.T, -1.0, 1.0)
    cost[~(overlap > 0)] = np.inf
    cost[cost > 1 - theta] = np.inf
    return cost


def associate(cost: ArrayLike) -> NDArray[np.int64]:
    """Linear assignment that never takes a forbidden pair.

    As many allowed pairs as possible; among such assignments one of least
    total cost. A row or column may stay alone.

    For scipy's solver a forbidden pair costs more than all allowed ones
    together can: it is taken only where nothing allowed is left, and dropped
    afterwards.

    Args:
        cost: (N, M); ``inf`` forbids.

    Returns:
        (K, 2) int64 row and column of each pair, rows ascending. Equal costs
        give the same pairs every time.

    Raises:
        ValueError: If a cost is NaN or ``-inf``, or the shape is not (N, M).
    """
    matrix = np.asarray(cost, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f'cost of shape {matrix.shape}, not (N, M)')
    if np.isnan(matrix).any() or np.isneginf(matrix).any():
        raise ValueError('a cost is NaN or -inf')
    allowed = np.isfinite(matrix)
    if not allowed.any():
        return np.zeros((0, 2), dtype=np.int64)
    least = matrix[allowed].min()
    spread = matrix[allowed].max() - least
    forbidden = min(matrix.shape) * spread + 1 + spread
    rows, columns = linear_sum_assignment(
        np.where(allowed, matrix - least, forbidden))
    taken = allowed[rows, columns]
    return np.stack([rows[taken], columns[taken]], axis=1).astype(np.int64)


def frames_to_read(
        frames: ArrayLike, num_frames: int) -> NDArray[np.bool_]:
    """Which images the flow between frames with masks needs.

    Args:
        frames: (N,) frame of each mask, 1-based.
        num_frames: Length of the video.

    Returns:
        (num_frames,) bool; entry t - 1 says that frame t has masks and so
        has a neighbour.
    """
    occupied = np.zeros(num_frames + 2, dtype=bool)
    occupied[np.asarray(frames, dtype=np.int64)] = True
    return occupied[1:-1] & (occupied[:-2] | occupied[2:])


class Overlaps(NamedTuple):
    """Pairs of masks of adjacent frames that overlap.

    Attributes:
        previous: (K,) int64 row of the mask in the frame before.
        current: (K,) int64 row of the mask, never descending.
        iou: (K,) float64 in (0, 1], the former warped to the latter.
    """

    previous: NDArray[np.int64]
    current: NDArray[np.int64]
    iou: NDArray[np.float64]

    def among(self, rows: NDArray[np.int64], num: int) -> Overlaps:
        """The overlaps of some of ``num`` masks, counted anew.

        Args:
            rows: (M,) int64, the masks that are left, ascending.
            num: Masks in all.
        """
        place = np.full(num, -1)
        place[rows] = np.arange(len(rows))
        previous, current = place[self.previous], place[self.current]
        kept = (previous >= 0) & (current >= 0)
        return Overlaps(previous[kept], current[kept], self.iou[kept])


def adjacent_overlaps(
        frames: ArrayLike, rles: Sequence[RLE],
        size: Sequence[int] | None, num_frames: int,
        flows: Iterable[NDArray | None] | None = None) -> Overlaps:
    """Which masks of a video lie on which of the frame before.

    Masks and flow decide this alone, so it holds for any encoder.

    Args:
        frames: (N,) integers 1 to ``num_frames``, ascending.
        rles: N masks, disjoint within a frame.
        size: (h, w) of the images; None where there is no mask.
        num_frames: Length of the video.
        flows: For each frame but the first, in order, the flow back to the
            one before (see ``DenseFlow.flows``); where one of the two has no
            mask it may be None. Without flows, masks are compared where
            they are.

    Returns:
        The pairs with an IoU above 0.

    Raises:
        ValueError: If lengths or shapes do not fit, frames are not as
            above, masks of a frame overlap or a flow is missing.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if len(rles) != len(frames):
        raise ValueError(f'{len(frames)} frames, but {len(rles)} rles')
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    if not len(frames):
        return Overlaps(*found[0])
    bounds = _frame_bounds(frames, num_frames)
    if size is None:
        raise ValueError('masks without a size')

    to_prev: Iterator[Any] = chain(
        [None], repeat(None) if flows is None else flows)
    start_prev, map_prev = 0, None
    for t in range(1, num_frames + 1):
        flow = next(to_prev, _ENDED)
        if flow is _ENDED:
            raise ValueError(f'flows end before frame {t} of {num_frames}')
        start, stop = bounds[t - 1], bounds[t]
        map_curr = None
        if stop > start:
            map_curr = label_map(rles[start:stop], size, np.int16)
            if map_prev is not None:
                if flow is not None:
                    map_prev = warp_labels(map_prev, flow)
                elif flows is not None:
                    raise ValueError(f'no flow from frame {t} to {t - 1}')
                iou = label_overlaps(
                    map_prev, map_curr, start - start_prev, stop - start)
                curr, prev = np.nonzero(iou.T)
                found.append(
                    (prev + start_prev, curr + start, iou[prev, curr]))
        start_prev, map_prev = start, map_curr
    return Overlaps(*map(np.concatenate, zip(*found, strict=True)))


def sure_links(
        overlaps: Overlaps, labels: ArrayLike) -> NDArray[np.bool_]:
    """Pairs of masks that are one person, whatever an encoder says.

    Flow lays the former on the latter (IoU of 0.3), and neither has any
    other mask of its class that it might be taken for (IoU of 0.1): people
    who only touch are not mixed up.

    Args:
        overlaps: The K overlaps of a video.
        labels: (N,) class of each mask.

    Returns:
        (K,) bool; a mask is in at most one pair with the frame before, and
        in one with the frame after.
    """
    labels = np.asarray(labels)
    previous, current, iou = overlaps
    rivals = (labels[previous] == labels[current]) & (iou >= _RIVAL_IOU)
    alone = [
        np.bincount(rows[rivals], minlength=len(labels))[rows] == 1
        for rows in (previous, current)]
    return rivals & alone[0] & alone[1] & (iou >= _SURE_IOU)


def chains(
        num: int, previous: NDArray[np.int64],
        current: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tracklets of linked masks.

    Args:
        num: Number of masks.
        previous: (L,) row of the earlier mask of each link; no row twice.
        current: (L,) row of the later one, a higher number; no row twice.

    Returns:
        (num,) int64 tracklet ids from 1, in order of the first row.
    """
    before = np.full(num, -1)
    before[current] = previous
    ids = np.zeros(num, dtype=np.int64)
    ids[before < 0] = np.arange(1, (before < 0).sum() + 1)
    for row in np.flatnonzero(before >= 0):
        ids[row] = ids[before[row]]
    return ids


def sure_similarities(
        features: NDArray, labels: ArrayLike,
        overlaps: Overlaps) -> NDArray[np.float64]:
    """Similarities of one person in adjacent frames: all :func:`sure_links`.

    Args:
        features: (N, D) real numbers; may be a memory map.
        labels: (N,) class of each mask.
        overlaps: The overlaps of a video.

    Returns:
        (P,) float64 in [-1, 1], by row of the later mask.

    Raises:
        ValueError: If a feature is not finite.
    """
    sure = sure_links(overlaps, labels)
    return pair_similarities(
        features, overlaps.previous[sure], overlaps.current[sure])


class Tracked(NamedTuple):
    """Tracklets of a video.

    Attributes:
        ids: (N,) int64 tracklet of each mask, from 1.
        evidence: Of each class the theta that was used, and why; empty
            where appearance was not looked at.
    """

    ids: NDArray[np.int64]
    evidence: dict[int, Evidence]


@MODELS.register_module()
class ShortTermTracker:
    """Links masks of adjacent frames into tracklets.

    Masks of the previous frame are warped along the flow
    (:func:`adjacent_overlaps`); pairs of one class are associated by
    :func:`short_term_cost` and :func:`associate`. Every mask gets an id; one
    that has no partner in the frame before starts a new tracklet, so a
    tracklet has no holes.

    The paper's theta is mean + 3 sigma of the similarities of different
    people, whatever those of one person are. Of an encoder that knows people
    well the former are about normal and the latter far above. Of a weak one
    the former have a long tail, and most true links would be forbidden. So
    ``at_most_crossing`` bounds theta by where the two cross: a higher one
    forbids more true links than it stops false ones. Of one person are
    those in adjacent frames that flow alone is sure of (:func:`sure_links`).

    With ``sure_only`` these are all the links there are, and every doubt is
    left to merging, which sees more of both people than two masks. A
    tracklet is then hardly ever of two people, as the paper assumes.

    Args:
        threshold: Config of the rule for ``theta``, called with the
            intra-frame similarities of a class in a video. Defaults to
            ``dict(type='ThreeSigmaThreshold')``.
        at_most_crossing: See above. Defaults to False, the paper's rule.
        sure_only: See above. Defaults to False, as in the paper.
    """

    def __init__(self, threshold: dict[str, Any] | None = None,
                 at_most_crossing: bool = False,
                 sure_only: bool = False) -> None:
        self.threshold = TASK_UTILS.build(
            threshold or {'type': 'ThreeSigmaThreshold'})
        self.at_most_crossing = at_most_crossing
        self.sure_only = sure_only

    def track(
            self, frames: ArrayLike, labels: ArrayLike, features: NDArray,
            overlaps: Overlaps) -> Tracked:
        """Give each mask of a video its tracklet, each class by itself.

        Args:
            frames: (N,) integers, ascending.
            labels: (N,) class of each mask.
            features: (N, D) real numbers; may be a memory map.
            overlaps: What :func:`adjacent_overlaps` gave for these masks.

        Returns:
            Ids in order of first appearance, and thresholds.

        Raises:
            ValueError: As :meth:`link`.
        """
        frames, labels = np.asarray(frames, dtype=np.int64), np.asarray(labels)
        _check_columns(frames, labels, features, overlaps)
        if self.sure_only:
            sure = sure_links(overlaps, labels)
            return Tracked(chains(
                len(frames), overlaps.previous[sure],
                overlaps.current[sure]), {})
        ids = np.zeros(len(frames), dtype=np.int64)
        evidence = {}
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            mine = features if len(rows) == len(frames) else features[rows]
            pairs = overlaps.among(rows, len(frames))
            different = intra_frame_similarities(mine, frames[rows])
            same = sure_similarities(mine, labels[rows], pairs)
            theta = self.theta(different, same)
            evidence[int(label)] = Evidence(theta, different, same)
            ids[rows] = ids.max(initial=0) + self.link(
                frames[rows], labels[rows], mine, pairs, theta.value)
        _, first, place = np.unique(
            ids, return_index=True, return_inverse=True)
        return Tracked(np.argsort(np.argsort(first))[place] + 1, evidence)

    def theta(self, different: ArrayLike, same: ArrayLike) -> Threshold:
        """The threshold of a class in a video.

        Args:
            different: (P,) intra-frame similarities.
            same: (Q,) :func:`sure_similarities`. Not looked at unless
                ``at_most_crossing``.

        Returns:
            The threshold, with the rule ``crossing`` where that bounds it.

        Raises:
            ValueError: If a similarity is not finite.
        """
        limit = self._limit(different, same)
        with warnings.catch_warnings():
            if limit < np.inf:  # A fallback that is not used is no news.
                warnings.simplefilter('ignore')
            theta = self.threshold(different)
        if limit < theta.value:
            return Threshold(limit, 'crossing')
        if theta.note and limit < np.inf:
            warnings.warn(theta.note, stacklevel=2)
        return theta

    def _limit(self, different: ArrayLike, same: ArrayLike) -> float:
        """Where the similarities cross; infinite where nothing tells."""
        if not self.at_most_crossing or not (
                np.size(different) and np.size(same)):
            return np.inf
        if np.asarray(same).mean() <= np.asarray(different).mean():
            return np.inf
        return crossing(different, same)

    def link(
            self, frames: ArrayLike, labels: ArrayLike, features: NDArray,
            overlaps: Overlaps, theta: float) -> NDArray[np.int64]:
        """Give each mask its tracklet, where theta is known.

        Args:
            frames: (N,) integers, ascending.
            labels: (N,) class of each mask.
            features: (N, D) real numbers; may be a memory map.
            overlaps: What :func:`adjacent_overlaps` gave for these masks.
            theta: Least cosine similarity of two masks of a tracklet.

        Returns:
            (N,) int64 tracklet ids from 1, in order of first appearance.

        Raises:
            ValueError: If lengths do not fit, a feature is not finite, or
                an overlap is not one of adjacent frames.
        """
        frames, labels = np.asarray(frames, dtype=np.int64), np.asarray(labels)
        _check_columns(frames, labels, features, overlaps)
        prev, curr, iou = overlaps
        same_class = labels[prev] == labels[curr]
        prev, curr, iou = prev[same_class], curr[same_class], iou[same_class]

        links = [np.zeros((0, 2), dtype=np.int64)]
        starts = np.flatnonzero(np.diff(frames, prepend=0))
        stops = np.append(starts, len(frames))[1:]
        firsts, lasts = np.searchsorted(curr, starts), np.searchsorted(
            curr, stops)
        for start, stop, first, last in zip(
                starts, stops, firsts, lasts, strict=True):
            if last > first:
                start_prev = int(np.searchsorted(frames, frames[start] - 1))
                overlap = np.zeros((start - start_prev, stop - start))
                overlap[prev[first:last] - start_prev,
                        curr[first:last] - start] = iou[first:last]
                pairs = associate(short_term_cost(
                    overlap, features[start_prev:start],
                    features[start:stop], theta))
                links.append(pairs + np.array([start_prev, start]))
        previous, current = np.concatenate(links).T
        return chains(len(frames), previous, current)


def _check_columns(
        frames: NDArray[np.int64], labels: NDArray, features: NDArray,
        overlaps: Overlaps) -> None:
    for name, column in (('labels', labels), ('features', features)):
        if len(column) != len(frames):
            raise ValueError(
                f'{len(frames)} frames, but {len(column)} {name}')
    prev, curr, _ = overlaps
    if len(curr) and (
            min(prev.min(), curr.min()) < 0 or curr.max() >= len(frames)
            or (frames[curr] - frames[prev] != 1).any()):
        raise ValueError('the overlaps are not of these masks')


def _frame_bounds(
        frames: NDArray[np.int64], num_frames: int) -> list[int]:
    """First row of each frame from 1 on, and the end of the last."""
    if (np.diff(frames) < 0).any():
        raise ValueError('frames are not ascending')
    if frames[0] < 1 or frames[-1] > num_frames:
        raise ValueError(
            f'frames from {frames[0]} to {frames[-1]}, '
            f'not within 1 to {num_frames}')
    return np.searchsorted(frames, np.arange(1, num_frames + 2)).tolist()
