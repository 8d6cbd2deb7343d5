"""Which tracks are left out."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.models.task_modules.track_pruning import (
    supported,
    track_support,
)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 3),
                          st.floats(0, 1)), max_size=30,
                unique_by=lambda row: row[:2]))
def test_support_is_that_of_the_definition(
        rows: list[tuple[int, int, float]]) -> None:
    """Against a literal version, rows in any order."""
    frames, ids, scores = (
        np.array([row[k] for row in rows]) for k in range(3))
    track, length, confidence = track_support(frames, scores, ids)
    for k, name in enumerate(np.unique(ids)):
        seen = set(frames[ids == name].tolist())
        longest = max(n for start in seen for n in range(1, 13)
                      if all(start + m in seen for m in range(n)))
        assert length[k] == longest
        assert confidence[k] == pytest.approx(scores[ids == name].mean())
        assert (track[ids == name] == k).all()


def test_what_flickers_goes() -> None:
    """Five frames on end stay, five with holes do not, nor do weak ones."""
    frames = np.r_[1:6, 1:11:2, 1:6]
    ids = np.repeat([4, 2, 9], 5)
    scores = np.r_[np.full(10, 0.9), np.full(5, 0.6)]
    kept = supported(frames, scores, ids, 5, 0.7)
    assert np.unique(ids[kept]).tolist() == [4]
    assert kept.sum() == 5
    assert supported(frames, scores, ids, 1, 0.0).all()


def test_nothing_to_prune() -> None:
    """A video without any mask."""
    none = np.zeros(0, np.int64)
    assert supported(none, np.zeros(0), none, 5, 0.7).shape == (0,)
    with pytest.raises(ValueError, match='do not fit'):
        supported(none, np.zeros(1), none, 5, 0.7)
