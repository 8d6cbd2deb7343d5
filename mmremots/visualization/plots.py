"""Plots of a run's statistics: the paper's Figures 4 and 5, and timelines.

The plots use matplotlib's figures alone, no pyplot: no global state, no
display, and the same bytes for the same numbers.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from mmremots.structures.drawing import track_color
from mmremots.structures.files import atomic_path

#: ``dict(edges=[...], counts=[...])``, one edge more than counts.
Histogram = Mapping[str, Any]
PathLike = str | os.PathLike[str]

_DIFFERENT, _SAME, _THRESHOLD = '#c44e52', '#4c72b0', '#222222'


def histogram(similarities: ArrayLike, bins: int = 100,
              range: tuple[float, float] = (-1.0, 1.0)
              ) -> dict[str, list[float] | list[int]]:
    """Count similarities, in a form that JSON takes.

    Args:
        similarities: Any number of finite values; what lies beyond
            ``range``, if only by rounding, counts in the outermost bin.
        bins: Number of bins of equal width.
        range: First and last edge.

    Returns:
        ``edges`` (bins + 1 floats) and ``counts`` (bins ints).

    Raises:
        ValueError: If a value is not finite.
    """
    values = np.asarray(similarities, np.float64).ravel()
    if not np.isfinite(values).all():
        raise ValueError('similarities that are not finite')
    counts, edges = np.histogram(np.clip(values, *range), bins, range)
    return {'edges': edges.tolist(), 'counts': counts.tolist()}


def histogram_overlap(a: Histogram, b: Histogram) -> float:
    """Overlap coefficient of two histograms: sum of min(p_a, p_b).

    Args:
        a: A histogram.
        b: Another one with the same edges.

    Returns:
        0 (they share no bin, or one is empty) to 1 (same distribution).

    Raises:
        ValueError: If the edges differ.
    """
    if not np.array_equal(a['edges'], b['edges']):
        raise ValueError('histograms of different edges')
    counts_a = np.asarray(a['counts'], np.float64)
    counts_b = np.asarray(b['counts'], np.float64)
    if not counts_a.sum() or not counts_b.sum():
        return 0.0
    return float(np.minimum(counts_a / counts_a.sum(),
                            counts_b / counts_b.sum()).sum())


def draw_short_threshold(
        different: Histogram | ArrayLike, threshold: float,
        same: Histogram | ArrayLike = ()) -> Figure:
    """The paper's Figure 4: where theta_short comes from.

    Histogram of cosine similarity between masks of one frame, the normal
    distribution of its mean and standard deviation, and the threshold;
    beside it, what the threshold must not cut.

    Args:
        different: Similarities of all intra-frame pairs (different people),
            or their :func:`histogram`.
        threshold: theta_short.
        same: Similarities of the links that flow alone is sure of (one
            person), as ``different``.
    """
    figure, axes = _axes('Different people in one frame')
    _draw_bars(axes, different, 'intra-frame pairs', _DIFFERENT)
    if sum(_counted(same)['counts']):
        _draw_bars(axes, same, 'one person in adjacent frames', _SAME)
    mean, deviation = _moments(different)
    if deviation > 0:
        x = np.linspace(mean - 4 * deviation, mean + 4 * deviation, 200)
        density = np.exp(-((x - mean) / deviation) ** 2 / 2) / (
            deviation * np.sqrt(2 * np.pi))
        axes.plot(x, density, color=_DIFFERENT, linewidth=1.5,
                  label=f'normal, {mean:.3f} ± {deviation:.3f}')
    return _finish(figure, axes, threshold, 'θ short')


def draw_merge_threshold(different: Histogram | ArrayLike,
                         same: Histogram | ArrayLike,
                         threshold: float) -> Figure:
    """The paper's Figure 5: where theta_merge comes from.

    Args:
        different: Similarities of intra-frame pairs (different people), or
            their :func:`histogram`.
        same: Similarities of pairs within short-term tracklets (the
            same person), likewise, with the same edges.
        threshold: theta_merge.
    """
    figure, axes = _separation(different, same)
    return _finish(figure, axes, threshold, 'θ merge')


def plot_short_threshold(different: Histogram | ArrayLike, threshold: float,
                         path: PathLike,
                         same: Histogram | ArrayLike = ()) -> None:
    """Write :func:`draw_short_threshold` to a PNG."""
    _save(draw_short_threshold(different, threshold, same), path)


def plot_merge_threshold(different: Histogram | ArrayLike,
                         same: Histogram | ArrayLike,
                         threshold: float, path: PathLike) -> None:
    """Write :func:`draw_merge_threshold` to a PNG."""
    _save(draw_merge_threshold(different, same, threshold), path)


def plot_separation(different: Histogram | ArrayLike,
                    same: Histogram | ArrayLike, path: PathLike) -> None:
    """What an encoder tells apart: Figure 5 without a threshold.

    Args:
        different: As of :func:`plot_merge_threshold`.
        same: Likewise; none where there are no tracklets yet.
        path: PNG to write.
    """
    _save(_finish(*_separation(different, same)), path)


def plot_timeline(frames: ArrayLike, track_ids: ArrayLike, path: PathLike,
                  tracklet_ids: ArrayLike | None = None) -> None:
    """Which track was seen when, and of what tracklets it was merged.

    A row is a track in its colour of the overlays, in the order of first
    frames; tracklets of one track alternate between two shades.

    Args:
        frames: (N,) frame of each observation.
        track_ids: (N,) its track.
        path: PNG to write.
        tracklet_ids: (N,) its short-term tracklet; default: its track.

    Raises:
        ValueError: If lengths differ.
    """
    times, tracks = np.asarray(frames), np.asarray(track_ids)
    tracklets = tracks if tracklet_ids is None else np.asarray(tracklet_ids)
    if not len(times) == len(tracks) == len(tracklets):
        raise ValueError(f'{len(times)} frames, {len(tracks)} track ids, '
                         f'{len(tracklets)} tracklet ids')
    names, first = np.unique(tracks, return_index=True)
    names = names[np.lexsort((names, times[first]))]
    figure = Figure(figsize=(9, min(1.2 + 0.2 * len(names), 60)),
                    layout='constrained')
    axes = figure.add_subplot()
    for row, name in enumerate(names):
        mine = tracks == name
        color = np.array(track_color(int(name))[::-1]) / 255
        parts = _in_order(tracklets[mine], times[mine])
        for rank, part in enumerate(parts):
            shade = color if rank % 2 == 0 else 0.55 * color
            axes.broken_barh(_spans(times[mine & (tracklets == part)]),
                             (row - 0.4, 0.8), color=shade)
    axes.set_yticks(np.arange(len(names)), [str(name) for name in names],
                    fontsize=7)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set_xlabel('frame')
    axes.set_ylabel('track')
    axes.grid(axis='x', alpha=0.3)
    _save(figure, path)


def _in_order(ids: NDArray, times: NDArray) -> NDArray:
    """Distinct ids in the order of their first times."""
    return np.array(list(dict.fromkeys(ids[np.argsort(
        times, kind='stable')].tolist())))


def _spans(times: NDArray) -> list[tuple[float, float]]:
    """(start, length) of runs of consecutive frames."""
    ordered = np.unique(times)
    breaks = np.flatnonzero(np.diff(ordered) > 1) + 1
    return [(float(run[0]) - 0.5, float(run[-1] - run[0] + 1))
            for run in np.split(ordered, breaks)]


def _counted(similarities: Histogram | ArrayLike) -> Histogram:
    if isinstance(similarities, Mapping):
        return similarities
    return histogram(similarities)


def _moments(similarities: Histogram | ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation; of a histogram, those of bin centres."""
    if not isinstance(similarities, Mapping):
        values = np.asarray(similarities, np.float64).ravel()
        if not len(values):
            return 0.0, 0.0
        return float(values.mean()), float(values.std())
    counts = np.asarray(similarities['counts'], np.float64)
    if not counts.sum():
        return 0.0, 0.0
    edges = np.asarray(similarities['edges'], np.float64)
    centers = (edges[1:] + edges[:-1]) / 2
    mean = np.average(centers, weights=counts)
    variance = np.average((centers - mean) ** 2, weights=counts)
    return float(mean), float(np.sqrt(variance))


