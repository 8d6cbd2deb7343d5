"""Merges for which a person would have to jump."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.models.task_modules import TrackletMerger
from mmremots.models.task_modules.motion_gate import (
    MotionGate,
    displacement_limits,
    displacements,
    implausible_pairs,
)
from mmremots.models.task_modules.tracklet_merger import merge_tracklets


def walk(first: int, last: int, x: float, step: float = 4.0,
         height: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and frames of someone who walks to the right."""
    frames = np.arange(first, last + 1)
    left = x + step * (frames - first)
    return np.stack([left, np.zeros(len(left)), left + 40,
                     np.full(len(left), height)], axis=1), frames


def video(*tracklets: tuple[np.ndarray, np.ndarray]) -> tuple[
        np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, frames and ids of several, shuffled."""
    boxes = np.concatenate([boxes for boxes, _ in tracklets])
    frames = np.concatenate([frames for _, frames in tracklets])
    ids = np.repeat(np.arange(len(tracklets)) + 5,
                    [len(frames) for _, frames in tracklets])
    order = np.random.default_rng(0).permutation(len(ids))
    return boxes[order], frames[order], ids[order]


def test_displacement_counts_in_heights() -> None:
    """Twice as large and twice as far is the same; no height, no limit."""
    a = np.array([[0, 0, 10, 100], [0, 0, 20, 200], [0, 0, 1, 0]])
    b = a + np.array([[50, 0, 50, 0], [100, 0, 100, 0], [1, 0, 1, 0]])
    assert displacements(a, b).tolist() == [0.5, 0.5, np.inf]


def test_limits_are_quantiles_of_the_tracklets() -> None:
    """Against a literal version, and in proportion beyond what is known."""
    rng = np.random.default_rng(1)
    boxes, frames, ids = video(
        *(walk(k, k + 12, 10 * k, rng.uniform(0, 9)) for k in range(12)))
    limits = displacement_limits(boxes, frames, ids, 15, 0.9, 50)
    before = 0.0
    for gap in range(1, 9):
        moves = [
            displacements(boxes[i:i + 1], boxes[j:j + 1])[0]
            for i in range(len(ids)) for j in range(len(ids))
            if ids[i] == ids[j] and frames[j] - frames[i] == gap]
        assert len(moves) >= 50
        before = max(before, np.quantile(moves, 0.9))
        assert limits[gap] == pytest.approx(before)
    for gap in range(9, 16):
        assert limits[gap] == pytest.approx(limits[8] * gap / 8)


def test_without_tracklets_nothing_is_limited() -> None:
    """Where nothing is known of motion, nothing is forbidden."""
    boxes, frames, ids = video(walk(1, 1, 0), walk(3, 3, 900))
    assert np.isinf(displacement_limits(boxes, frames, ids, 5)[1:]).all()
    assert len(MotionGate().forbidden(boxes, frames, ids, 5)) == 0
    none = np.zeros(0, np.int64)
    assert MotionGate().forbidden(
        np.zeros((0, 4)), none, none, 5).shape == (0, 2)


def test_pairs_against_all_pairs() -> None:
    """The sorted search finds what a double loop does."""
    rng = np.random.default_rng(2)
    starts = rng.integers(1, 40, 25)
    boxes, frames, ids = video(
        *(walk(int(s), int(s + rng.integers(0, 6)), rng.uniform(0, 400))
          for s in starts))
    limits = np.linspace(0, 1, 11)
    found = {tuple(pair) for pair in
             implausible_pairs(boxes, frames, ids, limits).tolist()}
    expected = set()
    names = np.unique(ids)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            end = np.flatnonzero(ids == a)[np.argmax(frames[ids == a])]
            begin = np.flatnonzero(ids == b)[np.argmin(frames[ids == b])]
            gap = frames[begin] - frames[end]
            if 1 <= gap <= 10 and displacements(
                    boxes[end][None], boxes[begin][None])[0] > limits[gap]:
                expected.add((i, j))
    assert found == expected
    assert found


@given(st.data())
def test_pairs_kept_apart_never_meet(data: st.DataObject) -> None:
    """Not in one step and not in several; else merging is as it was."""
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    num = data.draw(st.integers(2, 9))
    ids = np.arange(num)
    frames = rng.integers(1, 3 * num, num)
    features = rng.random((num, 3))
    pair = st.lists(st.integers(0, num - 1), min_size=2, max_size=2,
                    unique=True)
    apart = np.array(data.draw(st.lists(pair, max_size=6)), int)
    apart = apart.reshape(-1, 2)
    free = merge_tracklets(features, frames, ids, 5, 0.5)
    bound = merge_tracklets(features, frames, ids, 5, 0.5, apart)
    assert (bound[apart[:, 0]] != bound[apart[:, 1]]).all()
    if (free[apart[:, 0]] != free[apart[:, 1]]).all() and not len(apart):
        assert bound.tolist() == free.tolist()
    for k in np.unique(bound):
        member = np.sort(frames[bound == k])
        assert (np.diff(member) > 0).all()
        assert (np.diff(member) <= 5).all()


def test_a_gate_in_the_merger() -> None:
    """Alike, in time, but across the image: merged only without a gate."""
    boxes, frames, ids = video(
        walk(1, 30, 0), walk(33, 60, 900), walk(1, 60, 300))
    looks = {5: [1.0, 0.0], 6: [1.0, 0.0], 7: [0.0, 1.0]}
    features = np.array([looks[k] for k in ids.tolist()])
    labels = np.full(len(ids), 2)
    free = TrackletMerger().merge(features, frames, ids, labels, 0.5)
    gated = TrackletMerger(gate=dict(type='MotionGate'))
    tracks = gated.merge(features, frames, ids, labels, 0.5, boxes)
    assert len(np.unique(free)) == 2
    assert len(np.unique(tracks)) == 3
    with pytest.raises(ValueError, match='needs boxes'):
        gated.merge(features, frames, ids, labels, 0.5)


@pytest.mark.parametrize('options', [
    dict(quantile=1.5), dict(quantile=-0.1), dict(min_pairs=0)])
def test_bad_options(options: dict) -> None:
    """A typing error in a config is named."""
    with pytest.raises(ValueError, match=next(iter(options))):
        MotionGate(**options)
