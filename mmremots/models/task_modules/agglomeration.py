"""Constrained agglomerative clustering of rows of frames."""
from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.similarities import unit_features

#: Distances are compared in steps of 2**-32: what is equal but for rounding
#: is a tie.
_STEPS = 2.0 ** 32

#: Rows at a time where features may be larger than memory or the cache.
_BLOCK = 128

_NEVER = 1 << 62

#: An entry of the heap: distance in steps, the two clusters, number of merges
#: when it was made.
_Pair = tuple[float, int, int, int]


class Tracklets(NamedTuple):
    """What distances and constraints need to know of T tracklets.

    A run is a row of adjacent frames; a tracklet without holes is one run.
    Runs are in order of tracklet, then of frame.
    """

    sums: NDArray[np.float64]  # (T, D) of unit features
    counts: NDArray[np.int64]  # (T,) observations
    of_run: NDArray[np.int64]  # (R,) tracklet
    first: NDArray[np.int64]  # (R,) frame
    last: NDArray[np.int64]  # (R,) frame


def collect_tracklets(
        features: NDArray, frames: ArrayLike,
        tracklet_ids: ArrayLike) -> Tracklets:
    """Sum up the observations of each tracklet, in increasing id.

    Args:
        features: (N, D) real numbers, of any length; may be a memory map.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.

    Raises:
        ValueError: If lengths differ or a feature is not finite.
    """
    times, names = np.asarray(frames), np.asarray(tracklet_ids)
    if np.ndim(features) != 2 or not (
            times.shape == names.shape == (len(features),)):
        raise ValueError(
            f'features {np.shape(features)}, frames {times.shape} and '
            f'tracklet_ids {names.shape} do not fit')
    ids, tracklet = np.unique(names, return_inverse=True)
    sums = np.zeros((len(ids), features.shape[1]))
    for top in range(0, len(features), _BLOCK):
        # A plain loop: each row is long, and in the cache.
        for k, unit in zip(
                tracklet[top:top + _BLOCK].tolist(),
                unit_features(features[top:top + _BLOCK]), strict=True):
            sums[k] += unit

    order = np.lexsort((times, tracklet))
    time, owner = times[order].astype(np.int64), tracklet[order]
    new = (np.diff(owner) != 0) | (np.diff(time) > 1)
    starts = np.append(0, np.flatnonzero(new) + 1)[:len(time)]
    stops = np.append(np.flatnonzero(new), len(time) - 1)[:len(time)]
    return Tracklets(
        sums, np.bincount(tracklet, minlength=len(ids)), owner[starts],
        time[starts], time[stops])


def agglomerate(
        tracklets: Tracklets, max_gap: int,
        distance_thr: float) -> NDArray[np.int64]:
    """The algorithm of ``merge_tracklets``, which says what it does.

    Returns:
        (T,) int64, for each tracklet the lowest tracklet of its cluster.

    Raises:
        ValueError: If ``max_gap`` is negative or ``distance_thr`` is NaN.
    """
    if max_gap < 0:
        raise ValueError(f'max_gap is {max_gap}, below 0')
    if np.isnan(distance_thr):
        raise ValueError('distance_thr is NaN')
    return _Agglomeration(tracklets, max_gap, distance_thr).run()


