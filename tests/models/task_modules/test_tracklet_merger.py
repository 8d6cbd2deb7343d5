"""Equation 3 and the clustering against versions that go by the letter."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.models.task_modules.tracklet_merger import (
    merge_tracklets,
    tracklet_distances,
)
from mmremots.registry import TASK_UTILS

seeds = st.integers(0, 2**32 - 1)
thresholds = st.sampled_from([0, 0.1, 0.3, 0.5, 2 / 3, 1, 1.5, 2, np.inf])


def literal_distance(features, frames, rows_a, rows_b, max_gap):
    """Equation 3 of the paper, pair by pair."""
    gap = min(abs(int(frames[a] - frames[b])) for a in rows_a for b in rows_b)
    if gap == 0 or gap > max_gap:
        return np.inf
    total = 0.0
    for a in rows_a:
        for b in rows_b:
            length = np.linalg.norm(features[a]) * np.linalg.norm(features[b])
            total += 1 - (features[a] @ features[b] / length if length else 0)
    return total / len(rows_a) / len(rows_b)


def literal_merge(features, frames, ids, max_gap, threshold):
    """Every distance anew for every merge; ties to 2**-32."""
    clusters = [np.flatnonzero(ids == k).tolist() for k in np.unique(ids)]
    members = [[k] for k in range(len(clusters))]
    while True:
        best = (np.rint(threshold * 2.0**32), 0, 0)
        for i in range(len(clusters)):
            for j in range(i + 1, len(clusters)):
                distance = literal_distance(
                    features, frames, clusters[i], clusters[j], max_gap)
                if np.isfinite(distance):
                    best = min(best, (np.rint(distance * 2.0**32), i, j))
        if not best[2]:
            break
        _, i, j = best
        clusters[i] += clusters.pop(j)
        members[i] += members.pop(j)
    labels = np.zeros(sum(map(len, members)), int)
    for label, tracklets in enumerate(members):
        labels[tracklets] = label
    return labels


def random_tracklets(seed, ties, holes, most=9):
    """Features, frames and ids of a few tracklets, rows in any order."""
    rng = np.random.default_rng(seed)
    length = int(rng.integers(5, 40))
    frames, ids = [], []
    for k in range(rng.integers(0, most + 1)):
        if holes:
            of_k = rng.choice(length, rng.integers(1, 5), replace=False)
        else:
            of_k = rng.integers(length) + np.arange(rng.integers(1, 6))
        frames += (of_k + 1).tolist()
        ids += [3 * k + 7] * len(of_k)
    shape = (len(frames), rng.integers(1, 4))
    features = (
        rng.integers(-1, 2, shape).astype(float) if ties
        else np.abs(rng.normal(size=shape)))
    order = rng.permutation(len(frames))
    return (features[order], np.array(frames, int)[order],
            np.array(ids, int)[order])


@settings(max_examples=300, deadline=None)
@given(seed=seeds, ties=st.booleans(), holes=st.booleans(),
       max_gap=st.integers(0, 9))
def test_distances(seed, ties, holes, max_gap):
    """Equation 3, entry by entry."""
    features, frames, ids = random_tracklets(seed, ties, holes)
    distances = tracklet_distances(features, frames, ids, max_gap)
    rows = [np.flatnonzero(ids == k) for k in np.unique(ids)]
    assert distances.shape == (len(rows), len(rows))
    for i in range(len(rows)):
        for j in range(len(rows)):
            expected = np.inf if i == j else literal_distance(
                features, frames, rows[i], rows[j], max_gap)
            assert distances[i, j] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=600, deadline=None)
@given(seed=seeds, ties=st.booleans(), holes=st.booleans(),
       max_gap=st.integers(0, 12), threshold=thresholds)
def test_merging_is_the_literal_method(
        seed, ties, holes, max_gap, threshold):
    """The same labels, ties, holes and features of zeros included."""
    table = random_tracklets(seed, ties, holes)
    np.testing.assert_array_equal(
        merge_tracklets(*table, max_gap, threshold),
        literal_merge(*table, max_gap, threshold))


@settings(max_examples=300, deadline=None)
@given(seed=seeds, ties=st.booleans(), holes=st.booleans(),
       max_gap=st.integers(0, 12), threshold=thresholds)
def test_invariants(seed, ties, holes, max_gap, threshold):
    """Never two in a frame, never over a gap, never more than there is."""
    features, frames, ids = random_tracklets(seed, ties, holes, most=40)
    labels = merge_tracklets(features, frames, ids, max_gap, threshold)
    names, tracklet = np.unique(ids, return_inverse=True)
    assert labels.shape == (len(names),)
    assert labels.dtype == np.int64
    # Labels count from 0 in order of the first tracklet.
    assert [
        label for k, label in enumerate(labels) if label not in labels[:k]
    ] == list(range(labels.max(initial=-1) + 1))
    tracks = labels[tracklet]
    assert len(set(zip(tracks, frames, strict=True))) == len(frames)
    for label in np.unique(labels):
        # Its tracklets hang together by gaps within the limit.
        of_label = np.flatnonzero(labels == label)
        reached = {of_label[0]}
        while True:
            at = frames[np.isin(tracklet, list(reached))]
            more = {
                k for k in of_label if np.abs(
                    frames[tracklet == k][:, None] - at).min() <= max_gap}
            if more <= reached:
                break
            reached |= more
        assert reached == set(of_label)


def test_merging_stops_where_nothing_is_below():
    """No two clusters of the result may still merge."""
    for seed in range(30):
        features, frames, ids = random_tracklets(seed, False, False, 30)
        labels = merge_tracklets(features, frames, ids, 8, 0.2)
        tracklet = np.unique(ids, return_inverse=True)[1]
        left = tracklet_distances(features, frames, labels[tracklet], 8)
        assert not (left < 0.2 - 1e-9).any()


def test_threshold_is_strict():
    """A distance of just the threshold does not merge."""
    features = np.array([[1.0, 0], [0, 1], [1, 0]])
    table = (features, [1, 2, 3], [0, 1, 2], 5)
    assert merge_tracklets(*table, 1.0).tolist() == [0, 1, 0]
    assert merge_tracklets(*table, 1.01).tolist() == [0, 0, 0]
    assert merge_tracklets(*table, 0.0).tolist() == [0, 1, 2]


def test_gap_is_a_difference_of_frames():
    """Frames 1 and 16 are 15 apart."""
    table = (np.ones((2, 3)), [1, 16], [0, 1])
    assert merge_tracklets(*table, 15, 0.5).tolist() == [0, 0]
    assert merge_tracklets(*table, 14, 0.5).tolist() == [0, 1]


def test_a_cluster_reaches_further_than_its_parts():
    """Too far for one, too unlike the other, but close to both together."""
    features = np.array([
        [1, 0], [1, 0], [1, 0], [1, 0], [np.cos(0.9), np.sin(0.9)],
        [np.cos(0.2), -np.sin(0.2)]])
    frames, ids = [1, 2, 3, 4, 14, 24], [1, 1, 1, 1, 2, 3]
    assert 1 - np.cos(1.1) > 0.4 > 1 - np.cos(0.9)
    assert merge_tracklets(features, frames, ids, 10, 0.4).tolist() == [
        0, 0, 0]
    assert merge_tracklets(
        features[4:], frames[4:], ids[4:], 10, 0.4).tolist() == [0, 1]


def test_scale_of_features_does_not_matter():
    """Cosines know directions only; half precision will do."""
    features, frames, ids = random_tracklets(5, False, False, 30)
    expected = merge_tracklets(features, frames, ids, 8, 0.2)
    scales = np.random.default_rng(0).uniform(0.1, 9, (len(features), 1))
    np.testing.assert_array_equal(
        merge_tracklets(features * scales, frames, ids, 8, 0.2), expected)
    np.testing.assert_array_equal(
        merge_tracklets(features.astype('f2'), frames, ids, 8, 0.2), expected)


@pytest.mark.parametrize(('change', 'message'), [
    ({'features': np.full((3, 2), np.nan)}, 'finite'),
    ({'frames': [1, 2]}, r'frames \(2,\)'),
    ({'tracklet_ids': [1, 2, 3, 4]}, r'tracklet_ids \(4,\)'),
    ({'features': np.ones(3)}, r'features \(3,\)'),
    ({'max_gap': -1}, 'max_gap is -1'),
    ({'distance_thr': np.nan}, 'NaN'),
])
def test_refusals(change, message):
    """Each mistake by name."""
    arguments = {
        'features': np.ones((3, 2)), 'frames': [1, 2, 3],
        'tracklet_ids': [1, 2, 3], 'max_gap': 5, 'distance_thr': 0.5}
    with pytest.raises(ValueError, match=message):
        merge_tracklets(**{**arguments, **change})


@settings(max_examples=100, deadline=None)
@given(seed=seeds, holes=st.booleans(), theta=st.sampled_from([-1, 0, 0.7]))
def test_classes_merge_by_themselves(seed, holes, theta):
    """As if each class had a video of its own; ids are those of tracks."""
    features, frames, ids = random_tracklets(seed, False, holes, 20)
    labels = np.where(ids % 2, 2, 1)
    merger = TASK_UTILS.build({'type': 'TrackletMerger', 'max_gap': 6})
    tracks = merger.merge(features, frames, ids, labels, theta)
    assert tracks.dtype == np.int64
    assert set(tracks) == set(range(1, tracks.max(initial=0) + 1))
    assert not set(tracks[labels == 1]) & set(tracks[labels == 2])
    for label in np.unique(labels):
        of = labels == label
        alone = merge_tracklets(
            features[of], frames[of], ids[of], 6, 1 - theta)
        of_row = alone[np.unique(ids[of], return_inverse=True)[1]]
        for a, b in ((tracks[of], of_row), (of_row, tracks[of])):
            assert len(set(zip(a, b, strict=True))) == len(set(a))


def test_merger_config():
    """Defaults of the paper, and mistakes told early."""
    merger = TASK_UTILS.build({'type': 'TrackletMerger'})
    assert merger.max_gap == 15
    assert merger.threshold([0.2], [0.6]).rule == 'crossing'
    with pytest.raises(ValueError, match='max_gap is -2'):
        TASK_UTILS.build({'type': 'TrackletMerger', 'max_gap': -2})
    with pytest.raises(ValueError, match='tracklet 4 has two classes'):
        merger.merge(np.ones((2, 2)), [1, 2], [4, 4], [1, 2], 0.5)
    assert merger.merge(np.zeros((0, 3)), [], [], [], 0.5).shape == (0,)
