"""Rows, bars and marks of a timeline."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tables import table_of

from mmremots.structures.video import Video
from mmremots.visualization.report.data import NO_TRACKLET, VideoData
from mmremots.visualization.report.timeline import (
    Span,
    find_cuts,
    ticks,
    timeline_rows,
)


def data_of(places, cuts=(), num_frames=20):
    """A video of (frame, track, tracklet)."""
    frames, ids, tracklets = np.array(sorted(places)).T
    return VideoData(
        Video('v', ('', ) * num_frames, 1, 1, 25.0, None), table_of(frames),
        ids, tracklets, np.array(cuts, np.int64).reshape(-1, 3), {})


def test_cuts_are_where_parts_of_a_tracklet_meet():
    """Also across a frame in which it is not seen; by frame."""
    assert find_cuts(
        [1, 2, 3, 1, 2, 4], [1, 1, 1, 2, 2, 2], [5, 5, 6, 7, 8, 8]).tolist(
        ) == [[2, 7, 8], [3, 5, 6]]
    assert find_cuts([], [], []).shape == (0, 3)


def test_a_row_has_a_bar_for_each_tracklet_and_each_break():
    """Shades alternate; a mask of no tracklet is seen, but no merge."""
    row, = timeline_rows(data_of(
        [(1, 9, 1), (2, 9, 1), (4, 9, 1), (5, 9, 2), (6, 9, NO_TRACKLET)]),
        10)
    assert row.spans == [
        Span(1, 2, 0), Span(4, 1, 0), Span(5, 1, 1), Span(6, 1, 0)]
    assert (row.first, row.last, row.masks) == (1, 6, 5)
    assert [(mark.frame, mark.kind) for mark in row.marks] == [(5, 'merge')]


@pytest.mark.parametrize(('second', 'kinds'), [
    (9, {9: ['mended']}), (8, {9: ['cut'], 8: ['cut']})])
def test_a_cut_is_mended_or_not(second, kinds):
    """Parts of one tracklet on one track, or on two."""
    rows = timeline_rows(data_of(
        [(1, 9, 1), (2, 9, 1), (3, second, 2)], [(3, 1, 2)]), 10)
    assert {row.track: [mark.kind for mark in row.marks]
            for row in rows} == kinds


def test_a_cut_whose_other_part_is_left_out():
    """Pruned tracks are in no row."""
    row, = timeline_rows(data_of([(1, 9, 1)], [(2, 1, 2)]), 10)
    assert 'no track of the result' in row.marks[0].text


def test_the_longest_rows_by_first_frame():
    """A long video has more tracks than a page can show."""
    places = [(t, track, track) for track in range(1, 6)
              for t in range(6 - track, 6)]
    rows = timeline_rows(data_of(places), 3)
    assert [row.track for row in rows] == [5, 4, 3]
    assert timeline_rows(replace(
        data_of(places), table=table_of([]), ids=np.zeros(0, int),
        tracklets=np.zeros(0, int)), 3) == []


def test_a_long_video_has_few_bars_and_marks():
    """What is narrower than a point of the screen is drawn once."""
    places = [(t, 1, t) for t in range(1, 100_000, 2)]
    row, = timeline_rows(data_of(places, num_frames=100_000), 1)
    assert len(row.spans) == 1
    assert len(row.marks) <= 1501


def test_ticks_are_round_and_within():
    """The first frame is 1."""
    assert ticks(71) == [1, 10, 20, 30, 40, 50, 60, 70]
    assert ticks(1) == [1]
