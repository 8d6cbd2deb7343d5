"""Equation 3 and the clustering against versions that go by the letter."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import NO_OVERLAPS, overlaps_of, table_of

from mmremots.models.task_modules import (
    CrossingThreshold,
    TrackletMerger,
    intra_frame_similarities,
    split_tracklets,
    within_tracklet_similarities,
)
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


def random_people(seed):
    """Tracklets of a few people, each a shade of one, by frame."""
    rng = np.random.default_rng(seed)
    features, frames, ids, tracklet = [], [], [], 4
    for _ in range(rng.integers(1, 5)):
        person, t = rng.normal(size=4), int(rng.integers(1, 4))
        for _ in range(rng.integers(1, 4)):
            shade = person + rng.choice([0.2, 0.8]) * rng.normal(size=4)
            for _ in range(rng.integers(1, 5)):
                features.append(shade + 0.1 * rng.normal(size=4))
                frames.append(t)
                ids.append(tracklet)
                t += 1
            tracklet += int(rng.integers(1, 4))
            t += int(rng.integers(0, 5))
    order = rng.permutation(len(ids))
    order = order[np.argsort(np.array(frames)[order], kind='stable')]
    return (np.array(features)[order], np.array(frames)[order],
            np.array(ids)[order])


def literal_tracks(table, max_gap, retake):
    """Threshold by its rule; tracks by the letter; again while it falls."""
    features, frames, ids = table
    tracklet = np.unique(ids, return_inverse=True)[1]
    different = intra_frame_similarities(features, frames)
    theta, tracks = CrossingThreshold()(
        different, within_tracklet_similarities(*table)), None
    while True:
        tracks = literal_merge(*table, max_gap, 1 - theta.value)[tracklet]
        again = CrossingThreshold()(different, within_tracklet_similarities(
            features, frames, tracks))
        if not retake or again.value >= theta.value:
            return tracks, theta
        theta = again


def partition(ids):
    """Sets of rows that have an id in common."""
    return {frozenset(np.flatnonzero(ids == k).tolist())
            for k in np.unique(ids)}


@pytest.mark.filterwarnings('ignore::UserWarning')
@settings(max_examples=200, deadline=None)
@given(seed=seeds, retake=st.booleans())
def test_merger_is_the_literal_method(seed, retake):
    """With the threshold of the video, and with those of its tracks."""
    features, frames, ids = people = random_people(seed)
    given = (table_of(frames), features, ids, NO_OVERLAPS, 25.0)
    merger = TrackletMerger(max_gap=6, retake=retake)
    tracks, evidence = merger.merge(*given)
    expected, theta = literal_tracks(people, 6, retake)
    assert partition(tracks) == partition(expected)
    assert list(evidence) == [2]
    assert evidence[2].threshold == theta
    np.testing.assert_array_equal(
        evidence[2].different, intra_frame_similarities(features, frames))
    if retake:
        before = TrackletMerger(max_gap=6).merge(*given)
        assert theta.value <= before.evidence[2].threshold.value
    else:
        np.testing.assert_array_equal(
            evidence[2].same, within_tracklet_similarities(*people))


def turned(degrees):
    """Unit vectors in a plane."""
    turn = np.deg2rad(degrees)
    return np.stack([np.cos(turn), np.sin(turn)], axis=-1)


def test_retaking_merges_across_a_change_of_pose():
    """Pieces of one person, each seen a bit more from the side.

    Within a piece crops are alike, so theta is high. A track of some
    pieces shows how unlike one person can be, and then the rest merges. The
    other person stays another one.
    """
    frames = np.concatenate([np.arange(30), np.arange(30)])
    pieces = np.repeat([0, 1, 2, 3, 4, 5], 10)
    degrees = np.array([0, 20, 46, 96, 96, 96])[pieces] + np.tile(
        [-6.0, 6], 30)
    order = np.argsort(frames, kind='stable')
    given = (table_of(frames[order]), turned(degrees)[order], pieces[order],
             NO_OVERLAPS, 25.0)
    once = TrackletMerger().merge(*given)
    again = TrackletMerger(retake=True).merge(*given)
    values = [merged.evidence[2].threshold.value for merged in (once, again)]
    assert values[1] < values[0]
    for merged, expected in (
            (once, [1] * 20 + [2] * 10 + [3] * 30),
            (again, [1] * 30 + [2] * 30)):
        assert merged.ids.tolist() == np.array(expected)[order].tolist()


@pytest.mark.filterwarnings('ignore::UserWarning')
@settings(max_examples=100, deadline=None)
@given(seed=seeds, retake=st.booleans(), vetoed=st.booleans())
def test_classes_merge_by_themselves(seed, retake, vetoed):
    """As if each had a video of its own; ids count from 1 over all."""
    rng = np.random.default_rng(seed)
    features, frames, ids = random_people(seed)
    labels = np.where(rng.permutation(ids.max() + 1)[ids] % 2, 2, 1)
    boxes = np.zeros((len(ids), 4))
    boxes[:, :2] = rng.uniform(0, 60, (len(ids), 2))
    boxes[:, 2:] = boxes[:, :2] + 40
    links = np.array([
        (a, b) for a in range(len(ids)) for b in range(len(ids))
        if ids[a] == ids[b] and frames[b] == frames[a] + 1]).reshape(-1, 2)
    merger = TASK_UTILS.build(dict(
        type='TrackletMerger', max_gap=6, retake=retake,
        veto=dict(type='MotionVeto', min_links=2, quantile=0.1, allowance=0)
        if vetoed else None))
    table, overlaps = table_of(frames, labels, boxes), overlaps_of(links)
    tracks, evidence = merger.merge(table, features, ids, overlaps, 25.0)
    assert tracks.dtype == np.int64
    assert set(tracks) == set(range(1, tracks.max(initial=0) + 1))
    assert not set(tracks[labels == 1]) & set(tracks[labels == 2])
    assert list(evidence) == np.unique(labels).tolist()
    for label in np.unique(labels):
        of = np.flatnonzero(labels == label)
        alone = merger.merge(
            table.take(of), features[of], ids[of],
            overlaps.among(of, len(ids)), 25.0)
        assert partition(alone.ids) == partition(tracks[of])
        for a, b in zip(
                alone.evidence[label], evidence[label], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.filterwarnings('ignore::UserWarning')
@settings(max_examples=100, deadline=None)
@given(seed=seeds)
def test_split(seed):
    """Each class is cut by the threshold that merging it would have."""
    features, frames, ids = random_people(seed)
    labels = np.where(ids % 2, 2, 1)
    ids = (ids // 4) * 2 + ids % 2  # Some hold two shades or two people.
    _, first = np.unique(np.stack([ids, frames]), axis=1, return_index=True)
    first.sort()
    features, frames, ids, labels = (
        x[first] for x in (features, frames, ids, labels))
    parts, evidence = TrackletMerger().split(
        table_of(frames, labels), features, ids)
    assert set(parts) == set(range(1, parts.max(initial=0) + 1))
    assert list(evidence) == np.unique(labels).tolist()
    found = set()
    for label in np.unique(labels):
        of = np.flatnonzero(labels == label)
        theta = CrossingThreshold()(
            intra_frame_similarities(features[of], frames[of]),
            within_tracklet_similarities(features[of], frames[of], ids[of]))
        assert evidence[label].threshold == theta
        expected = split_tracklets(
            features[of], frames[of], ids[of], theta.value)
        if theta.rule not in ('crossing', 'positives'):
            expected = ids[of]
        found |= {frozenset(of[list(part)].tolist())
                  for part in partition(expected)}
    assert found == partition(parts)


@pytest.mark.filterwarnings('ignore:the encoder sees no difference')
def test_an_encoder_that_knows_nobody_cuts_nothing():
    """What flow found stays, or single masks would be all that is left."""
    frames, ids = np.repeat(np.arange(20), 2), np.tile([1, 2], 20)
    features = turned(18.0 * frames)
    with pytest.warns(UserWarning, match='does not separate people'):
        parts = TrackletMerger().split(table_of(frames), features, ids).ids
    assert parts.tolist() == ids.tolist()


def test_seconds_count_by_the_frame_rate():
    """One second is 10 frames of 10 a second; frames are frames."""
    features = np.repeat(np.eye(2), [8, 20], axis=0)
    frames = np.concatenate([[1, 2, 3, 4, 15, 16, 17, 18], np.arange(1, 21)])
    ids = np.repeat([1, 2, 3], [4, 4, 20])
    order = np.argsort(frames, kind='stable')
    table = table_of(frames[order])

    def tracks(merger, frame_rate):
        found = merger.merge(table, features[order], ids[order], NO_OVERLAPS,
                             frame_rate).ids
        return len(np.unique(found))

    seconds = TrackletMerger(max_seconds=1.0, max_gap=99)
    assert [tracks(seconds, rate) for rate in (10, 11, 30)] == [3, 2, 2]
    assert [seconds.gap(rate) for rate in (10, 11, 0.1)] == [10, 11, 1]
    for rate in (1, 30):
        assert tracks(TrackletMerger(max_gap=11), rate) == 2
        assert tracks(TrackletMerger(max_gap=10), rate) == 3


def test_merger_config():
    """Defaults of the paper, and mistakes told early."""
    merger = TASK_UTILS.build({'type': 'TrackletMerger'})
    assert merger.max_gap == 15
    assert merger.gap(5) == merger.gap(60) == 15
    assert merger.veto is None
    assert not merger.retake
    assert merger.threshold([0.2], [0.6]).rule == 'crossing'
    with pytest.raises(ValueError, match='max_gap is -2'):
        TASK_UTILS.build({'type': 'TrackletMerger', 'max_gap': -2})
    for seconds in (-0.1, float('nan')):
        with pytest.raises(ValueError, match='max_seconds is'):
            TrackletMerger(max_seconds=seconds)
    for method in (merger.merge, merger.split):
        rest = () if method == merger.split else (NO_OVERLAPS, 25.0)
        with pytest.raises(ValueError, match='tracklet 4 has two classes'):
            method(table_of([1, 2], [1, 2]), np.ones((2, 2)),
                   np.array([4, 4]), *rest)
        nothing = method(table_of([]), np.zeros((0, 3)),
                         np.zeros(0, np.int64), *rest)
        assert nothing.ids.shape == (0,)
        assert nothing.evidence == {}
