"""Who is on the crops, and when they are seen."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.datasets.crop_tables import CropTable, seen_spans

FRAMES = [1, 1, 2, 2, 3, 5, 5]
PEOPLE = [70, 30, 30, 70, 30, 30, 90]


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(1, 9))))
def test_seen_spans_literal(pairs: set[tuple[int, int]]) -> None:
    """Walking frame by frame from an observation ends where it says."""
    persons, frames = np.array(
        sorted(pairs, key=lambda p: p[1]), np.int64).reshape(-1, 2).T
    starts, ends = seen_spans(persons, frames)
    for person, frame, start, end in zip(
            persons, frames, starts, ends, strict=True):
        first = last = frame
        while (person, first - 1) in pairs:
            first -= 1
        while (person, last + 1) in pairs:
            last += 1
        assert (start, end) == (first, last)


def test_linked(make_store, tmp_path: Path) -> None:
    """Identities are numbered from 0 by value; a file replaces the own."""
    store = make_store('linked', FRAMES, PEOPLE)
    np.save(tmp_path / 'ids.npy', np.array([5, 6, 5, 6, 7, 5, 9]))
    own, other = CropTable.read_all(
        [{'crops': str(store.folder)},
         {'crops': str(store.folder),
          'identities': str(tmp_path / 'ids.npy')}], linked=True)
    assert (own.video, other.video) == (0, 1)
    assert own.persons.tolist() == [1, 0, 0, 1, 0, 0, 2]
    assert own.starts.tolist() == [1, 1, 1, 1, 1, 5, 5]
    assert own.ends.tolist() == [2, 3, 3, 2, 3, 5, 5]
    assert other.persons.tolist() == [0, 1, 0, 1, 2, 0, 3]
    assert [rows.tolist() for rows in own.rows_of_persons()] == [
        [1, 2, 4, 5], [0, 3], [6]]
    assert own.rows_of_frames().tolist() == [[0, 2], [2, 4], [4, 5], [5, 7]]


def test_unlinked(make_store) -> None:
    """Without links each crop is one of its own, seen in its frame."""
    store = make_store('unlinked', FRAMES, PEOPLE)
    table, = CropTable.read_all([{'crops': str(store.folder)}], linked=False)
    assert table.persons.tolist() == list(range(7))
    assert table.starts.tolist() == table.ends.tolist() == FRAMES


def test_empty(make_store) -> None:
    """A video in which nothing was found has nobody and no frames."""
    store = make_store('empty', [], [])
    for linked in (False, True):
        table, = CropTable.read_all(
            [{'crops': str(store.folder)}], linked=linked)
        assert table.rows_of_persons() == []
        assert table.rows_of_frames().shape == (0, 2)


@pytest.mark.parametrize(('ids', 'message'), [
    ([1, 2, 3], r'ids\.npy.*shape \(3,\).*7 crops'),
    ([4, 4, 1, 2, 1, 1, 2], r'ids\.npy: identity 4 is in frame 1 twice'),
])
def test_bad_identities(make_store, tmp_path: Path, ids: list[int],
                        message: str) -> None:
    """Identities that cannot be are refused, with file and value."""
    store = make_store('bad', FRAMES, PEOPLE)
    path = tmp_path / 'ids.npy'
    np.save(path, np.array(ids))
    with pytest.raises(ValueError, match=message):
        CropTable.read_all(
            [{'crops': str(store.folder), 'identities': str(path)}], True)


def test_no_identities(make_store) -> None:
    """Crops without identities cannot be labelled ones."""
    store = make_store('nobody', FRAMES, PEOPLE)
    (store.folder / 'identities.npy').unlink()
    with pytest.raises(ValueError, match='nothing says who'):
        CropTable.read_all([{'crops': str(store.folder)}], linked=True)
