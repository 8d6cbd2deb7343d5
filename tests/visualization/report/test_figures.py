"""Thresholds over their histograms, and what is said of them."""
from __future__ import annotations

import re

import pytest

from mmremots.visualization import histogram
from mmremots.visualization.report.figures import (
    separation_rows,
    threshold_charts,
)


def theta(value, rule='crossing', note='', same=(0.7, 0.8, 0.9, 0.5)):
    return dict(value=value, rule=rule, note=note,
                different=histogram([-0.1, 0.0, 0.1, 0.61]),
                same=histogram(same))


def test_a_chart_of_each_threshold_in_the_order_of_the_run():
    """Classes apart; sections without a threshold have none."""
    charts = threshold_charts({
        'merging': {'classes': {'1': theta(0.6), '2': theta(0.3)}},
        'gap_filling': {'gaps': 3},
        'short_term_tracking': {'classes': {'2': theta(0.2)}},
        'tracklet_splitting': {'classes': {}}})
    assert [chart.title for chart in charts] == [
        'Short-term tracking (Figure 4 of the paper)',
        'Merging, car (Figure 5 of the paper)',
        'Merging, pedestrian (Figure 5 of the paper)']
    assert charts[1].threshold == 'θ merge = 0.600'
    said = ' '.join(charts[1].sentences)
    assert '25.0% lie above it, of those of one person 75.0%' in said


@pytest.mark.parametrize('rule', [
    'three_sigma', 'crossing', 'quantile', 'positives', 'none', 'of_a_plugin'])
def test_every_rule_is_explained(rule):
    """A note says what happened."""
    chart, = threshold_charts({'merging': {'classes': {
        '2': theta(0.4, rule, 'nobody was there')}}})
    assert 'Nobody was there.' in chart.sentences
    assert len(chart.sentences[0]) > len('θ merge is .')


def test_empty_histograms_have_a_chart():
    """No frame with two people, and no tracklet of two masks."""
    empty = dict(value=-1.0, rule='none', note='', same=histogram([]),
                 different=histogram([]))
    charts = threshold_charts({
        'short_term_tracking': {'classes': {'2': empty}},
        'merging': {'classes': {'2': empty}}})
    assert all('<svg' in chart.svg for chart in charts)


def test_figures_take_the_colour_of_the_page():
    """No black, no white, no fixed size, and no id twice."""
    one, two = threshold_charts({
        'merging': {'classes': {'2': theta(0.4)}},
        'tracklet_splitting': {'classes': {'2': theta(0.3)}}})
    for chart in (one, two):
        assert 'currentColor' in chart.svg
        assert not re.search('#000000|#ffffff', chart.svg)
        assert 'width="' not in chart.svg[:chart.svg.index('>')]
    ids = re.findall(r' id="([^"]+)"', one.svg + two.svg)
    assert len(ids) == len(set(ids))


def test_encoders_stand_in_the_order_of_the_run():
    """Those of other names at the end; what is not known is a dash."""
    header, rows = separation_rows({
        'encoder_inter': {'overlap': 0.021, 'mAP': 85.06, 'rank1': 91.5},
        'encoder_start': {}, 'encoder_inter_2': {}, 'merging': {}})
    assert len(header) == len(rows[0])
    assert rows == [['start', '-', '-', '-'],
                    ['inter', '2.1%', '91.5', '85.1'],
                    ['inter_2', '-', '-', '-']]
