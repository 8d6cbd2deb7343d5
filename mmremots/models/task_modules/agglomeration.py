"""The clustering behind ``merge_tracklets``, fast on long videos."""
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


class _Near(NamedTuple):
    """What a cluster knows of those near it."""

    names: NDArray[np.int64]
    bounds: NDArray[np.float64]  # Upper, of the products of the sums.
    counts: NDArray[np.int64]  # Observations they had then.


class _Agglomeration:
    """The state of :func:`agglomerate`.

    A cluster is named by its lowest tracklet. A heap holds the pairs below
    the threshold; one that a later merge has outdated is skipped when it
    comes up. Each merge looks once at all clusters near the result, also at
    those that were too far from one part of it, in time or in distance.

    Most of those are other people. To tell so without a product of long
    vectors, a cluster keeps for each one near it an upper bound of the
    product of the two sums, and the number of observations that the other
    had then: what it has gained since can add no more than its number.
    """

    def __init__(
            self, tracklets: Tracklets, max_gap: int,
            distance_thr: float) -> None:
        num, dims = tracklets.sums.shape
        self.sums, self.first_counts = tracklets.sums, tracklets.counts
        self.counts = self.first_counts.copy()
        self.squares = np.einsum('ij,ij->i', self.sums, self.sums)
        # A rounded copy for bounds, and what rounding can do to a cosine.
        self.coarse = self.sums.astype(np.float32)
        self.slack = (dims + 8) * 2.0 ** -24
        self.least_cosine = 1 - distance_thr - 2 / _STEPS - self.slack
        self.steps_thr = np.rint(distance_thr * _STEPS)
        self.owner = np.arange(num)
        self.members = [[k] for k in range(num)]
        # The merge that made it, or ended it.
        self.changed = np.zeros(num, dtype=np.int64)
        self.near: list[_Near | None] = [None] * num

        # Runs by start and by end: those close to a run are a slice of each.
        first, last = tracklets.first, tracklets.last
        self.of_run = tracklets.of_run
        self.by_first = np.argsort(first, kind='stable')
        self.by_last = np.argsort(last, kind='stable')
        self.rank_first = np.argsort(self.by_first)
        self.after = np.searchsorted(
            first[self.by_first], [last + 1, last + max_gap + 1]).T
        self.before = np.searchsorted(
            last[self.by_last], [first - max_gap, first]).T
        # The product of a run with by_first[k] is at products[offset + k].
        start, stop = self.after[self.by_last].T
        self.offset = np.empty(len(first), dtype=np.int64)
        self.offset[self.by_last] = np.cumsum(stop - start) - stop
        # The runs of each cluster, (2, R) first and last frames; and their
        # outermost frames.
        starts = np.flatnonzero(np.diff(self.of_run, prepend=-1))
        self.runs_of = np.append(starts, len(first))
        spans = np.stack([first, last])
        self.spans = np.split(spans, starts[1:], axis=1) if num else []
        self.first = first[starts]
        self.last = last[self.runs_of[1:] - 1]
        self.has_holes = np.diff(self.runs_of) > 1
        self.may_meet_twice = bool(self.has_holes.any())

    def run(self) -> NDArray[np.int64]:
        """Merge all there is to merge; the cluster of each tracklet."""
        merges = 0
        heap = self._first_pairs()
        heapify(heap)
        while heap:
            _, i, j, then = heappop(heap)
            if self.changed[i] > then or self.changed[j] > then:
                continue
            merges += 1
            near = self._join(i, j, merges)
            dots = self.sums[near] @ self.sums[i]
            for pair in self._pairs(np.full(len(near), i), near, dots, merges):
                heappush(heap, pair)
        return self.owner

    def _first_pairs(self) -> list[_Pair]:
        """Heap entries of all pairs of tracklets.

        Runs in order of their end: the runs that start soon after those of
        a block are one slice of the runs in order of their start, and their
        products one product of matrices. All are kept, row by row.
        """
        pairs: list[_Pair] = []
        products = [np.zeros(0, dtype=np.float32)]
        for top in range(0, len(self.by_last), _BLOCK):
            runs = self.by_last[top:top + _BLOCK]
            start, stop = self.after[runs].T
            low, high = start.min(), stop.max()
            rows = self.of_run[runs]
            columns = self.of_run[self.by_first[low:high]]
            product = self.coarse[rows] @ self.coarse[columns].T
            position = np.arange(low, high)
            close = (start[:, None] <= position) & (position < stop[:, None])
            products.append(product[close])
            likely = close & (
                product / self.counts[columns]
                >= self.least_cosine * self.counts[rows, None])
            row, column = np.nonzero(likely)
            i, j = rows[row], columns[column]
            # Other runs of the two may share a frame.
            fine = ~(self.has_holes[i] | self.has_holes[j])
            for k in np.flatnonzero(~fine):
                fine[k] = not self._share_frame(i[k], j[k:k + 1])[0]
            i, j = i[fine], j[fine]
            for part in range(0, len(i), _BLOCK):
                rows = i[part:part + _BLOCK]
                columns = j[part:part + _BLOCK]
                dots = np.einsum(
                    'ij,ij->i', self.sums[rows], self.sums[columns])
                pairs += self._pairs(rows, columns, dots, 0)
        self.products = np.concatenate(products)
        # Tracklets with holes may have met several times.
        return list(set(pairs))

    def _pairs(
            self, i: NDArray, j: NDArray, dots: NDArray,
            merges: int) -> list[_Pair]:
        """Heap entries of those pairs (i, j) that are below the threshold."""
        distances = 1 - dots / (self.counts[i] * self.counts[j])
        steps = np.rint(np.clip(distances, 0, 2) * _STEPS)
        below = steps < self.steps_thr
        return [
            (key, min(a, b), max(a, b), merges) for key, a, b in zip(
                steps[below].tolist(), i[below].tolist(), j[below].tolist(),
                strict=True)]

    def _join(self, i: int, j: int, merges: int) -> NDArray[np.int64]:
        """Make i the union of i and j; the clusters it may merge with."""
        sides = [self._near(i), self._near(j)]
        product = self.sums[i] @ self.sums[j]
        square_i, square_j = self.squares[[i, j]]

        self.changed[i], self.changed[j] = merges, _NEVER
        self.near[j] = None
        self.owner[self.members[j]] = i
        self.members[i] += self.members[j]
        self.members[j] = []
        self.sums[i] += self.sums[j]
        self.coarse[i] = self.sums[i]
        self.squares[i] += square_j + 2 * product
        self.counts[i] += self.counts[j]
        spans = np.concatenate([self.spans[i], self.spans[j]], axis=1)
        self.spans[i] = spans[:, np.argsort(spans[0])]
        self.first[i], self.last[i] = self.spans[i][[0, 1], [0, -1]]
        self.has_holes[i] = True

        names = [self.owner[known.names] for known in sides]
        near = np.sort(np.concatenate(names))
        keep = near != i
        keep[1:] &= near[1:] != near[:-1]
        near = near[keep]
        # Once two clusters share a frame, they do so for good.
        near = near[~self._share_frame(i, near)]
        if not len(near):
            self.near[i] = _Near(near, np.zeros(0), near)
            return near

        bounds = []
        for known, name, square in zip(
                sides, names, (square_i, square_j), strict=True):
            place = np.minimum(np.searchsorted(near, name), len(near) - 1)
            there = near[place] == name
            place = place[there]
            gained = self.counts[near] - np.bincount(
                place, known.counts[there], len(near))
            bounds.append(gained * np.sqrt(square) + np.bincount(
                place, known.bounds[there], len(near)))
        lengths = np.sqrt(self.squares[near])
        bound = np.minimum(bounds[0], _bound_through(
            square_j, product, square_i, bounds[1], lengths))
        bound += np.minimum(bounds[1], _bound_through(
            square_i, product, square_j, bounds[0], lengths))
        most = self.counts[i] * self.counts[near]
        unsure = bound >= self.least_cosine * most
        bound[unsure] = (
            self.coarse[near[unsure]] @ self.coarse[i]
            + self.slack * most[unsure])
        self.near[i] = _Near(near, bound, self.counts[near])
        return near[bound >= self.least_cosine * most]

    def _near(self, i: int) -> _Near:
        """What is known of those within the gap of i.

        Those that share a frame with i may be among them or not.
        """
        known = self.near[i]
        if known:
            return known
        runs, places = [], []
        for run in range(self.runs_of[i], self.runs_of[i + 1]):
            start, stop = self.after[run]
            runs.append(self.by_first[start:stop])
            places.append(self.offset[run] + np.arange(start, stop))
            start, stop = self.before[run]
            runs.append(self.by_last[start:stop])
            places.append(self.offset[runs[-1]] + self.rank_first[run])
        names = self.of_run[np.concatenate(runs)]
        products = self.products[np.concatenate(places)]
        if self.may_meet_twice:
            names, first = np.unique(names, return_index=True)
            products = products[first]
        counts = self.first_counts[names]
        return _Near(
            names, products + self.slack * self.counts[i] * counts, counts)

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


def _bound_through(
        square: float, product: float, square_other: float,
        bound: NDArray[np.float64],
        lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounds of y . z for many z, from bounds of x . z.

    y is a part along x and a rest, which has at most its length in common
    with each z.

    Args:
        square: x . x
        product: x . y
        square_other: y . y
        bound: (K,) upper bounds of x . z
        lengths: (K,) of z
    """
    if product <= 0:
        return np.sqrt(square_other) * lengths
    along = product / square
    rest = np.sqrt(max(0.0, square_other - along * product))
    return along * bound + rest * lengths
