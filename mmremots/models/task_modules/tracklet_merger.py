"""Merging short-term tracklets into tracks (paper, section 2.5)."""
from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.similarities import unit_features
from mmremots.registry import TASK_UTILS

#: Distances are compared in steps of 2**-32: what is equal but for rounding
#: is a tie.
_STEPS = 2.0 ** 32

#: Rows at a time where features may be larger than memory or the cache.
_BLOCK = 256

_NEVER = 1 << 62


def tracklet_distances(
        features: NDArray, frames: ArrayLike, tracklet_ids: ArrayLike,
        max_gap: int) -> NDArray[np.float64]:
    """Distances of all pairs of tracklets (paper, equation 3).

    The mean of ``1 - cos`` over all pairs of observations, one of each
    tracklet. For unit features that is ``1 - S1 . S2 / (n1 n2)`` with the
    sums S and counts n of the two. ``inf`` where

    - both are the same tracklet,
    - the gap, that is the least difference of a frame of one and a frame of
      the other (1 for adjacent frames), is above ``max_gap``, or
    - they have a frame in common.

    Args:
        features: (N, D) real numbers, of any length; may be a memory map. A
            feature of zeros has cosine 0 with anything.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        max_gap: Largest gap in frames.

    Returns:
        (T, T) float64 in [0, 2], or ``inf``; tracklets in increasing id.

    Raises:
        ValueError: If lengths differ, a feature is not finite, ``max_gap``
            is negative or a tracklet stands in a frame twice.
    """
    tracklets = _tracklets(features, frames, tracklet_ids, max_gap)
    first, last = tracklets.first, tracklets.last
    # Of two runs of frames; 0 or less where they share one.
    gaps = np.maximum(first[:, None] - last, first - last[:, None])
    if len(gaps):
        starts = np.flatnonzero(np.diff(tracklets.of_run, prepend=-1))
        gaps = np.minimum.reduceat(gaps, starts, axis=0)
        gaps = np.minimum.reduceat(gaps, starts, axis=1)
    means = tracklets.sums / tracklets.counts[:, None]
    distances = np.clip(1 - means @ means.T, 0.0, 2.0)
    distances[(gaps < 1) | (gaps > max_gap)] = np.inf
    return distances


def merge_tracklets(
        features: NDArray, frames: ArrayLike, tracklet_ids: ArrayLike,
        max_gap: int, distance_thr: float) -> NDArray[np.int64]:
    """Agglomerative clustering of tracklets under constraints.

    The closest pair of clusters merges first, until none is below
    ``distance_thr`` (strictly). Distance and constraints of two clusters are
    those of :func:`tracklet_distances`, over all observations of each: at
    every step, no two clusters merge that share a frame or whose gap is
    above ``max_gap``. Of pairs equally close (to 2**-32) the one with the
    lowest tracklet goes first, then the one with the lowest second; a
    cluster goes by the lowest tracklet in it.

    Only clusters within the gap are ever looked at: time grows with the
    number of such pairs, memory with the number of tracklets (12 bytes for
    each of their D numbers).

    Args:
        features: (N, D) real numbers, of any length; may be a memory map.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        max_gap: Largest gap in frames (the paper's theta^t, 15).
        distance_thr: The paper's 1 - theta_merge.

    Returns:
        (T,) int64 cluster of each tracklet, tracklets in increasing id;
        clusters count from 0 in order of their first tracklet.

    Raises:
        ValueError: As :func:`tracklet_distances`, or if ``distance_thr`` is
            NaN.
    """
    if np.isnan(distance_thr):
        raise ValueError('distance_thr is NaN')
    tracklets = _tracklets(features, frames, tracklet_ids, max_gap)
    owner = _Agglomeration(tracklets, max_gap, distance_thr).run()
    return np.unique(owner, return_inverse=True)[1].astype(np.int64)


@TASK_UTILS.register_module()
class TrackletMerger:
    """Merges tracklets of one class into tracks.

    Args:
        max_gap: Largest gap in frames that a merge may bridge. Defaults to
            15, as in the paper.
        threshold: Config of the rule for ``theta``, called with the
            similarities within frames and within tracklets of a video.
            Defaults to ``dict(type='CrossingThreshold')``.
    """

    def __init__(
            self, max_gap: int = 15,
            threshold: dict[str, Any] | None = None) -> None:
        if max_gap < 0:
            raise ValueError(f'max_gap is {max_gap}, below 0')
        self.max_gap = max_gap
        self.threshold = TASK_UTILS.build(
            threshold or dict(type='CrossingThreshold'))

    def merge(
            self, features: NDArray, frames: ArrayLike,
            tracklet_ids: ArrayLike, labels: ArrayLike,
            theta: float) -> NDArray[np.int64]:
        """Give each observation its track.

        Args:
            features: (N, D) real numbers; may be a memory map.
            frames: (N,) integers.
            tracklet_ids: (N,) integers.
            labels: (N,) class; the same within a tracklet.
            theta: Tracklets above this similarity merge.

        Returns:
            (N,) int64 track ids from 1, in order of the lowest tracklet id.

        Raises:
            ValueError: As :func:`merge_tracklets`, or if a tracklet has two
                classes.
        """
        frames = np.asarray(frames, dtype=np.int64)
        if not len(frames):
            return np.zeros(0, dtype=np.int64)
        ids, tracklet = np.unique(tracklet_ids, return_inverse=True)
        _, label = np.unique(labels, return_inverse=True)
        label_of = np.zeros(len(ids), dtype=np.int64)
        label_of[tracklet] = label
        if (label_of[tracklet] != label).any():
            bad = tracklet[label_of[tracklet] != label][0]
            raise ValueError(f'tracklet {ids[bad]} has two classes')
        # Classes live in times of their own, out of reach of one another.
        era = np.ptp(frames) + self.max_gap + 1
        clusters = merge_tracklets(
            features, frames + label * era, tracklet_ids, self.max_gap,
            1 - theta)
        return clusters[tracklet] + 1


