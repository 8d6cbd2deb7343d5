"""Merging short-term tracklets into tracks (paper, section 2.5)."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.agglomeration import (
    Tracklets,
    agglomerate,
    collect_tracklets,
)
from mmremots.registry import TASK_UTILS


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
class TrackletMerger:
    """Merges tracklets of one class into tracks.

    Args:
        max_gap: Largest gap in frames that a merge may bridge. Defaults to
            15, as in the paper.
        threshold: Config of the rule for ``theta``, called with the
            similarities within frames and within tracklets of a video.
            Defaults to ``dict(type='CrossingThreshold')``.
        gate: Config of what forbids merges beyond the paper, a
            ``MotionGate``. Defaults to None.
    """

    def __init__(
            self, max_gap: int = 15,
            threshold: dict[str, Any] | None = None,
            gate: dict[str, Any] | None = None) -> None:
        if max_gap < 0:
            raise ValueError(f'max_gap is {max_gap}, below 0')
        self.max_gap = max_gap
        self.threshold = TASK_UTILS.build(
            threshold or {'type': 'CrossingThreshold'})
        self.gate = TASK_UTILS.build(gate) if gate else None

    def merge(
            self, features: NDArray, frames: ArrayLike,
            tracklet_ids: ArrayLike, labels: ArrayLike,
            theta: float,
            boxes: ArrayLike | None = None) -> NDArray[np.int64]:
        """Give each observation its track.

        Args:
            features: (N, D) real numbers; may be a memory map.
            frames: (N,) integers.
            tracklet_ids: (N,) integers.
            labels: (N,) class; the same within a tracklet.
            theta: Tracklets above this similarity merge.
            boxes: (N, 4) x1, y1, x2, y2 in pixels; the gate needs them.

        Returns:
            (N,) int64 track ids from 1, in order of the lowest tracklet id.

        Raises:
            ValueError: As :func:`merge_tracklets`, if a tracklet has two
                classes, or if there is a gate and no boxes.
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
            1 - theta, self._apart(frames, tracklet_ids, boxes))
        return clusters[tracklet] + 1

    def _apart(
            self, frames: ArrayLike, tracklet_ids: ArrayLike,
            boxes: ArrayLike | None) -> NDArray[np.int64] | None:
        if self.gate is None:
            return None
        if boxes is None:
            raise ValueError('the gate needs boxes')
        return self.gate.forbidden(
            boxes, frames, tracklet_ids, self.max_gap)


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
