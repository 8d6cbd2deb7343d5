"""Which parts of tracks are left out."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.models.task_modules.track_pruning import (
    least_score,
    seconds_on_end,
    stretches,
    supported,
    usual_step,
)

rows = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 3), st.floats(0, 1)),
    max_size=30, unique_by=lambda row: row[:2])


def columns(table: list[tuple[int, int, float]]) -> list[np.ndarray]:
    """Frames, ids and scores; frames and ids are integers without rows."""
    return [np.array([row[k] for row in table], kind)
            for k, kind in enumerate((int, int, float))]


@given(rows, st.sampled_from([1, 2.5, 25, 29.97]), st.integers(1, 4))
def test_time_is_that_of_the_definition(
        table: list[tuple[int, int, float]], rate: float,
        step: int) -> None:
    """From the first to the last frame without a break, in any order."""
    frames, ids, _ = columns(table)
    seconds = seconds_on_end(frames, ids, rate, step)
    assert seconds.dtype == np.float64
    near = range(1, step + 1)
    for frame, name, found in zip(frames, ids, seconds, strict=True):
        seen = set(frames[ids == name].tolist())
        first, last = frame, frame
        while any(first - k in seen for k in near):
            first = max(t for t in seen if t < first)
        while any(last + k in seen for k in near):
            last = min(t for t in seen if t > last)
        assert found == (last - first) / rate


@given(rows, st.integers(1, 5), st.sampled_from([0, 0.5, 0.9, 0.95, 1]))
def test_usual_step_is_enough_for_its_share(
        table: list[tuple[int, int, float]], max_gap: int,
        share: float) -> None:
    """The least that so many of the steps do not exceed."""
    frames, ids, _ = columns(table)
    found = usual_step(frames, ids, max_gap, share)
    steps = [step for name in set(ids.tolist())
             for step in np.diff(np.sort(frames[ids == name])).tolist()
             if step <= max_gap]
    if not steps:
        assert found == 1
        return
    assert 1 <= found <= max_gap
    assert found in steps

    def within(step: int) -> float:
        return sum(s <= step for s in steps) / len(steps)

    assert within(found) >= share - 1e-9
    assert found == min(steps) or within(found - 1) < share + 1e-9


def test_people_missed_now_and_then_stay() -> None:
    """A fifth of the masks missed everywhere: nothing is seen on end."""
    rng = np.random.default_rng(0)
    frames, ids = np.nonzero(rng.random((100, 5)) < 0.8)
    scores = np.full(len(ids), 0.9)
    parts = stretches(frames, ids, 12)

    def left(step: int) -> float:
        seconds = seconds_on_end(frames, ids, 25.0, step)
        return float(supported(
            seconds, scores, ids, parts, 0.6, 0.0).mean())

    assert left(1) < 0.5
    assert left(usual_step(frames, ids, 12, 0.9)) == 1


@given(rows, st.sampled_from([0, 0.5, 1, 9]), st.floats(0, 3))
def test_least_score_is_that_of_sure_masks(
        table: list[tuple[int, int, float]], sure: float,
        sigmas: float) -> None:
    """Mean minus sigmas; without sure masks nothing is too weak."""
    frames, ids, scores = columns(table)
    seconds = seconds_on_end(frames, ids, 2.0)
    of_sure = [score for score, time in zip(scores, seconds, strict=True)
               if time >= sure]
    found = least_score(scores, seconds, sure, sigmas)
    if of_sure:
        mean = sum(of_sure) / len(of_sure)
        spread = (sum((x - mean)**2 for x in of_sure) / len(of_sure))**0.5
        assert found == pytest.approx(mean - sigmas * spread, abs=1e-9)
    else:
        assert found == -np.inf


@given(rows, st.integers(1, 5))
def test_parts_end_at_long_breaks(
        table: list[tuple[int, int, float]], max_gap: int) -> None:
    """Two rows share a part where no break lies between them."""
    frames, ids, _ = columns(table)
    parts = stretches(frames, ids, max_gap)
    assert parts.dtype == np.int64
    assert set(parts.tolist()) == set(range(parts.max(initial=-1) + 1))
    for a in range(len(ids)):
        for b in range(len(ids)):
            seen = sorted(t for t, name in zip(frames, ids, strict=True)
                          if name == ids[a] and
                          min(frames[[a, b]]) <= t <= max(frames[[a, b]]))
            whole = ids[a] == ids[b] and all(np.diff(seen) <= max_gap)
            assert (parts[a] == parts[b]) == whole


@given(rows, st.integers(1, 5), st.sampled_from([0, 0.5, 1, 2]),
       st.floats(0, 1))
def test_parts_stay_or_go_as_a_whole(
        table: list[tuple[int, int, float]], max_gap: int,
        least_time: float, least: float) -> None:
    """By their longest time and their track's mean score, one by one."""
    frames, ids, scores = columns(table)
    seconds = seconds_on_end(frames, ids, 2.0)
    parts = stretches(frames, ids, max_gap)
    kept = supported(seconds, scores, ids, parts, least_time, least)
    assert kept.dtype == bool
    for part in np.unique(parts):
        of = parts == part
        track = ids == ids[of][0]
        mean = sum(scores[track]) / track.sum()
        if abs(mean - least) > 1e-9:
            assert set(kept[of]) == {
                max(seconds[of]) >= least_time and mean > least}


