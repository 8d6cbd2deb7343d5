"""The table of observations."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.structures.masks import encode_mask
from mmremots.structures.observations import Observations

SIZE = (4, 5)
RLE = encode_mask(np.eye(4, 5))


def table(frames):
    """Rows that tell where they came from by their score."""
    n = len(frames)
    return Observations(
        np.array(frames, np.int64), np.zeros((n, 4), np.float32),
        np.arange(n, dtype=np.float32), np.full(n, 2), [RLE] * n, SIZE)


class TestTable:

    def test_rows_of_a_frame(self):
        """Frames with many rows, one, and none."""
        rows = table([2, 2, 5, 7, 7, 7])
        assert rows.of_frame(2) == slice(0, 2)
        assert rows.of_frame(5) == slice(2, 3)
        for frame in (1, 3, 9):
            assert not len(rows.take(rows.of_frame(frame)))
        assert list(rows.frame_slices()) == [
            (2, slice(0, 2)), (5, slice(2, 3)), (7, slice(3, 6))]
        assert list(Observations.empty().frame_slices()) == []

    @pytest.mark.parametrize('index', [
        slice(1, 3), [1, 2], np.array([False, True, True, False])])
    def test_take(self, index):
        """The three ways to name rows."""
        taken = table([1, 2, 3, 3]).take(index)
        assert taken.scores.tolist() == [1, 2]
        assert taken.frames.tolist() == [2, 3]
        assert len(taken) == len(taken.rles) == 2

    def test_take_none(self):
        """No rows, by an empty list and from an empty table."""
        assert len(table([1, 2]).take([])) == 0
        assert len(table([]).take(np.zeros(0, dtype=bool))) == 0

    def test_concatenate(self):
        """By frame, then in the order of the tables, then of their rows."""
        rows = Observations.concatenate(
            [table([1, 3, 3]), Observations.empty(), table([0, 1, 3])])
        assert rows.frames.tolist() == [0, 1, 1, 3, 3, 3]
        assert rows.scores.tolist() == [0, 0, 1, 1, 2, 2]
        assert rows.size == SIZE
        assert Observations.concatenate([]).size is None

    def test_refuses_nonsense(self):
        """Disorder, columns of different lengths, images of two sizes."""
        with pytest.raises(ValueError, match='ordered'):
            table([2, 1])
        with pytest.raises(ValueError, match='1 masks'):
            Observations(
                np.ones(2, np.int64), np.zeros((1, 4), np.float32),
                np.zeros(1, np.float32), np.ones(1, np.int64), [RLE], SIZE)
        with pytest.raises(ValueError, match='sizes'):
            Observations.concatenate(
                [table([1]), Observations.empty((9, 9))])
