"""Merging short-term tracklets into tracks (paper, section 2.5)."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.agglomeration import (
    Tracklets,
    agglomerate,
    collect_tracklets,
)
from mmremots.models.task_modules.similarities import (
    intra_frame_similarities,
    within_tracklet_similarities,
)
from mmremots.models.task_modules.thresholds import Evidence
from mmremots.models.task_modules.tracking_steps import (
    BaseMerger,
    Tracked,
)
from mmremots.models.task_modules.tracklet_splitting import split_tracklets
from mmremots.registry import TASK_UTILS
from mmremots.structures import Observations, Overlaps, sure_links
from mmremots.structures.durations import frames_in


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
        ValueError: If lengths differ or a feature is not finite.
    """
    tracklets = collect_tracklets(features, frames, tracklet_ids)
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
        max_gap: int, distance_thr: float,
        apart: ArrayLike | None = None) -> NDArray[np.int64]:
    """Agglomerative clustering of tracklets under constraints.

    The closest pair of clusters merges first, until none is below
    ``distance_thr`` (strictly). Distance and constraints of two clusters are
    those of :func:`tracklet_distances`, over all observations of each: at
    every step, no two clusters merge that share a frame or whose gap is
    above ``max_gap``. Of pairs equally close (to 2**-32) the one with the
    lowest tracklet goes first, then the one with the lowest second; a
    cluster goes by the lowest tracklet in it.

    Only clusters within the gap are ever looked at, so time grows with the
    number of such pairs. So does memory: some 30 bytes a pair, besides 12 for
    each of the D numbers of a tracklet.

    Args:
        features: (N, D) real numbers, of any length; may be a memory map.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        max_gap: Largest gap in frames (the paper's theta^t, 15).
        distance_thr: The paper's 1 - theta_merge.
        apart: (K, 2) integers, pairs of tracklets, counted from 0 in
            increasing id, that must not end up in one cluster.

    Returns:
        (T,) int64 cluster of each tracklet, tracklets in increasing id;
        clusters count from 0 in order of their first tracklet.

    Raises:
        ValueError: If lengths differ, a feature is not finite, ``max_gap``
            is negative or ``distance_thr`` is NaN.
    """
    tracklets = collect_tracklets(features, frames, tracklet_ids)
    if apart is not None:
        tracklets = _keep_apart(tracklets, apart, max_gap)
    owner = agglomerate(tracklets, max_gap, distance_thr)
    return np.unique(owner, return_inverse=True)[1].astype(np.int64)


