"""The page: what a report shows, put into the template."""
from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mmremots.structures.drawing import track_color
from mmremots.structures.files import atomic_path
from mmremots.visualization.report.data import (
    Decision,
    Mistake,
    RunData,
    VideoData,
)
from mmremots.visualization.report.figures import (
    class_name,
    separation_rows,
    threshold_charts,
)
from mmremots.visualization.report.frames import Clip, crop_of, make_clip
from mmremots.visualization.report.timeline import (
    Row,
    ticks,
    timeline_rows,
)

#: Bytes that the frames of all videos and their masks may take together.
FRAME_BUDGET = 7_000_000
#: Rows that the timelines of all videos may have together.
MOST_ROWS = 1000
#: Decisions of each kind that are shown, over all videos.
MOST_DECISIONS = 10
#: Mistakes of each kind that are listed of a video.
MOST_MISTAKES = 40

_FOLDER = Path(__file__).resolve().parent


def write_page(path: str | os.PathLike[str], data: RunData,
               progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
               budget: float = FRAME_BUDGET) -> None:
    """Write the page, one file that needs no other.

    Frames are smaller than they were, and where they would be more than the
    budget, some are left out, evenly over the video; the page says so.

    Args:
        path: Where to.
        data: What it shows.
        progress: Passes the videos on, to show how far it is.
        budget: Bytes that frames and masks may take.
    """
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    merges = _nearest(data.videos, 'merges')
    refusals = _nearest(data.videos, 'refusals')
    wanted: dict[int, list[int]] = {}
    for index, decision in merges + refusals:
        wanted.setdefault(index, []).extend(
            [decision.before, decision.after])
    frames = sum(video.video.num_frames for video in data.videos)
    clips, sections = [], []
    for index, video in enumerate(progress(data.videos)):
        share = budget * video.video.num_frames / max(frames, 1)
        clip = make_clip(video.video, video.table, video.ids.tolist(),
                         wanted.get(index, []), share)
        rows = timeline_rows(
            video, max(20, MOST_ROWS // len(data.videos)))
        clips.append(_clip_data(video, clip, rows))
        sections.append(_section(index, video, clip, rows, data.unit))
    page = environment.get_template('page.html.j2').render(
        run=data, sections=sections, clips=_json(clips),
        seconds=_shares(data.seconds),
        decisions=[
            ('Weakest merges', _MERGES, _cards(data.videos, merges)),
            ('Nearest refusals', _REFUSALS, _cards(data.videos, refusals))],
        most_mistakes=MOST_MISTAKES,
        style=_file('page.css'), script=_file('page.js'))
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding='utf-8')


_MERGES = (
    'Tracklets that follow each other in one track and are least alike: the '
    'likeliest wrong merges. Are both the same person?')
_REFUSALS = (
    'Tracks that could have been merged, with no frame in common and close '
    'enough in time, and were not quite alike enough: the likeliest missing '
    'merges. Are they two people?')


def _nearest(videos: Sequence[VideoData],
             kind: str) -> list[tuple[int, Decision]]:
    """The decisions nearest to their thresholds, over all videos."""
    found = [(index, decision) for index, video in enumerate(videos)
             for decision in getattr(video, kind)]
    sign = 1 if kind == 'merges' else -1
    return sorted(found, key=lambda item: sign * item[1].margin)[
        :MOST_DECISIONS]


def _cards(videos: Sequence[VideoData],
           decisions: Sequence[tuple[int, Decision]]) -> list[dict[str, Any]]:
    cards = []
    for index, decision in decisions:
        video = videos[index].video
        frames = decision.after - decision.before
        low, high = _scale(decisions)
        width = max(high - low, 1e-6)
        cards.append(dict(
            video=index, sequence=video.name, decision=decision,
            gap=f'{frames} frame{"s"[:frames != 1]} apart, '
                f'{frames / video.frame_rate:.2f} s',
            place=100 * (decision.similarity - low) / width,
            line=(None if decision.threshold is None else
                  100 * (decision.threshold - low) / width),
            images=[crop_of(video, face.frame, face.rle, face.track)
                    for face in (decision.first, decision.second)]))
    return cards


def _scale(
        decisions: Sequence[tuple[int, Decision]]) -> tuple[float, float]:
    """Ends of the scale on which similarities and thresholds stand."""
    values = [value for _, decision in decisions
              for value in (decision.similarity, decision.threshold)
              if value is not None]
    margin = 0.1 * (max(values) - min(values)) + 0.01
    return min(values) - margin, max(values) + margin


def _section(index: int, data: VideoData, clip: Clip, rows: Sequence[Row],
             unit: str) -> dict[str, Any]:
    total = data.video.num_frames
    tracks = len(set(data.ids.tolist()))
    return dict(
        index=index, name=data.video.name, total=total,
        shown=len(clip.frames), rows=rows, left_out=tracks - len(rows),
        tracks=tracks, colors={row.track: _color(row.track) for row in rows},
        labels={row.label: class_name(row.label) for row in rows},
        ticks=[(tick, 100 * (tick - 0.5) / total) for tick in ticks(total)],
        charts=[chart._replace(svg=Markup(chart.svg))
                for chart in threshold_charts(data.statistics)],
        separation=separation_rows(data.statistics),
        mistakes=_mistakes(data, unit),
        size=f'{data.video.width} x {data.video.height}',
        rate=f'{data.video.frame_rate:g}',
        timeline=unit != 'mask')


def _mistakes(data: VideoData,
              unit: str) -> list[tuple[str, Sequence[Mistake]]]:
    if data.switches is None or data.false_tracks is None:
        return []
    return [('id switches', data.switches),
            (f'false {unit}s', data.false_tracks)]


def _clip_data(data: VideoData, clip: Clip,
               rows: Sequence[Row]) -> dict[str, Any]:
    """What the player needs of a video."""
    return dict(
        name=data.video.name, width=clip.width, height=clip.height,
        total=data.video.num_frames, rate=data.video.frame_rate,
        frames=clip.frames, images=clip.images, masks=clip.masks,
        colors={track: _color(track) for track in set(data.ids.tolist())},
        tracks={row.track: dict(
            name=class_name(row.label), first=row.first, last=row.last,
            masks=row.masks,
            marks=[(mark.frame, mark.kind, mark.text) for mark in row.marks])
            for row in rows})


def _color(track: int) -> str:
    blue, green, red = track_color(track)
    return f'#{red:02x}{green:02x}{blue:02x}'


def _shares(seconds: dict[str, float] | Any) -> list[dict[str, Any]]:
    """Each stage's time, and how long its bar is."""
    longest = max(seconds.values(), default=0.0) or 1.0
    whole = sum(seconds.values()) or 1.0
    return [dict(stage=stage, time=_time(taken), width=100 * taken / longest,
                 share=f'{taken / whole:.0%}')
            for stage, taken in seconds.items()]


def _time(seconds: float) -> str:
    if seconds < 1:
        return '< 1 s'
    if seconds < 120:
        return f'{seconds:.0f} s'
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f'{minutes} min {rest} s'
    return f'{minutes // 60} h {minutes % 60} min'


def _json(value: Any) -> Markup:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, separators=(',', ':'), ensure_ascii=True)
    return Markup(text.replace('<', '\\u003c').replace('>', '\\u003e'))


def _file(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding='utf-8'))
