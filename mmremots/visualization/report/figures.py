"""The thresholds over their histograms, and the sentences beside them."""
from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from mmremots.structures.classes import CLASS_NAMES
from mmremots.visualization.plots import (
    Histogram,
    draw_merge_threshold,
    draw_short_threshold,
    histogram_overlap,
)

#: Colours that follow the page's own, light or dark.
_INK = re.compile(r'#(000000|222222)\b')
_GROUP_IDS = re.compile(r' id="[A-Za-z]+[\w.]*_\d+"')


class Chart(NamedTuple):
    """A figure and what it says.

    Attributes:
        title: Above it.
        different: What is red in it.
        same: What is blue.
        threshold: What the line is.
        svg: The figure, to stand in the page.
        sentences: Below it.
    """

    title: str
    different: str
    same: str
    threshold: str
    svg: str
    sentences: list[str]


class _Kind(NamedTuple):
    title: str
    symbol: str
    where: str


def class_name(label: int) -> str:
    """What people call a class."""
    return CLASS_NAMES.get(label, f'class {label}')


def threshold_charts(statistics: Mapping[str, Any]) -> list[Chart]:
    """A chart of each threshold in a video's statistics.

    Args:
        statistics: Content of ``statistics/SEQ.json``.
    """
    charts = []
    for kind in _KINDS:
        for section in sorted(statistics):
            if not section.startswith(kind):
                continue
            classes = statistics[section].get('classes', {})
            for label, theta in classes.items():
                name = _KINDS[kind].title + section.removeprefix(
                    kind).replace('_', ' ')
                if len(classes) > 1:
                    name += f', {class_name(int(label))}'
                charts.append(_chart(kind, name, theta))
    return charts


def separation_rows(
        statistics: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """What each encoder of the run tells apart: header and rows."""
    header = ['encoder', 'overlap of the two histograms', 'rank-1', 'mAP']
    rows = []
    for section, found in statistics.items():
        if section.startswith('encoder_'):
            rows.append([section.removeprefix('encoder_'), *(
                '-' if found.get(name) is None else text.format(found[name])
                for name, text in (
                    ('overlap', '{:.1%}'), ('rank1', '{:.1f}'),
                    ('mAP', '{:.1f}')))])
    return header, sorted(rows, key=lambda row: _ENCODERS.get(row[0], 9))


#: In the order in which a run has them.
_ENCODERS = {'start': 0, 'labelled': 1, 'intra': 2, 'inter': 3}
_KINDS = {
    'short_term_tracking': _Kind(
        'Short-term tracking', 'θ short', 'Figure 4 of the paper'),
    'tracklet_splitting': _Kind(
        'Tracklet splitting', 'θ split', 'as Figure 5 of the paper'),
    'merging': _Kind('Merging', 'θ merge', 'Figure 5 of the paper')}


def svg_of(figure: Figure, salt: str) -> str:
    """A figure as SVG that takes its colours and fonts from the page.

    Args:
        figure: The figure.
        salt: Tells its ids from those of other figures of the page.
    """
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
        axes.spines[['top', 'right']].set_visible(False)
        axes.set_title('')
        for bars in axes.patches:  # Strong enough on a dark page.
            bars.set_alpha(0.6)
        legend = axes.get_legend()
        if legend is not None:  # The page has its own.
            legend.remove()
    file = io.StringIO()
    with mpl.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': salt}):
        figure.savefig(file, format='svg', metadata={
            'Date': None, 'Creator': None, 'Format': None, 'Type': None})
    text = file.getvalue()
    text = _GROUP_IDS.sub('', text[text.index('<svg'):])
    text = _INK.sub('currentColor', text)
    return re.sub(r'(<svg[^>]*?) width="[^"]*"', r'\1', re.sub(
        r'(<svg[^>]*?) height="[^"]*"', r'\1', text, count=1), count=1)


def _chart(kind: str, name: str, theta: Mapping[str, Any]) -> Chart:
    short = kind == 'short_term_tracking'
    different, same = theta['different'], theta['same']
    value = theta['value']
    figure = (draw_short_threshold(different, value, same) if short else
              draw_merge_threshold(different, same, value))
    figure.set_size_inches(4.4, 2.6)
    _, symbol, where = _KINDS[kind]
    return Chart(
        f'{name} ({where})',
        f'different people, {sum(different["counts"]):,} pairs',
        f'one person, {sum(same["counts"]):,} pairs',
        f'{symbol} = {value:.3f}', svg_of(figure, name),
        _sentences(kind, theta))


def _sentences(kind: str, theta: Mapping[str, Any]) -> list[str]:
    different, same = theta['different'], theta['same']
    value, rule = theta['value'], theta['rule']
    said = [f'{_KINDS[kind].symbol} is {_RULES.get(rule, rule)}.']
    if theta.get('note'):
        note = theta['note']
        said.append(f'{note[:1].upper()}{note[1:]}.')
    said.append(_USE[kind])
    wrong = _share_above(different, value)
    right = _share_above(same, value)
    if wrong is not None:
        said.append(f'Of the pairs of different people {wrong:.1%} lie above '
                    'it')
        said[-1] += ('.' if right is None else
                     f', of those of one person {right:.1%}.')
    if wrong is not None and right is not None:
        overlap = histogram_overlap(different, same)
        said.append(
            f'The two histograms overlap by {overlap:.1%}: '
            + next(text for most, text in _VERDICTS if overlap <= most))
    return said


_RULES = {
    'three_sigma': 'the mean of the similarities of different people (all '
    'pairs of masks that share a frame, red) plus three standard deviations',
    'crossing': 'where the density of one person (blue) rises above that of '
    'different people who share a frame (red), so that least is got wrong on '
    'either side',
    'quantile': 'the 99.7 % quantile of the similarities of different '
    'people, since their mean plus three standard deviations is out of reach',
    'positives': 'the mean of the similarities of one person minus three '
    'standard deviations, since no frame has two masks',
    'none': 'a last resort, since the similarities say nothing',
}
_USE = {
    'short_term_tracking': 'Masks of adjacent frames that are less alike '
    'are never linked.',
    'tracklet_splitting': 'A tracklet is cut where its two parts are less '
    'alike on average than this.',
    'merging': 'Tracklets that are more alike on average are merged into a '
    'track.',
}
_VERDICTS = (
    (0.05, 'the encoder tells these people apart well.'),
    (0.15, 'the encoder tells most of these people apart; look at the '
     'decisions near the line.'),
    (1.01, 'the encoder mixes people up; expect wrong merges and tracks in '
     'pieces.'),
)


def _share_above(counted: Histogram, value: float) -> float | None:
    """Share of a histogram above a value; bins are even within."""
    counts = np.asarray(counted['counts'], np.float64)
    edges = np.asarray(counted['edges'], np.float64)
    if not counts.sum():
        return None
    share = np.clip((edges[1:] - value) / np.diff(edges), 0, 1)
    return float((counts * share).sum() / counts.sum())
