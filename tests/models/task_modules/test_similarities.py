"""Pairs one by one, and limits that do not depend on order."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.models.task_modules import (
    centred_features,
    intra_frame_similarities,
    pair_similarities,
    similarities,
    unit_features,
    within_tracklet_similarities,
)

seeds = st.integers(0, 2**32 - 1)


def random_table(seed, num, dims=3):
    rng = np.random.default_rng(seed)
    features = rng.integers(-2, 3, (num, dims)).astype(np.float32)
    return features, rng.integers(1, 6, num), rng.integers(1, 5, num)


def cosine(a, b):
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / length if length else 0.0


@settings(max_examples=200, deadline=None)
@given(seed=seeds, num=st.integers(0, 25))
def test_all_pairs(seed, num):
    """Same frame; same tracklet and not same frame; in documented order."""
    features, frames, ids = random_table(seed, num)
    pairs = [(i, j) for i in range(num) for j in range(i + 1, num)]
    intra = [
        cosine(features[i], features[j])
        for t in range(1, 6) for i, j in pairs
        if frames[i] == frames[j] == t]
    within = [
        cosine(features[i], features[j])
        for k in range(1, 5) for i, j in pairs
        if ids[i] == ids[j] == k and frames[i] != frames[j]]
    np.testing.assert_allclose(
        intra_frame_similarities(features, frames), intra, atol=1e-7)
    np.testing.assert_allclose(
        within_tracklet_similarities(features, frames, ids), within,
        atol=1e-7)


@pytest.mark.parametrize('limit', [1, 2, 3, 45, 1000])
def test_limit_of_pairs(limit):
    """Long tracklets keep a fixed subset, short ones all they have."""
    rng = np.random.default_rng(0)
    long, short = rng.normal(size=(300, 8)), rng.normal(size=(2, 8))
    features = np.concatenate([long, short])
    ids = np.repeat([1, 2], [300, 2])
    frames = np.concatenate([np.arange(300), [0, 1]])
    pairs = within_tracklet_similarities(features, frames, ids, limit)
    assert 0.5 * limit <= len(pairs) - 1 <= limit
    assert pairs[-1] == pytest.approx(cosine(*short))
    everything = unit_features(long) @ unit_features(long).T
    assert all(np.isclose(everything, s).any() for s in pairs[:3])
    # What is drawn of one tracklet does not depend on the others.
    alone = within_tracklet_similarities(long, np.arange(300), ids[:300],
                                         limit)
    np.testing.assert_array_equal(alone, pairs[:-1])


def test_the_subset_stands_for_all():
    """Lags short and long appear as often as among all pairs."""
    turn = np.linspace(0, np.pi, 2000)
    features = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    pairs = within_tracklet_similarities(
        features, np.arange(2000), np.ones(2000), 2000)
    all_pairs = (features @ features.T)[np.triu_indices(2000, 1)]
    np.testing.assert_allclose(
        np.quantile(pairs, [0.1, 0.5, 0.9]),
        np.quantile(all_pairs, [0.1, 0.5, 0.9]), atol=0.15)


def test_memory_maps_and_half_precision(tmp_path):
    """Features of a long video stay on disk."""
    features, frames, ids = random_table(0, 50)
    np.save(tmp_path / 'features.npy', features.astype(np.float16))
    mapped = np.load(tmp_path / 'features.npy', mmap_mode='r')
    np.testing.assert_array_equal(
        intra_frame_similarities(mapped, frames),
        intra_frame_similarities(features, frames))
    np.testing.assert_array_equal(
        within_tracklet_similarities(mapped, frames, ids),
        within_tracklet_similarities(features, frames, ids))


def test_similarities_stay_in_range():
    """A feature is not more alike to its copy than 1."""
    features = np.repeat(np.random.default_rng(0).normal(size=(50, 99)), 2, 0)
    pairs = intra_frame_similarities(features, np.repeat(np.arange(50), 2))
    assert pairs.max() <= 1
    assert pairs.min() > 1 - 1e-12


def test_unit_features():
    """Length 1, but zeros stay zeros."""
    unit = unit_features([[3, 4], [0, 0], [-2, 0]])
    np.testing.assert_array_equal(unit, [[0.6, 0.8], [0, 0], [-1, 0]])
    assert unit_features(np.zeros((0, 4))).shape == (0, 4)


def test_refusals():
    """Each mistake by name."""
    with pytest.raises(ValueError, match='finite'):
        unit_features([[1.0, np.inf]])
    with pytest.raises(ValueError, match=r'\(N, D\)'):
        unit_features([1.0, 2.0])
    with pytest.raises(ValueError, match='frames'):
        intra_frame_similarities(np.ones((3, 2)), [1, 2])
    with pytest.raises(ValueError, match='tracklet_ids'):
        within_tracklet_similarities(np.ones((2, 2)), [1, 2], [1])
    with pytest.raises(ValueError, match='below 1'):
        within_tracklet_similarities(np.ones((2, 2)), [1, 2], [1, 1], 0)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_centred_is_its_definition(seed, two_classes):
    """The mean of frames with company, frame by frame, mask by mask.

    Company is of one's own class, and so is the mean.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 20))
    features, frames = rng.normal(size=(n, 5)), rng.integers(1, 9, n)
    labels = rng.choice([1, 10], n) if two_classes else np.full(n, 2)
    unit = [row / np.linalg.norm(row) for row in features]
    expected = []
    for u, label in zip(unit, labels, strict=True):
        means = []
        for t in range(1, 9):
            there = [unit[i] for i in range(n)
                     if frames[i] == t and labels[i] == label]
            if len(there) > 1:
                means.append(np.mean(there, axis=0))
        v = u - (np.mean(means, axis=0) if means else 0)
        expected.append(v / np.linalg.norm(v))
    found = centred_features(features, frames, labels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, np.reshape(expected, (n, 5)), atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_classes_are_centred_by_themselves(seed):
    """As if each had a video of its own: cars do not move people."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    features, frames = rng.normal(size=(n, 5)), rng.integers(1, 9, n)
    labels = rng.choice([1, 2], n)
    features[labels == 1] += 3
    found = centred_features(features, frames, labels)
    for label in np.unique(labels):
        of = labels == label
        np.testing.assert_allclose(
            found[of],
            centred_features(features[of], frames[of], labels[of]),
            atol=1e-5)


def test_centred_in_blocks(monkeypatch):
    """Blocks are a matter of memory, not of results."""
    rng = np.random.default_rng(3)
    features, frames = rng.normal(size=(50, 6)), rng.integers(1, 30, 50)
    labels = rng.choice([1, 2], 50)
    expected = centred_features(features, frames, labels)
    monkeypatch.setattr(similarities, '_BLOCK', 7)
    np.testing.assert_allclose(
        centred_features(features, frames, labels), expected, atol=1e-6)


@settings(deadline=None)
@given(num=st.integers(0, 30))
def test_chosen_pairs(num):
    """Any pairs, a row with itself too, in blocks as at once."""
    rng = np.random.default_rng(num)
    features = rng.normal(size=(12, 5)).astype(np.float32)
    first, second = rng.integers(12, size=(2, num))
    expected = [
        features[a] @ features[b]
        / np.linalg.norm(features[a]) / np.linalg.norm(features[b])
        for a, b in zip(first, second, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarities, '_BLOCK', 7)
        found = pair_similarities(features, first, second)
    assert found.shape == (num, )
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_who_is_mostly_alone_keeps_his_identity():
    """900 frames alone, 10 with somebody: the two are told apart.

    Relative to the mean of all masks he would be noise around zero.
    """
    rng = np.random.default_rng(0)
    frames = np.append(np.arange(1, 911), np.arange(901, 911))
    one = np.arange(920) < 910
    features = np.where(one[:, None], [3.0, 2, 2], [2.0, 2, 3])
    features = features + 0.1 * rng.normal(size=features.shape)
    labels = np.full(920, 2)
    found = centred_features(features, frames, labels)
    same = found[one] @ found[one].T
    assert same.min() > 0.5
    assert (found[one] @ found[~one].T).max() < -0.5
    with pytest.raises(ValueError, match='frames of shape'):
        centred_features(features, frames[:-1], labels)
    with pytest.raises(ValueError, match='labels of shape'):
        centred_features(features, frames, labels[:-1])