def test_what_flickers_goes() -> None:
    """Five frames on end stay, five with holes do not, nor do weak ones."""
    frames = np.r_[1:6, 1:11:2, 1:6]
    ids = np.repeat([4, 2, 9], 5)
    scores = np.r_[np.full(10, 0.9), np.full(5, 0.6)]
    seconds = seconds_on_end(frames, ids, 10.0)
    assert seconds.tolist() == [0.4] * 5 + [0.0] * 5 + [0.4] * 5
    kept = supported(seconds, scores, ids, ids, 0.4, 0.7)
    assert np.unique(ids[kept]).tolist() == [4]
    assert kept.sum() == 5
    assert supported(seconds, scores, ids, ids, 0.0, 0.0).all()


def test_what_is_merged_to_a_track_must_last_itself() -> None:
    """Three frames long after five on end go, after a short break not."""
    ids = np.ones(8, int)
    for start, rest in ((12, 0), (8, 3)):
        frames = np.r_[1:6, start:start + 3]
        seconds = seconds_on_end(frames, ids, 10.0)
        kept = supported(
            seconds, np.ones(8), ids, stretches(frames, ids, 5), 0.4, 0.5)
        assert kept.tolist() == [True] * 5 + [bool(rest)] * 3


@pytest.mark.parametrize('score', [0.1, 0.3, 0.7, 0.9, 1.0])
def test_a_detector_of_one_score(score: float) -> None:
    """All masks are as sure as the sure ones: no score is too low.

    Means of the same number differ by rounding.
    """
    lengths = np.arange(1, 60)
    frames = np.concatenate([np.arange(n) for n in lengths])
    ids = np.repeat(lengths, lengths)
    scores = np.full(len(ids), score, np.float32)
    seconds = seconds_on_end(frames, ids, 25.0)
    for sigmas in (0.0, 2.0):
        least = least_score(scores, seconds, 1.0, sigmas)
        assert supported(
                seconds, scores, ids, ids, 0.0, least).all()


def test_a_mask_without_a_score_says_nothing() -> None:
    """Gaps that were filled lower no track's score, nor the threshold."""
    frames, ids = np.tile(np.arange(30), 2), np.repeat([1, 2], 30)
    scores = np.tile([0.8, 0.9, np.nan], 20)
    seconds = seconds_on_end(frames, ids, 25.0)
    least = least_score(scores, seconds, 1.0, 1.0)
    assert least == pytest.approx(0.8)
    assert supported(seconds, scores, ids, ids, 0.0, 0.85 - 1e-9).all()


def test_nothing_to_prune() -> None:
    """A video without any mask, and columns that do not fit."""
    none = np.zeros(0, np.int64)
    assert seconds_on_end(none, none, 25.0).shape == (0,)
    assert supported(
        np.zeros(0), np.zeros(0), none, none, 0.4, 0.7).shape == (0,)
    with pytest.raises(ValueError, match='do not fit'):
        supported(np.zeros(0), np.zeros(1), none, none, 0.4, 0.7)
    with pytest.raises(ValueError, match='do not fit'):
        seconds_on_end([1, 2], [1], 25.0)
