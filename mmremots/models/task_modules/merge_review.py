"""Which decisions of merging a person wants to check first.

Nothing here decides anything: it looks at tracks that are there.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.agglomeration import (
    Tracklets,
    collect_tracklets,
)

#: Pairs at a time, so that their features stay small.
_BLOCK = 4096


class MergePair(NamedTuple):
    """Two tracklets that were merged, or two tracks that were not.

    Attributes:
        first: Id of the one that is seen before, where they come closest.
        second: Id of the other.
        similarity: Mean cosine of all pairs of masks, one of each; the
            paper's equation (3) is 1 minus this.
        before: Last frame of the first, before the other is seen.
        after: Next frame of the second.
    """

    first: int
    second: int
    similarity: float
    before: int
    after: int


def merged_pairs(
        features: NDArray, frames: ArrayLike, tracklet_ids: ArrayLike,
        track_ids: ArrayLike) -> list[MergePair]:
    """Tracklets that follow each other in a track, least alike first.

    A track of k tracklets, in the order of their first frames, has k - 1 of
    these. Merging looks at clusters, so that two which follow each other may
    be less alike than its threshold: the rest of the track speaks for them.

    Args:
        features: (N, D) real numbers, of one class; may be a memory map.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        track_ids: (N,) integers, one for each tracklet.

    Returns:
        The pairs, by similarity, then by frame.

    Raises:
        ValueError: If lengths differ or a feature is not finite.
    """
    names, place = np.unique(np.asarray(tracklet_ids), return_inverse=True)
    parts = collect_tracklets(features, frames, place)
    times = np.asarray(frames)
    track_of = np.zeros(len(names), np.int64)
    track_of[place] = np.asarray(track_ids)
    starts = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(starts, place, times)
    order = np.lexsort((starts, track_of))
    joined = np.flatnonzero(np.diff(track_of[order]) == 0)
    first, second = order[joined], order[joined + 1]
    frames_of = np.split(times[np.argsort(place, kind='stable')],
                         np.cumsum(parts.counts)[:-1])
    pairs = [
        MergePair(int(names[a]), int(names[b]), float(similarity),
                  int(frames_of[a][frames_of[a] < starts[b]].max()),
                  int(starts[b]))
        for a, b, similarity in zip(
            first, second, _similarities(parts, first, second), strict=True)]
    return sorted(pairs, key=lambda pair: (pair.similarity, pair.after))


def refused_pairs(
        features: NDArray, frames: ArrayLike, track_ids: ArrayLike,
        max_gap: int, most: int) -> list[MergePair]:
    """Tracks that could have been merged and were not, most alike first.

    Those with no frame in common and a gap of at most ``max_gap``: only
    their similarity, or a veto, keeps them apart.

    Args:
        features: (N, D) real numbers, of one class; may be a memory map.
        frames: (N,) integers, in any order.
        track_ids: (N,) integers.
        max_gap: Largest gap in frames that a merge may bridge.
        most: At most so many pairs.

    Returns:
        The pairs, by falling similarity, then by frame.

    Raises:
        ValueError: If lengths differ or a feature is not finite.
    """
    names, place = np.unique(np.asarray(track_ids), return_inverse=True)
    tracks = collect_tracklets(features, frames, place)
    early, late, gap = _near_runs(tracks, max_gap)
    owners = np.sort(np.stack([
        tracks.of_run[early], tracks.of_run[late]]), axis=0)
    key = owners[0] * len(names) + owners[1]
    order = np.lexsort((tracks.first[late], gap, key))
    closest = order[np.unique(key[order], return_index=True)[1]]
    closest = closest[gap[closest] >= 1]
    early, late = early[closest], late[closest]
    first, second = tracks.of_run[early], tracks.of_run[late]
    similarity = _similarities(tracks, first, second)
    best = np.lexsort((tracks.first[late], -similarity))[:most]
    return [
        MergePair(int(names[first[k]]), int(names[second[k]]),
                  float(similarity[k]), int(tracks.last[early[k]]),
                  int(tracks.first[late[k]]))
        for k in best]


def _near_runs(tracks: Tracklets, max_gap: int) -> tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of runs of different tracks within the gap, and their gaps.

    Of two runs the one that begins first is the first; the gap of two that
    share a frame is 0 or less.
    """
    order = np.argsort(tracks.first, kind='stable')
    first, last = tracks.first[order], tracks.last[order]
    stops = np.searchsorted(first, last + max_gap, side='right')
    counts = np.maximum(stops - np.arange(len(order)) - 1, 0)
    early = np.repeat(np.arange(len(order)), counts)
    begins = np.repeat(np.cumsum(counts) - counts, counts)
    late = early + 1 + np.arange(len(early)) - begins
    apart = tracks.of_run[order[early]] != tracks.of_run[order[late]]
    early, late = early[apart], late[apart]
    return order[early], order[late], first[late] - last[early]


def _similarities(
        groups: Tracklets, first: NDArray[np.int64],
        second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean cosine of all pairs of observations of two groups each."""
    means = groups.sums / np.maximum(groups.counts, 1)[:, None]
    found = np.zeros(len(first))
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        found[block] = np.einsum(
            'ij,ij->i', means[first[block]], means[second[block]])
    return np.clip(found, -1.0, 1.0)
