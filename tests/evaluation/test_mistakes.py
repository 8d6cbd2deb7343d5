"""Switches are TrackEval's; false tracks are those that show nobody."""
from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import table_of

from mmremots.evaluation import COMBINED, evaluate_mots
from mmremots.evaluation.mistakes import (
    FalseTrack,
    IdSwitch,
    find_mistakes,
    id_switches,
)
from mmremots.formats import write_mots
from mmremots.structures.masks import encode_mask
from mmremots.structures.video import Video

SIZE = (4, 40)


def table_at(places, labels=2):
    """A 4x4 mask for each (frame, column of 4 pixels)."""
    rles = []
    for _, column in places:
        mask = np.zeros(SIZE, np.uint8)
        mask[:, 4 * column:4 * column + 4] = 1
        rles.append(encode_mask(mask))
    return table_of([frame for frame, _ in places], labels, rles=rles,
                    size=SIZE)


masks = st.dictionaries(
    st.tuples(st.integers(1, 6), st.integers(0, 4)), st.integers(1, 4),
    min_size=1)


def one_a_frame(found):
    """An id stands once in a frame."""
    seen = {(frame, number): (frame, column)
            for (frame, column), number in found.items()}
    return sorted((place, number)
                  for (_, number), place in seen.items())


@settings(max_examples=25)
@given(masks, masks)
def test_as_many_switches_as_trackeval_counts(truth, tracks):
    """Persons and tracks at random in the same few places."""
    truth, tracks = one_a_frame(truth), one_a_frame(tracks)
    real = table_at([place for place, _ in truth])
    mine = table_at([place for place, _ in tracks])
    people = [2000 + number for _, number in truth]
    ids = [number for _, number in tracks]
    with TemporaryDirectory() as folder:
        gt = Path(folder, 'gt.txt')
        write_mots(gt, real, np.array(people))
        write_mots(Path(folder, 'A.txt'), mine, np.array(ids))
        video = Video('A', ('', ) * 6, *SIZE, 30.0, str(gt))
        scores = evaluate_mots([video], folder)[COMBINED]
    switches, _ = find_mistakes(mine, ids, real, people)
    assert len(switches) == scores['IDSW']


def test_a_switch_names_both_tracks_and_frames():
    """Person 7: track 1 until frame 2, unseen, then track 3."""
    assert id_switches(
        [1, 2, 3, 5, 5], [7, 7, -1, 7, 8], [1, 1, 1, 3, 1]) == [
            IdSwitch(7, 1, 3, 2, 5)]


def test_false_tracks_show_nobody_for_more_than_half():
    """Track 1 is somebody, 2 nobody, 3 half, 4 lies in an ignore region."""
    truth = table_at([(1, 0), (1, 9), (2, 0), (2, 9)], [2, 10, 2, 10])
    result = table_at(
        [(1, 0), (1, 1), (1, 3), (1, 9), (2, 1), (2, 0), (2, 9)])
    _, false = find_mistakes(
        result, [1, 2, 3, 4, 2, 3, 4], truth, [5, 6, 5, 6])
    assert false == [FalseTrack(2, 2, 2, 1)]


def test_nothing_is_found_of_nothing():
    """An empty result has no mistakes of these two kinds."""
    empty = table_at([])
    truth = table_at([(1, 0)])
    assert find_mistakes(empty, [], truth, [1]) == ([], [])