class _Tracklets(NamedTuple):
    """What distances and constraints need to know of T tracklets.

    A run is a row of adjacent frames; a tracklet without holes is one run.
    Runs are in order of tracklet, then of frame.
    """

    sums: NDArray[np.float64]  # (T, D) of unit features
    counts: NDArray[np.int64]  # (T,) observations
    of_run: NDArray[np.int64]  # (R,) tracklet
    first: NDArray[np.int64]  # (R,) frame
    last: NDArray[np.int64]  # (R,) frame


def _tracklets(
        features: NDArray, frames: ArrayLike, tracklet_ids: ArrayLike,
        max_gap: int) -> _Tracklets:
    times, names = np.asarray(frames), np.asarray(tracklet_ids)
    if np.ndim(features) != 2 or not (
            times.shape == names.shape == (len(features),)):
        raise ValueError(
            f'features {np.shape(features)}, frames {times.shape} and '
            f'tracklet_ids {names.shape} do not fit')
    if max_gap < 0:
        raise ValueError(f'max_gap is {max_gap}, below 0')
    ids, tracklet = np.unique(names, return_inverse=True)
    order = np.lexsort((times, tracklet))
    time, owner = times[order].astype(np.int64), tracklet[order]
    same, step = np.diff(owner) == 0, np.diff(time)
    if (same & (step == 0)).any():
        bad = int(np.argmax(same & (step == 0)))
        raise ValueError(
            f'tracklet {ids[owner[bad]]} stands in frame {time[bad]} twice')
    goes_on = same & (step == 1)
    starts = np.flatnonzero(np.concatenate([[True], ~goes_on])[:len(time)])
    stops = np.flatnonzero(np.concatenate([~goes_on, [True]])[:len(time)])
    return _Tracklets(
        _sum_of_units(features, tracklet, len(ids)),
        np.bincount(tracklet, minlength=len(ids)),
        owner[starts], time[starts], time[stops])


def _sum_of_units(
        features: NDArray, tracklet: NDArray[np.int64],
        num_tracklets: int) -> NDArray[np.float64]:
    sums = np.zeros((num_tracklets, features.shape[1]))
    for top in range(0, len(features), _BLOCK):
        unit = unit_features(features[top:top + _BLOCK])
        owner = tracklet[top:top + _BLOCK]
        order = np.argsort(owner, kind='stable')
        starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
        sums[owner[order][starts]] += np.add.reduceat(unit[order], starts)
    return sums