@TASK_UTILS.register_module()
class TrackletMerger(BaseMerger):
    """Merges tracklets into tracks, each class of a video by itself.

    Pairs within a tracklet are those of a few frames, so they are more alike
    than one person is over a whole video, and the paper's theta_merge is too
    high for merges across a change of pose or light. With ``retake`` the
    threshold is taken again from the tracks that it gave, where tracks hold
    pairs across such changes, and the tracklets are merged again, until the
    threshold falls no more. Pairs of different people stay what they are, so
    it never falls below where the tracks are as much like them.

    Args:
        max_gap: Largest gap in frames that a merge may bridge. Defaults to
            15, as in the paper.
        max_seconds: The same in seconds, whatever the frame rate; if given,
            it takes the place of ``max_gap``.
        threshold: Config of the rule for ``theta``, called with the
            similarities within frames and within tracklets of a class in a
            video. Defaults to ``dict(type='CrossingThreshold')``.
        veto: Config of what forbids merges beyond the paper, a
            ``MotionVeto``. Defaults to None.
        retake: See above. Defaults to False, as in the paper.

    Raises:
        ValueError: If a length of time is negative.
    """

    def __init__(
            self, max_gap: int = 15, max_seconds: float | None = None,
            threshold: dict[str, Any] | None = None,
            veto: dict[str, Any] | None = None,
            retake: bool = False) -> None:
        if max_gap < 0:
            raise ValueError(f'max_gap is {max_gap}, below 0')
        if max_seconds is not None and not max_seconds >= 0:
            raise ValueError(f'max_seconds is {max_seconds}, below 0')
        self.max_gap = max_gap
        self.max_seconds = max_seconds
        self.threshold = TASK_UTILS.build(
            threshold or {'type': 'CrossingThreshold'})
        self.veto = TASK_UTILS.build(veto) if veto else None
        self.retake = retake

    def gap(self, frame_rate: float) -> int:
        """Largest gap in frames, for a video of so many frames a second."""
        if self.max_seconds is None:
            return self.max_gap
        return frames_in(self.max_seconds, frame_rate)

    def merge(self, table: Observations, features: NDArray,
              tracklets: NDArray[np.int64], overlaps: Overlaps,
              frame_rate: float) -> Tracked:
        """Give each observation of a video its track.

        Args:
            table: The N fused masks of the video.
            features: (N, D) real numbers; may be a memory map.
            tracklets: (N,) integers; of one class each.
            overlaps: Those of the masks; only the veto needs them.
            frame_rate: Frames a second.

        Returns:
            Track ids, class by class, in order of the lowest tracklet id.

        Raises:
            ValueError: As :func:`merge_tracklets`, or if a tracklet has two
                classes.
        """
        gap = self.gap(frame_rate)

        def of_class(rows: NDArray[np.int64], mine: NDArray, theta: Evidence,
                     ) -> tuple[NDArray[np.int64], Evidence]:
            times, names = table.frames[rows], ids[rows]
            place = np.unique(names, return_inverse=True)[1]
            apart = self._apart(table, rows, names, overlaps, gap)
            while True:
                tracks = merge_tracklets(
                    mine, times, names, gap, 1 - theta.threshold.value,
                    apart)[place]
                if not self.retake:
                    return tracks, theta
                with warnings.catch_warnings():
                    # A fallback that is not used is no news.
                    warnings.simplefilter('ignore')
                    again = self._evidence(
                        mine, times, tracks, theta.different)
                if not again.threshold.value < theta.threshold.value:
                    return tracks, theta
                theta = again

        ids = np.asarray(tracklets)
        return self._each_class(table, features, ids, of_class)

    def split(self, table: Observations, features: NDArray,
              tracklets: NDArray[np.int64]) -> Tracked:
        """Cut tracklets where their parts would not be merged.

        By :func:`split_tracklets`, with the threshold that merging them
        would have. Where that is a fallback because the encoder does not
        tell people apart, nothing is cut: it would leave single masks.

        Args:
            table: The N fused masks of the video.
            features: (N, D) real numbers; may be a memory map.
            tracklets: (N,) integers; of one class each.

        Raises:
            ValueError: As :func:`split_tracklets`, or if a tracklet has two
                classes.
        """
        def of_class(rows: NDArray[np.int64], mine: NDArray, theta: Evidence,
                     ) -> tuple[NDArray[np.int64], Evidence]:
            if theta.threshold.rule not in ('crossing', 'positives'):
                return ids[rows], theta
            return split_tracklets(
                mine, table.frames[rows], ids[rows],
                theta.threshold.value), theta

        ids = np.asarray(tracklets)
        return self._each_class(table, features, ids, of_class)

    def _each_class(
            self, table: Observations, features: NDArray, ids: NDArray,
            of_class: Callable[..., Any]) -> Tracked:
        """Do something to each class, which no other class touches."""
        _check_one_class(ids, table.labels)
        found = np.zeros(len(ids), dtype=np.int64)
        evidence = {}
        for label in np.unique(table.labels):
            rows = np.flatnonzero(table.labels == label)
            times = table.frames[rows]
            mine = features if len(rows) == len(ids) else features[rows]
            theta = self._evidence(
                mine, times, ids[rows], intra_frame_similarities(mine, times))
            new, evidence[int(label)] = of_class(rows, mine, theta)
            found[rows] = (
                np.unique(new, return_inverse=True)[1] + 1
                + found.max(initial=0))
        return Tracked(found, evidence)

    def _evidence(
            self, features: NDArray, frames: NDArray, ids: NDArray,
            different: NDArray[np.float64]) -> Evidence:
        same = within_tracklet_similarities(features, frames, ids)
        return Evidence(self.threshold(different, same), different, same)

    def _apart(
            self, table: Observations, rows: NDArray[np.int64],
            ids: NDArray, overlaps: Overlaps,
            gap: int) -> NDArray[np.int64] | None:
        """Pairs of tracklets of a class that the veto keeps apart."""
        if self.veto is None:
            return None
        mine = overlaps.among(rows, len(table))
        sure = sure_links(mine, table.labels[rows])
        links = np.stack([mine.previous[sure], mine.current[sure]], axis=1)
        return self.veto.forbidden(
            table.boxes[rows], table.frames[rows], ids, links, gap)


def _check_one_class(ids: NDArray, labels: NDArray) -> None:
    names, tracklet = np.unique(ids, return_inverse=True)
    label_of = np.zeros(len(names), dtype=labels.dtype)
    label_of[tracklet] = labels
    bad = np.flatnonzero(label_of[tracklet] != labels)
    if len(bad):
        raise ValueError(
            f'tracklet {names[tracklet[bad[0]]]} has two classes')


def _keep_apart(
        tracklets: Tracklets, pairs: ArrayLike, max_gap: int) -> Tracklets:
    """Let each pair share a frame of its own, long after the video.

    Two that share a frame never get into one cluster, at no step; so what
    holds for real frames does all the work.
    """
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if not len(pairs):
        return tracklets
    step = max_gap + 1
    time = tracklets.last.max() + step * np.arange(1, len(pairs) + 1)
    of_run = np.concatenate([tracklets.of_run, pairs[:, 0], pairs[:, 1]])
    first = np.concatenate([tracklets.first, time, time])
    last = np.concatenate([tracklets.last, time, time])
    order = np.lexsort((first, of_run))
    return tracklets._replace(
        of_run=of_run[order], first=first[order], last=last[order])