class _Agglomeration:
    """The state of :func:`agglomerate`.

    A cluster is named by its lowest tracklet. A heap holds the pairs below
    the threshold; one that a later merge has outdated is skipped when it
    comes up. Each merge looks once at all clusters near the result, also at
    those that were too far from one part of it, in time or in distance.
    """

    def __init__(
            self, tracklets: Tracklets, max_gap: int,
            distance_thr: float) -> None:
        num, dims = tracklets.sums.shape
        self.sums, self.counts = tracklets.sums, tracklets.counts
        # A rounded copy to screen pairs with, and what rounding can do.
        self.coarse = self.sums.astype(np.float32)
        slack = (dims + 8) * 2.0 ** -24 + 2 / _STEPS
        self.least_cosine = 1 - distance_thr - slack
        self.steps_thr = np.rint(distance_thr * _STEPS)
        self.owner = np.arange(num)
        self.members = [[k] for k in range(num)]
        self.changed = [0] * num  # The merge that made it, or ended it.
        self.near: list[NDArray | None] = [None] * num

        # Runs by start and by end: those close to a run are a slice of each.
        first, last = tracklets.first, tracklets.last
        self.of_run = tracklets.of_run
        self.by_first = np.argsort(first, kind='stable')
        self.by_last = np.argsort(last, kind='stable')
        self.after = np.searchsorted(
            first[self.by_first], [last + 1, last + max_gap + 1]).T
        self.before = np.searchsorted(
            last[self.by_last], [first - max_gap, first]).T
        # The runs of each cluster, (2, R) first and last frames; and their
        # outermost frames.
        starts = np.flatnonzero(np.diff(self.of_run, prepend=-1))
        self.runs_of = np.append(starts, len(first))
        spans = np.stack([first, last])
        self.spans = np.split(spans, starts[1:], axis=1) if num else []
        self.first = first[starts]
        self.last = last[self.runs_of[1:] - 1]
        self.has_holes = np.diff(self.runs_of) > 1

    def run(self) -> NDArray[np.int64]:
        """Merge all there is to merge; the cluster of each tracklet."""
        merges = 0
        heap = self._first_pairs()
        heapify(heap)
        while heap:
            _, i, j, then = heappop(heap)
            if max(self.changed[i], self.changed[j]) > then:
                continue
            merges += 1
            self.changed[i], self.changed[j] = merges, _NEVER
            near = self._join(i, j)
            likely = self.coarse[near] @ self.coarse[i]
            near = near[likely >= (
                self.least_cosine * self.counts[i]) * self.counts[near]]
            for pair in self._pairs(np.full(len(near), i), near, merges):
                heappush(heap, pair)
        return self.owner

    def _first_pairs(self) -> list[_Pair]:
        """Heap entries of all pairs of tracklets.

        Runs in order of their end: the runs that start soon after those of
        a block are one slice of the runs in order of their start, and their
        cosines one product of matrices.
        """
        pairs: list[_Pair] = []
        for top in range(0, len(self.by_last), _BLOCK):
            runs = self.by_last[top:top + _BLOCK]
            start, stop = self.after[runs].T
            low, high = start.min(), stop.max()
            rows = self.of_run[runs]
            columns = self.of_run[self.by_first[low:high]]
            likely = self.coarse[rows] @ self.coarse[columns].T
            likely /= self.counts[columns]
            row, column = np.nonzero(
                likely >= self.least_cosine * self.counts[rows, None])
            close = (start[row] - low <= column) & (column < stop[row] - low)
            i, j = rows[row[close]], columns[column[close]]
            # Other runs of the two may share a frame.
            fine = ~(self.has_holes[i] | self.has_holes[j])
            for k in np.flatnonzero(~fine):
                fine[k] = not self._share_frame(i[k], j[k:k + 1])[0]
            pairs += self._pairs(i[fine], j[fine], 0)
        # Tracklets with holes may have met several times.
        return list(set(pairs))

    def _pairs(self, i: NDArray, j: NDArray, merges: int) -> list[_Pair]:
        """Heap entries of those pairs (i, j) that are below the threshold."""
        pairs: list[_Pair] = []
        for top in range(0, len(i), _BLOCK):
            low = np.minimum(i[top:top + _BLOCK], j[top:top + _BLOCK])
            high = np.maximum(i[top:top + _BLOCK], j[top:top + _BLOCK])
            dots = np.einsum('ij,ij->i', self.sums[low], self.sums[high])
            distances = 1 - dots / (self.counts[low] * self.counts[high])
            steps = np.rint(np.clip(distances, 0, 2) * _STEPS)
            below = steps < self.steps_thr
            pairs += [
                (*pair, merges) for pair in zip(
                    steps[below].tolist(), low[below].tolist(),
                    high[below].tolist(), strict=True)]
        return pairs

    def _join(self, i: int, j: int) -> NDArray[np.int64]:
        """Make i the union of i and j; the clusters it may merge with."""
        near = np.concatenate([self._near(i), self._near(j)])
        self.near[j] = None
        self.owner[self.members[j]] = i
        self.members[i] += self.members[j]
        self.members[j] = []
        self.sums[i] += self.sums[j]
        self.coarse[i] = self.sums[i]
        self.counts[i] += self.counts[j]
        spans = np.concatenate([self.spans[i], self.spans[j]], axis=1)
        self.spans[i] = spans[:, np.argsort(spans[0])]
        self.first[i], self.last[i] = self.spans[i][[0, 1], [0, -1]]
        self.has_holes[i] = True
        near = np.sort(self.owner[near])
        keep = near != i
        keep[1:] &= near[1:] != near[:-1]
        near = near[keep]
        # Once two clusters share a frame, they do so for good.
        near = near[~self._share_frame(i, near)]
        self.near[i] = near
        return near

    def _near(self, i: int) -> NDArray[np.int64]:
        """One or more tracklets of each cluster within the gap of i.

        Those that share a frame with i may be among them or not.
        """
        known = self.near[i]
        if known is not None:
            return known
        return np.concatenate([
            self.of_run[order[start:stop]]
            for run in range(self.runs_of[i], self.runs_of[i + 1])
            for order, (start, stop) in (
                (self.by_first, self.after[run]),
                (self.by_last, self.before[run]))])

    def _share_frame(self, i: int, others: NDArray) -> NDArray[np.bool_]:
        """Which of the other clusters have a frame in common with i."""
        first, last = self.spans[i]

        def meets(firsts: NDArray, lasts: NDArray) -> NDArray[np.bool_]:
            # The first run of i that ends when they start, or later.
            run = np.searchsorted(last, firsts)
            return (run < len(last)) & (
                first[np.minimum(run, len(last) - 1)] <= lasts)

        shared = meets(self.first[others], self.last[others])
        unsure = np.flatnonzero(shared & self.has_holes[others])
        if len(unsure):
            spans = [self.spans[k] for k in others[unsure].tolist()]
            ends = list(accumulate(span.shape[1] for span in spans))
            shared[unsure] = np.logical_or.reduceat(
                meets(*np.concatenate(spans, axis=1)), [0, *ends[:-1]])
        return shared
