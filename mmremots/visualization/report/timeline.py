"""The timeline: which track was seen when, of what it was put together."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from mmremots.visualization.report.data import NO_TRACKLET, VideoData

#: What is shorter than this share of a video is not seen on a screen.
_RESOLUTION = 1 / 1500


class Span(NamedTuple):
    """A bar: first frame, number of frames, and which of two shades."""

    start: int
    length: int
    shade: int


class Mark(NamedTuple):
    """Something that was decided in a frame.

    ``kind`` is ``merge``, ``cut`` (the other part went elsewhere) or
    ``mended`` (both parts were merged again).
    """

    frame: int
    kind: str
    text: str


class Row(NamedTuple):
    """A track of the timeline."""

    track: int
    label: int
    first: int
    last: int
    masks: int
    spans: list[Span]
    marks: list[Mark]


def find_cuts(frames: ArrayLike, whole: ArrayLike,
              parts: ArrayLike) -> NDArray[np.int64]:
    """Where tracklets were cut.

    Args:
        frames: (N,) frame of each mask.
        whole: (N,) its tracklet before the cuts.
        parts: (N,) its tracklet after them.

    Returns:
        (K, 3) int64: frame from which on it is another part, the part
        before, the part after; by frame.
    """
    times, old, new = (
        np.asarray(column, np.int64) for column in (frames, whole, parts))
    order = np.lexsort((times, old))
    times, old, new = times[order], old[order], new[order]
    cut = np.flatnonzero((old[1:] == old[:-1]) & (new[1:] != new[:-1]))
    found = np.stack([times[cut + 1], new[cut], new[cut + 1]], axis=1)
    return found[np.argsort(found[:, 0], kind='stable')]


def timeline_rows(data: VideoData, most: int) -> list[Row]:
    """The longest tracks of a video, in the order of their first frames.

    Args:
        data: The video.
        most: At most so many rows.
    """
    names, place, counts = np.unique(
        data.ids, return_inverse=True, return_counts=True)
    if not len(names):
        return []
    rows_of = np.split(np.argsort(place, kind='stable'),
                       np.cumsum(counts)[:-1])
    chosen = np.argsort(-counts, kind='stable')[:most]
    track_of = dict(zip(
        data.tracklets.tolist(), data.ids.tolist(), strict=True))
    cuts = _cuts_by_part(data.cuts)
    found = [_row(data, int(names[k]), rows_of[k], track_of, cuts)
             for k in chosen]
    return sorted(found, key=lambda row: (row.first, row.track))


def ticks(num_frames: int) -> list[int]:
    """Round frame numbers to write at the axis."""
    values = MaxNLocator(8, integer=True).tick_values(1, num_frames)
    return sorted({1, *(int(v) for v in values if 1 < v <= num_frames)})


def _row(data: VideoData, track: int, rows: NDArray[np.int64],
         track_of: dict[int, int],
         cuts: dict[int, list[tuple[int, int, int]]]) -> Row:
    times, parts = data.table.frames[rows], data.tracklets[rows]
    real = parts != NO_TRACKLET
    marks = _marks(track, times[real], parts[real], track_of, cuts)
    return Row(
        track, int(data.table.labels[rows[0]]), int(times[0]),
        int(times[-1]), len(rows),
        _spans(times, parts, data.video.num_frames * _RESOLUTION),
        _thinned(marks, data.video.num_frames * _RESOLUTION))


def _marks(track: int, times: NDArray, parts: NDArray,
           track_of: dict[int, int],
           cuts: dict[int, list[tuple[int, int, int]]]) -> list[Mark]:
    """Cuts of its tracklets, and merges where there was no cut."""
    names, first = np.unique(parts, return_index=True)
    order = np.argsort(first)
    mine, starts = names[order].tolist(), times[first[order]].tolist()
    known = set(mine)
    marks, mended = [], set()
    for frame, before, after in sorted({
            cut for part in mine for cut in cuts.get(part, [])}):
        there = track_of.get(after if before in known else before)
        if before in known and after in known:
            mended.add(frame)
            marks.append(Mark(
                frame, 'mended', f'frame {frame}: a tracklet was cut here, '
                f'and its parts {before} and {after} were merged again'))
        else:
            other = ('no track of the result' if there is None
                     else f'track {there}')
            marks.append(Mark(
                frame, 'cut', f'frame {frame}: a tracklet was cut here; its '
                f'other part is on {other}'))
    marks += [
        Mark(frame, 'merge', f'frame {frame}: tracklet {before} was merged '
             f'with tracklet {after}')
        for before, after, frame in zip(
            mine, mine[1:], starts[1:], strict=False)
        if frame not in mended]
    return sorted(marks)


def _spans(times: NDArray, parts: NDArray, least: float) -> list[Span]:
    """Bars of a track; breaks too short to be seen are closed."""
    shade = {part: k % 2 for k, part in enumerate(
        dict.fromkeys(parts.tolist()))}
    spans: list[Span] = []
    new = np.flatnonzero((np.diff(times) > 1) | (np.diff(parts) != 0)) + 1
    for run, part in zip(np.split(times, new), np.split(parts, new),
                         strict=True):
        start, stop = int(run[0]), int(run[-1]) + 1
        color = shade[int(part[0])]
        end = spans[-1].start + spans[-1].length if spans else -1
        if spans and start - end < least and (
                spans[-1].shade == color or stop - start < least):
            spans[-1] = spans[-1]._replace(length=stop - spans[-1].start)
        else:
            spans.append(Span(start, stop - start, color))
    return spans


def _thinned(marks: list[Mark], least: float) -> list[Mark]:
    """One mark of a kind where several would cover each other."""
    kept: dict[tuple[str, int], Mark] = {}
    for mark in marks:
        kept.setdefault((mark.kind, int(mark.frame / max(least, 1))), mark)
    return list(kept.values())


def _cuts_by_part(
        cuts: NDArray[np.int64]) -> dict[int, list[tuple[int, int, int]]]:
    found: dict[int, list[tuple[int, int, int]]] = {}
    for frame, before, after in cuts.tolist():
        for part in (before, after):
            found.setdefault(part, []).append((frame, before, after))
    return found
