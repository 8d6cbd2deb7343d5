"""What to check first, against loops over all pairs."""
from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.models.task_modules.merge_review import (
    merged_pairs,
    refused_pairs,
)


def mean_cosine(features, one, other):
    """Equation (3), a pair of masks at a time."""
    total = 0.0
    for a in np.flatnonzero(one):
        for b in np.flatnonzero(other):
            total += features[a] @ features[b] / (
                np.linalg.norm(features[a]) * np.linalg.norm(features[b]))
    return total / (one.sum() * other.sum())


@st.composite
def videos(draw):
    """Features, frames, tracklets and tracks; a track is in a frame once."""
    places = draw(st.lists(st.tuples(
        st.integers(1, 12), st.integers(1, 5)), unique=True, min_size=1,
        max_size=25))
    frames, tracks = np.array(places).T
    halves = np.array([draw(st.integers(0, 1)) for _ in places])
    seed = draw(st.integers(0, 1000))
    features = np.random.default_rng(seed).normal(size=(len(places), 3))
    return features, frames, 100 + 2 * tracks + halves, 7 * tracks


@given(videos())
def test_merges_are_those_that_follow_each_other(video):
    """Every track but its first tracklet; similarity pair by pair."""
    features, frames, tracklets, tracks = video
    found = merged_pairs(features, frames, tracklets, tracks)
    expected = {}
    for track in np.unique(tracks):
        mine = np.unique(tracklets[tracks == track])
        starts = [(frames[tracklets == part].min(), part) for part in mine]
        for (_, a), (start, b) in zip(
                sorted(starts), sorted(starts)[1:], strict=False):
            times = frames[tracklets == a]
            expected[a, b] = (
                mean_cosine(features, tracklets == a, tracklets == b),
                times[times < start].max(), start)
    assert {(p.first, p.second) for p in found} == set(expected)
    for pair in found:
        similarity, before, after = expected[pair.first, pair.second]
        assert pair.similarity == pytest.approx(similarity)
        assert (pair.before, pair.after) == (before, after)
    assert [p.similarity for p in found] == sorted(
        p.similarity for p in found)


@given(videos(), st.integers(0, 6))
def test_refusals_are_the_pairs_that_could_merge(video, max_gap):
    """No frame in common, a gap within the limit; all of them, in order."""
    features, frames, _, tracks = video
    found = refused_pairs(features, frames, tracks, max_gap, 1000)
    expected = {}
    for a, b in combinations(np.unique(tracks), 2):
        gaps = [abs(x - y) for x in frames[tracks == a]
                for y in frames[tracks == b]]
        if 1 <= min(gaps) <= max_gap:
            expected[a, b] = (
                min(gaps), mean_cosine(features, tracks == a, tracks == b))
    assert {tuple(sorted((p.first, p.second))) for p in found} == set(
        expected)
    for pair in found:
        gap, similarity = expected[tuple(sorted((pair.first, pair.second)))]
        assert pair.after - pair.before == gap
        assert pair.before in frames[tracks == pair.first]
        assert pair.after in frames[tracks == pair.second]
        assert pair.similarity == pytest.approx(similarity)
    order = [p.similarity for p in found]
    assert order == sorted(order, reverse=True)
    assert refused_pairs(
        features, frames, tracks, max_gap, 2) == found[:2]


def test_a_video_without_a_mask():
    """Nothing to check, no error."""
    none, ids = np.zeros((0, 4)), np.zeros(0, np.int64)
    assert merged_pairs(none, ids, ids, ids) == []
    assert refused_pairs(none, ids, ids, 5, 10) == []
