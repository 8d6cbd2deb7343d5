"""Cuts in tracklets against a version that computes every mean anew."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.models.task_modules import split_tracklets

seeds = st.integers(0, 2**32 - 1)
thetas = st.sampled_from([-1.5, -0.5, 0, 0.25, 0.5, 0.9, 2])


def cosine(a, b):
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / length if length else 0.0


def literal_parts(features, rows, theta):
    """Lists of the rows of one tracklet, in time; recursive."""
    best, cut = theta, None
    for k in range(1, len(rows)):
        total = 0.0
        for a in rows[:k]:
            for b in rows[k:]:
                total += cosine(features[a], features[b])
        mean = total / (k * (len(rows) - k))
        if mean < best:
            best, cut = mean, k
    if cut is None:
        return [rows]
    return [*literal_parts(features, rows[:cut], theta),
            *literal_parts(features, rows[cut:], theta)]


def literal_split(features, frames, ids, theta):
    """The parts of all tracklets, numbered from 1."""
    parts = []
    for k in np.unique(ids):
        rows = sorted(np.flatnonzero(ids == k), key=lambda row: frames[row])
        parts += literal_parts(features, rows, theta)
    found = np.zeros(len(ids), int)
    for number, rows in enumerate(parts, 1):
        found[rows] = number
    return found


def random_tracklets(seed, ties):
    """Tracklets that change from one look to another, rows in any order."""
    rng = np.random.default_rng(seed)
    features, frames, ids = [], [], []
    for k in range(rng.integers(0, 5)):
        num = int(rng.integers(1, 10))
        frames += sorted(rng.choice(30, num, replace=False))
        ids += [3 * k - 4] * num
        if ties:  # Axes and zeros: sums are exact, and equal often.
            looks = np.concatenate([np.eye(3), -np.eye(3), np.zeros((1, 3))])
            features += list(looks[rng.integers(0, len(looks), num)])
        else:
            people = rng.normal(size=(2, 3))
            turn = rng.integers(0, num + 1)
            features += [
                person + 0.4 * rng.normal(size=3)
                for person in people[(np.arange(num) >= turn).astype(int)]]
    order = rng.permutation(len(ids))
    return (np.reshape(features, (-1, 3))[order],
            np.array(frames, int)[order], np.array(ids, int)[order])


@settings(max_examples=300, deadline=None)
@given(seed=seeds, ties=st.booleans(), theta=thetas)
def test_splitting_is_the_literal_method(seed, ties, theta):
    """The same ids, ties and features of zeros included."""
    table = random_tracklets(seed, ties)
    parts = split_tracklets(*table, theta)
    assert parts.dtype == np.int64
    np.testing.assert_array_equal(parts, literal_split(*table, theta))


@settings(max_examples=200, deadline=None)
@given(seed=seeds, ties=st.booleans(), theta=thetas)
def test_invariants(seed, ties, theta):
    """What must hold of any cuts."""
    features, frames, ids = random_tracklets(seed, ties)
    parts = split_tracklets(features, frames, ids, theta)
    # No mask is lost, no number left out, no two tracklets joined.
    assert set(parts) == set(range(1, parts.max(initial=0) + 1))
    assert len(set(zip(parts, ids, strict=True))) == parts.max(initial=0)
    for k in np.unique(ids):
        # In order of time a part ends before the next one begins.
        of_k = parts[ids == k][np.argsort(frames[ids == k])]
        assert (np.diff(of_k) >= 0).all()
    # Every part passes the rule, so there is nothing more to cut.
    np.testing.assert_array_equal(
        split_tracklets(features, frames, parts, theta), parts)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, ties=st.booleans(), theta=thetas)
def test_order_of_rows_does_not_matter(seed, ties, theta):
    """Frames say what comes first."""
    features, frames, ids = random_tracklets(seed, ties)
    order = np.random.default_rng(seed).permutation(len(ids))
    np.testing.assert_array_equal(
        split_tracklets(features[order], frames[order], ids[order], theta),
        split_tracklets(features, frames, ids, theta)[order])


@settings(max_examples=100, deadline=None)
@given(seed=seeds)
def test_the_ends_of_the_scale(seed):
    """A theta of -1 cuts nothing, one above 1 leaves single masks."""
    rng = np.random.default_rng(seed)
    num = int(rng.integers(1, 20))
    one = rng.normal(size=300)  # Opposite features, up to rounding.
    features = one * rng.choice([-1, 1], num)[:, None] * rng.uniform(
        0.1, 9, (num, 1))
    frames, ids = np.arange(num), rng.integers(0, 3, num)
    for theta in (-1, -2, -np.inf):
        np.testing.assert_array_equal(
            split_tracklets(features, frames, ids, theta),
            np.unique(ids, return_inverse=True)[1] + 1)
    for theta in (1.01, np.inf):
        single = split_tracklets(features, frames, ids, theta)
        assert sorted(single) == list(range(1, num + 1))


def test_two_people_in_a_tracklet():
    """Cut where one becomes the other; a bad crop between is let pass."""
    a, b = np.array([1.0, 0.1]), np.array([0.1, 1.0])
    frames = np.arange(1, 13)
    features = np.stack([a] * 7 + [b] * 5)
    assert split_tracklets(features, frames, [4] * 12, 0.5).tolist() == (
        [1] * 7 + [2] * 5)
    features = np.stack([a] * 5 + [a + b] + [a] * 6)
    assert split_tracklets(features, frames, [4] * 12, 0.5).tolist() == (
        [1] * 12)


def test_rounding_cuts_nothing():
    """Copies of one crop are alike, whatever their sums come to."""
    features = np.tile(np.random.default_rng(0).normal(size=77), (30, 1))
    assert set(split_tracklets(features, np.arange(30), [2] * 30, 1.0)) == {1}


def test_just_theta_is_no_cut():
    """Below it parts are cut, not at it."""
    features = np.array([[1.0, 0], [0, 1]])
    assert split_tracklets(features, [1, 2], [1, 1], 0.0).tolist() == [1, 1]
    assert split_tracklets(features, [1, 2], [1, 1], 1e-9).tolist() == [1, 2]


def test_memory_maps_and_half_precision(tmp_path):
    """Features of a long video stay on disk; their scale says nothing."""
    rng = np.random.default_rng(1)
    features, frames, ids = random_tracklets(7, False)
    expected = split_tracklets(features, frames, ids, 0.5)
    assert len(np.unique(ids)) < expected.max() < len(ids)
    scaled = features * rng.uniform(0.1, 9, (len(features), 1))
    np.save(tmp_path / 'features.npy', scaled.astype(np.float16))
    mapped = np.load(tmp_path / 'features.npy', mmap_mode='r')
    np.testing.assert_array_equal(
        split_tracklets(mapped, frames, ids, 0.5), expected)


@pytest.mark.parametrize(('change', 'message'), [
    ({'features': np.full((3, 2), np.nan)}, 'finite'),
    ({'features': np.ones(3)}, r'features \(3,\)'),
    ({'frames': [1, 2]}, r'frames \(2,\)'),
    ({'tracklet_ids': [1, 2, 3, 4]}, r'tracklet_ids \(4,\)'),
    ({'theta': np.nan}, 'theta is NaN'),
])
def test_refusals(change, message):
    """Each mistake by name."""
    arguments = {
        'features': np.ones((3, 2)), 'frames': [1, 2, 3],
        'tracklet_ids': [1, 2, 3], 'theta': 0.5}
    with pytest.raises(ValueError, match=message):
        split_tracklets(**{**arguments, **change})
