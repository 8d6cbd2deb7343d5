"""Merges for which a person would have to jump."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import overlaps_of, table_of

from mmremots.models.task_modules import MotionVeto, TrackletMerger
from mmremots.models.task_modules.motion_veto import (
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


def steps(frames: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Links of each tracklet's masks in adjacent frames."""
    return np.array([
        (a, b) for a in range(len(ids)) for b in range(len(ids))
        if ids[a] == ids[b] and frames[b] == frames[a] + 1]).reshape(-1, 2)


def test_displacement_counts_in_heights() -> None:
    """Twice as large and twice as far is the same; no height, no limit."""
    a = np.array([[0, 0, 10, 100], [0, 0, 20, 200], [0, 0, 1, 0]])
    b = a + np.array([[50, 0, 50, 0], [100, 0, 100, 0], [1, 0, 1, 0]])
    assert displacements(a, b).tolist() == [0.5, 0.5, np.inf]


@given(st.integers(0, 2**32 - 1))
def test_pairs_against_all_pairs(seed: int) -> None:
    """The sorted search finds what a double loop does."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(1, 30, rng.integers(0, 16))
    tables = [walk(int(s), int(s + rng.integers(0, 6)), rng.uniform(0, 400))
              for s in starts]
    boxes, frames, ids = video(walk(1, 1, 0), *tables)
    speed, allowance = rng.uniform(0, 0.3), rng.choice([0.0, 0.5])
    found = implausible_pairs(boxes, frames, ids, speed, allowance, 10)
    expected = set()
    names = np.unique(ids)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            end = np.flatnonzero(ids == a)[np.argmax(frames[ids == a])]
            begin = np.flatnonzero(ids == b)[np.argmin(frames[ids == b])]
            gap = frames[begin] - frames[end]
            moved = displacements(boxes[end][None], boxes[begin][None])[0]
            if 1 <= gap <= 10 and moved > allowance + speed * gap:
                expected.add((i, j))
    assert found.dtype == np.int64
    assert {tuple(pair) for pair in found.tolist()} == expected
    assert len(found) == len(expected)


def test_the_speed_is_that_of_sure_links() -> None:
    """A quantile of them, a frame; the allowance comes on top, once."""
    people = [walk(1, 12, 500.0 * k, step=3.0 + k) for k in range(8)]
    boxes, frames, ids = video(*people, walk(14, 14, 0), walk(17, 17, 0))
    links = steps(frames, ids)
    assert len(links) == 8 * 11
    veto = MotionVeto(quantile=0.9, allowance=0.25)
    speed = np.quantile(np.repeat(np.arange(3.0, 11), 11) / 100, 0.9)
    expected = implausible_pairs(boxes, frames, ids, speed, 0.25, 9)
    assert 0 < len(expected) < 8 * 2
    assert veto.forbidden(boxes, frames, ids, links, 9).tolist() == (
        expected.tolist())


def test_what_is_not_known_is_not_forbidden() -> None:
    """Too few links, no tracklets, or tracklets out of reach."""
    boxes, frames, ids = video(walk(1, 30, 0), walk(33, 60, 9000))
    links = steps(frames, ids)
    assert len(links) == 29 + 27
    for veto, gap, num in (
            (MotionVeto(), 3, 1), (MotionVeto(), 2, 0),
            (MotionVeto(min_links=56), 3, 1), (MotionVeto(min_links=57), 3, 0),
            (MotionVeto(allowance=100), 3, 0)):
        pairs = veto.forbidden(boxes, frames, ids, links, gap)
        assert pairs.tolist() == [[0, 1]] * num
    none = np.zeros(0, np.int64)
    assert MotionVeto().forbidden(
        np.zeros((0, 4)), none, none, none, 5).shape == (0, 2)
    assert implausible_pairs(
        np.zeros((0, 4)), none, none, 0, 0, 5).shape == (0, 2)


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


def test_a_veto_in_the_merger() -> None:
    """Alike, in time, but across the image: merged only without a veto.

    Cars fly by in the same frames: their speed is none of people's, and
    their links shift rows.
    """
    boxes, frames, ids = video(
        walk(1, 30, 0), walk(33, 60, 900), walk(1, 60, 300),
        walk(1, 20, 0, step=300), walk(24, 60, 6900, step=300),
        walk(1, 60, 50, step=300))
    looks = np.array([[1.0, 0], [1, 0], [0, 1]])
    order = np.argsort(frames, kind='stable')
    boxes, frames, ids = boxes[order], frames[order], ids[order]
    labels = np.where(ids < 8, 2, 1)
    given_to = (
        table_of(frames, labels, boxes), looks[(ids - 5) % 3], ids,
        overlaps_of(steps(frames, ids)), 25.0)
    free = TrackletMerger().merge(*given_to).ids
    vetoed = TrackletMerger(veto=dict(type='MotionVeto'))
    tracks = vetoed.merge(*given_to).ids
    for label, with_all, with_veto in ((2, 2, 3), (1, 2, 2)):
        of = labels == label
        assert len(np.unique(free[of])) == with_all
        assert len(np.unique(tracks[of])) == with_veto


@pytest.mark.parametrize('options', [
    dict(quantile=1.5), dict(quantile=-0.1), dict(min_links=0),
    dict(allowance=-1), dict(allowance=np.nan)])
def test_bad_options(options: dict) -> None:
    """A typing error in a config is named."""
    with pytest.raises(ValueError, match=next(iter(options))):
        MotionVeto(**options)