def _axes(title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(6.4, 4))
    # Margins of their own cost a third of what it takes to find them.
    figure.subplots_adjust(left=.11, right=.98, bottom=.13, top=.92)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10)
    axes.set_xlabel('cosine similarity')
    axes.set_ylabel('density')
    return figure, axes


def _draw_bars(axes: Any, similarities: Histogram | ArrayLike, name: str,
               color: str) -> None:
    counted = _counted(similarities)
    counts = np.asarray(counted['counts'], np.float64)
    edges = np.asarray(counted['edges'], np.float64)
    density = counts / max(counts.sum(), 1) / np.diff(edges)
    axes.stairs(density, edges, fill=True, color=color, alpha=0.4,
                label=f'{name} ({int(counts.sum())})')


def _separation(different: Histogram | ArrayLike,
                same: Histogram | ArrayLike) -> tuple[Figure, Any]:
    """Both histograms, and how much they overlap where both have pairs."""
    different, same = _counted(different), _counted(same)
    title = 'Different people and the same person'
    if sum(different['counts']) and sum(same['counts']):
        title += f': overlap {histogram_overlap(different, same):.1%}'
    figure, axes = _axes(title)
    _draw_bars(axes, different, 'intra-frame pairs', _DIFFERENT)
    _draw_bars(axes, same, 'within-tracklet pairs', _SAME)
    return figure, axes


def _finish(figure: Figure, axes: Any, threshold: float | None = None,
            name: str = '') -> Figure:
    """Mark the threshold, zoom to where something is."""
    used = [edge for patch in axes.patches for edge in _used(patch)]
    if threshold is not None:
        axes.axvline(threshold, color=_THRESHOLD, linestyle='--',
                     label=f'{name} = {threshold:.3f}')
        used.append(threshold)
    low, high = min(used, default=-1.0), max(used, default=1.0)
    margin = 0.05 * (high - low) + 0.02
    axes.set_xlim(low - margin, high + margin)
    axes.legend(fontsize=8)
    return figure


def _used(stairs: Any) -> list[float]:
    """First and last edge of the bins that are not empty."""
    data = stairs.get_data()
    filled = np.flatnonzero(data.values)
    if not len(filled):
        return []
    return [float(data.edges[filled[0]]), float(data.edges[filled[-1] + 1])]


def _save(figure: Figure, path: PathLike) -> None:
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure).print_png(
            temporary, metadata={'Software': None})
