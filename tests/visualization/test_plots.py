"""Histograms, the paper's figures, timelines."""
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmremots.visualization import (
    histogram,
    histogram_overlap,
    plot_merge_threshold,
    plot_separation,
    plot_short_threshold,
    plot_timeline,
)

# Multiples of 1/64 keep the slow version free of rounding.
values = hnp.arrays(np.int64, st.integers(0, 60), elements=st.integers(
    -64, 64)).map(lambda numbers: numbers / 64)


@given(values)
def test_every_value_is_counted_once_in_its_bin(similarities):
    """Against a loop; rounding beyond 1 must not lose a pair."""
    result = histogram(similarities, bins=8)
    assert result['edges'] == pytest.approx(np.linspace(-1, 1, 9))
    slow = [0] * 8
    for value in similarities:
        slow[min(int((value + 1) / 0.25), 7)] += 1
    assert result['counts'] == slow
    assert json.loads(json.dumps(result)) == result


def test_values_beyond_the_range_count_at_its_end():
    """Cosines of unit features come out at 1.0000001."""
    assert histogram([1.0000001, -1.1], bins=2)['counts'] == [1, 1]
    with pytest.raises(ValueError, match='finite'):
        histogram([np.nan])


@given(values, values)
def test_overlap_is_symmetric_and_between_0_and_1(a, b):
    """An overlap coefficient."""
    one, two = histogram(a, bins=10), histogram(b, bins=10)
    overlap = histogram_overlap(one, two)
    assert overlap == histogram_overlap(two, one)
    assert 0 <= overlap <= 1 + 1e-12
    assert histogram_overlap(one, one) == pytest.approx(float(len(a) > 0))


def test_overlap_of_known_histograms():
    """Half of one lies on all of the other: 0.5; apart: 0."""
    spread, narrow = histogram([-0.5, 0.5], 2), histogram([0.5, 0.6], 2)
    assert histogram_overlap(spread, narrow) == 0.5
    assert histogram_overlap(histogram([-0.5], 2), narrow) == 0
    with pytest.raises(ValueError, match='edges'):
        histogram_overlap(spread, histogram([0.5], 3))


@pytest.fixture
def similarities():
    rng = np.random.default_rng(0)
    return rng.normal(0.3, 0.12, 800), rng.normal(0.85, 0.06, 500)


def test_figures_are_written_and_deterministic(similarities, tmp_path):
    """Same numbers, same bytes: a run can be compared with diff."""
    different, same = similarities
    for name in 'ab':
        plot_short_threshold(different, 0.66, tmp_path / f'4{name}.png')
        plot_merge_threshold(
            different, same, 0.64, tmp_path / f'5{name}.png')
        plot_separation(different, same, tmp_path / f'6{name}.png')
    for figure in '456':
        first = (tmp_path / f'{figure}a.png').read_bytes()
        assert first == (tmp_path / f'{figure}b.png').read_bytes()
        assert cv2.imread(str(tmp_path / f'{figure}a.png')).std() > 10


def test_stored_histograms_can_be_plotted_again(similarities, tmp_path):
    """A run's statistics draw what its features drew."""
    different, same = similarities
    stored = json.loads(json.dumps(
        [histogram(different), histogram(same)]))
    plot_merge_threshold(different, same, 0.6, tmp_path / 'a.png')
    plot_merge_threshold(*stored, 0.6, tmp_path / 'b.png')
    assert (tmp_path / 'a.png').read_bytes() == (
        tmp_path / 'b.png').read_bytes()
    plot_short_threshold(stored[0], 0.6, tmp_path / 'c.png')
    assert (tmp_path / 'c.png').is_file()


@pytest.mark.parametrize('few', [[], [0.4], [1.0, 1.0]])
def test_nothing_to_show_is_no_error(few, tmp_path):
    """A video may hold one person, or a frame with two just once."""
    plot_short_threshold(few, 1.2, tmp_path / 'a.png')
    plot_short_threshold(histogram(few), 1.2, tmp_path / 'b.png')
    plot_merge_threshold(few, [], 0.5, tmp_path / 'c.png')
    plot_separation(few, [], tmp_path / 'd.png')


def test_timeline(tmp_path):
    """A row a track; both shades of a merged track; deterministic."""
    frames = [1, 2, 3, 6, 7, 2, 3, 4]
    tracks = [9, 9, 9, 9, 9, 4, 4, 4]
    tracklets = [1, 1, 1, 3, 3, 2, 2, 2]
    for name in 'ab':
        plot_timeline(frames, tracks, tmp_path / f'{name}.png', tracklets)
    assert (tmp_path / 'a.png').read_bytes() == (
        tmp_path / 'b.png').read_bytes()
    plot_timeline(frames, tracks, tmp_path / 'plain.png')
    merged, plain = (
        len(np.unique(cv2.imread(str(tmp_path / name)).reshape(-1, 3),
                      axis=0)) for name in ('a.png', 'plain.png'))
    assert merged > plain
    plot_timeline([], [], tmp_path / 'empty.png')
    with pytest.raises(ValueError, match='8 frames, 1 track ids'):
        plot_timeline(frames, [1], tmp_path / 'x.png')
