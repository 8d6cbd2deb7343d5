"""Tracks continued by free masks."""
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmremots.models.trackers.track_extension import extend_tracks
from mmremots.structures import Overlaps


def overlaps_of(*pairs: tuple[int, int, float]) -> Overlaps:
    """Overlaps from (earlier row, later row, IoU)."""
    table = np.array(pairs, dtype=float).reshape(-1, 3)
    return Overlaps(table[:, 0].astype(int), table[:, 1].astype(int),
                    table[:, 2])


def test_weak_masks_go_on_both_ways() -> None:
    """Chains of free masks after and before a track's own."""
    frames, labels = [1, 2, 3, 4, 5], [2] * 5
    chain = overlaps_of((0, 1, .8), (1, 2, .8), (2, 3, .8), (3, 4, .8))
    assert extend_tracks(frames, labels, [0, 0, 7, 0, 0], chain,
                         0.7).tolist() == [7] * 5
    broken = overlaps_of((0, 1, .6), (1, 2, .8), (2, 3, .8), (3, 4, .6))
    assert extend_tracks(frames, labels, [0, 0, 7, 0, 0], broken,
                         0.7).tolist() == [0, 7, 7, 7, 0]


def test_alone_a_weak_mask_stays_out() -> None:
    """However long a chain is that no track begins."""
    assert extend_tracks(
        [1, 2, 3], [2] * 3, [0, 0, 0],
        overlaps_of((0, 1, .9), (1, 2, .9)), 0.5).tolist() == [0, 0, 0]


def test_of_two_tracks_the_closer_one_takes_it() -> None:
    """And the other stays without; so does a car."""
    frames = [1, 1, 2]
    pairs = overlaps_of((0, 2, .55), (1, 2, .6))
    assert extend_tracks(frames, [2] * 3, [4, 5, 0], pairs,
                         0.5).tolist() == [4, 5, 5]
    assert extend_tracks(frames, [2, 1, 2], [4, 5, 0], pairs,
                         0.5).tolist() == [4, 5, 4]


def test_a_track_that_is_seen_takes_no_second_mask() -> None:
    """An id stands once in a frame."""
    assert extend_tracks(
        [1, 2, 2], [2] * 3, [4, 4, 0], overlaps_of((0, 2, .9)),
        0.5).tolist() == [4, 4, 0]


@given(st.integers(0, 10**6))
def test_invariants(seed: int) -> None:
    """Owned masks keep their ids; each id once in a frame; linked by flow."""
    rng = np.random.default_rng(seed)
    num = int(rng.integers(1, 30))
    frames = np.sort(rng.integers(1, 8, num))
    labels = rng.integers(1, 3, num)
    ids = np.zeros(num, dtype=np.int64)
    for row in range(num):
        track = int(rng.integers(0, 4))
        mine = ids == track
        if track and not (frames[mine] == frames[row]).any() and (
                labels[mine] == labels[row]).all():
            ids[row] = track
    a, b = np.nonzero(frames[:, None] + 1 == frames)
    iou = rng.random(len(a)).round(1)
    found = extend_tracks(frames, labels, ids, Overlaps(a, b, iou), 0.5)
    assert (found[ids > 0] == ids[ids > 0]).all()
    owned = found > 0
    assert len(set(zip(frames[owned], found[owned], strict=True))) == (
        owned.sum())
    close = {(int(i), int(j)) for i, j, o in zip(a, b, iou, strict=True)
             if o >= 0.5 and labels[i] == labels[j]}
    for row in np.flatnonzero((ids == 0) & owned):
        assert any((i, row) in close or (row, i) in close
                   for i in np.flatnonzero(found == found[row]))