class _Agglomeration:
    """The state of :func:`merge_tracklets`.

    A cluster is named by its lowest tracklet. A heap holds the pairs below
    the threshold; one that a later merge has outdated is skipped when it
    comes up. A pair enters when one of its clusters is new, so each merge
    looks once at the clusters near the result: also at those that were too
    far from one part of it in time, or in distance.
    """

    def __init__(
            self, tracklets: _Tracklets, max_gap: int,
            distance_thr: float) -> None:
        self.sums, self.counts = tracklets.sums, tracklets.counts
        # A rounded copy to screen pairs with, and what rounding can do.
        self.coarse = self.sums.astype(np.float32)
        slack = (self.sums.shape[1] + 4) * 2.0 ** -24 + 2 / _STEPS
        self.least_cosine = 1 - distance_thr - slack
        self.distance_thr = distance_thr

        num = len(self.counts)
        self.of_run = tracklets.of_run
        self.owner = np.arange(num)
        self.members = [[k] for k in range(num)]
        self.changed = [0] * num  # Number of the last merge.
        self.near: list[NDArray | None] = [None] * num
        self._index_runs(tracklets, max_gap)

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
            self._join(i, j)
            others = self._close_to(i)
            for key, k in zip(*self._keys(i, others), strict=True):
                heappush(heap, (key, min(i, k), max(i, k), merges))
        return self.owner

    def _index_runs(self, tracklets: _Tracklets, max_gap: int) -> None:
        """Runs by start and by end: those near a run are one slice each."""
        first, last = tracklets.first, tracklets.last
        starts = np.flatnonzero(np.diff(self.of_run, prepend=-1))
        self.run_slices = np.append(starts, len(first))
        self.by_first = np.argsort(first, kind='stable')
        self.by_last = np.argsort(last, kind='stable')
        sorted_first, sorted_last = first[self.by_first], last[self.by_last]
        self.after = np.searchsorted(
            sorted_first, [last + 1, last + max_gap + 1]).T
        self.before = np.searchsorted(
            sorted_last, [first - max_gap, first]).T
        # First and last frame of each run of a cluster, and of all of it.
        spans = np.stack([first, last], axis=1)
        self.spans = np.split(spans, starts[1:]) if len(starts) else []
        self.first = first[starts]
        self.last = np.maximum.reduceat(last, starts) if len(last) else last

    def _first_pairs(self) -> list[tuple[int, int, int, int]]:
        """Heap entries of all pairs of tracklets below the threshold.

        Runs in order of their end: the runs that start soon after those of
        a block are one slice of the runs in order of their start, and their
        cosines one product of matrices.
        """
        entries: list[tuple[int, int, int, int]] = []
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
            within = start[row] - low <= column
            within &= column < stop[row] - low
            i, j = rows[row[within]], columns[column[within]]
            entries.extend(
                pair for pair in self._entries(i, j)
                if not self._share_frame(pair[1], np.array([pair[2]]))[0])
        # Tracklets of several runs may have met several times.
        return list(set(entries))

    def _entries(
            self, i: NDArray, j: NDArray) -> list[tuple[int, int, int, int]]:
        low, high = np.minimum(i, j), np.maximum(i, j)
        entries = []
        for top in range(0, len(i), _BLOCK):
            part = slice(top, top + _BLOCK)
            keys, below = self._exact(low[part], high[part])
            entries += [
                (key, a, b, 0) for key, a, b in zip(
                    keys[below].tolist(), low[part][below].tolist(),
                    high[part][below].tolist(), strict=True)]
        return entries

    def _exact(self, i: NDArray, j: NDArray) -> tuple[NDArray, NDArray]:
        """Distances in steps, and which are below the threshold."""
        dots = np.einsum('ij,ij->i', self.sums[i], self.sums[j])
        distances = 1 - dots / (self.counts[i] * self.counts[j])
        steps = np.rint(np.clip(distances, 0, 2) * _STEPS).astype(np.int64)
        return steps, steps < np.rint(self.distance_thr * _STEPS)

    def _keys(
            self, i: int, others: NDArray) -> tuple[list[int], list[int]]:
        """Of the clusters below the threshold from i: keys and names."""
        likely = self.coarse[others] @ self.coarse[i]
        others = others[likely >= (
            self.least_cosine * self.counts[i]) * self.counts[others]]
        keys, below = self._exact(np.full(len(others), i), others)
        return keys[below].tolist(), others[below].tolist()

    def _join(self, i: int, j: int) -> None:
        """Make i the union of clusters i and j."""
        near = np.concatenate([self._near(i), self._near(j)])
        self.near[j] = None
        self.owner[self.members[j]] = i
        self.members[i] += self.members[j]
        self.members[j] = []
        self.sums[i] += self.sums[j]
        self.coarse[i] = self.sums[i]
        self.counts[i] += self.counts[j]
        spans = np.concatenate([self.spans[i], self.spans[j]])
        self.spans[i] = spans[np.argsort(spans[:, 0])]
        self.first[i] = min(self.first[i], self.first[j])
        self.last[i] = max(self.last[i], self.last[j])
        near = np.unique(self.owner[near])
        near = near[near != i]
        # Once two clusters share a frame, they do so for good.
        self.near[i] = near[~self._share_frame(i, near)]

    def _close_to(self, i: int) -> NDArray[np.int64]:
        near = self.near[i]
        assert near is not None
        return near

    def _near(self, i: int) -> NDArray[np.int64]:
        """Tracklets within the gap of i, one or more of each cluster.

        Those known to share a frame with i may be missing.
        """
        known = self.near[i]
        if known is not None:
            return known
        return np.concatenate([
            self.of_run[order[start:stop]]
            for run in range(self.run_slices[i], self.run_slices[i + 1])
            for order, (start, stop) in (
                (self.by_first, self.after[run]),
                (self.by_last, self.before[run]))])

    def _share_frame(self, i: int, others: NDArray) -> NDArray[np.bool_]:
        """Which of the other clusters have a frame in common with i."""
        shared = (self.first[others] <= self.last[i]) & (
            self.last[others] >= self.first[i])
        spans = self.spans[i]
        for k in np.flatnonzero(shared):
            theirs = self.spans[others[k]]
            # The first run of i that ends at their start or later.
            run = np.searchsorted(spans[:, 1], theirs[:, 0])
            meets = run < len(spans)
            shared[k] = (
                spans[run[meets], 0] <= theirs[meets, 1]).any()
        return shared
