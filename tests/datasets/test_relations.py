"""Known and unknown pairs of a batch."""
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmremots.datasets.relations import relation_matrix

crops = st.tuples(
    st.integers(0, 2), st.integers(0, 3), st.integers(1, 6),
    st.integers(0, 3), st.booleans())


def literal(a: tuple, b: tuple) -> int:
    """The relation of two crops, case by case."""
    video_a, who_a, start_a, length_a, labelled_a = a
    video_b, who_b, start_b, length_b, labelled_b = b
    if labelled_a != labelled_b:
        return 0
    if labelled_a:
        return 1 if who_a == who_b else -1
    if video_a != video_b:
        return 0
    if who_a == who_b:
        return 1
    together = (set(range(start_a, start_a + length_a + 1))
                & set(range(start_b, start_b + length_b + 1)))
    return -1 if together else 0


def relate(batch: list[tuple]) -> np.ndarray:
    """The relation matrix of a list of crops."""
    videos, who, starts, lengths, labelled = (
        np.array(batch, dtype=np.int64).reshape(-1, 5).T)
    return relation_matrix(
        videos, who, starts, starts + lengths, labelled.astype(bool))


@given(st.lists(crops, max_size=12))
def test_literal(batch: list[tuple]) -> None:
    """Every pair as the cases say; symmetric; oneself is the same."""
    relation = relate(batch)
    assert relation.dtype == np.int8
    assert relation.shape == (len(batch), len(batch))
    assert (relation == relation.T).all()
    assert (np.diag(relation) == 1).all()
    for i, a in enumerate(batch):
        for j, b in enumerate(batch):
            assert relation[i, j] == literal(a, b)


def test_touching_ranges_meet() -> None:
    """Ranges include their last frame: meeting there is meeting."""
    assert relate([(0, 1, 1, 4, 0), (0, 2, 5, 2, 0)])[0, 1] == -1
    assert relate([(0, 1, 1, 3, 0), (0, 2, 5, 2, 0)])[0, 1] == 0


def test_same_person_in_two_frames_is_unknown() -> None:
    """Of intra-frame observations of different frames nothing is known."""
    frames = np.array([1, 1, 2, 2])
    relation = relation_matrix(
        np.zeros(4, int), np.arange(4), frames, frames, np.zeros(4, bool))
    assert relation.tolist() == [
        [1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]]
