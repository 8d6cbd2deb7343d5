"""The page: whole, self-contained, and no text of it is taken for HTML."""
from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mmremots.visualization.report import RunData, write_page


class Tags(HTMLParser):
    """Collects elements, and complains of what is not closed."""

    VOID = frozenset({'meta', 'link', 'input', 'img', 'br', 'rect', 'use',
                      'path'})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ''

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {'script', 'style'} & set(self.open):
            self.text += data


def page_of(run_data, tmp_path, **options):
    """The page's text, and its elements."""
    path = tmp_path / 'report.html'
    write_page(path, run_data, **options)
    text = path.read_text(encoding='utf-8')
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    return text, tags


def clips_of(text: str) -> list[dict]:
    """What the player gets."""
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', text,
        re.DOTALL)
    return json.loads(found[1])


def test_text_is_escaped_wherever_it_stands(run_data: RunData, tmp_path):
    """Names of runs and sequences may hold any character."""
    text, tags = page_of(run_data, tmp_path)
    assert '<i>run</i>' not in text
    assert '<b>so</b>' not in text
    assert '<i>run</i>' in tags.text
    assert '</script ><b>"&\'' in tags.text
    assert clips_of(text)[0]['name'] == '</script ><b>"&\''


def test_nothing_comes_from_elsewhere(run_data: RunData, tmp_path):
    """Every address in it is data, or a place in it."""
    text, tags = page_of(run_data, tmp_path)
    for name, value in tags.attributes:
        if name in ('src', 'href', 'xlink:href'):
            assert value.startswith(('data:', '#')), value
    rest = re.sub(r'xmlns(:\w+)?="[^"]*"', '', text)
    assert 'http' not in rest
    assert 'url(' not in rest.replace('url(#', '')


def test_it_shows_everything(run_data: RunData, tmp_path):
    """Scores, times, thresholds, decisions, mistakes, frames."""
    text, tags = page_of(run_data, tmp_path)
    for said in ('81.2', '2 min 10 s', '< 1 s', 'θ merge', 'θ short',
                 '0.450', 'against 0.400', 'Weakest merges', '1 id switch',
                 '1 false track', 'person 7', 'A & B'):
        assert said in tags.text, said
    assert 'Nearest refusals' not in tags.text, 'there is none'
    assert 'sampled">' not in text, 'all frames are there'
    clip, _ = clips_of(text)
    assert clip['frames'] == list(range(1, 31))
    assert len(clip['images']) == len(clip['masks']) == 30
    assert [track for track, _ in clip['masks'][0]] == [1, 2]
    assert clip['tracks']['2']['marks'] == [
        [12, 'merge', 'frame 12: tracklet 2 was merged with tracklet 3']]


def test_frames_are_left_out_where_they_do_not_fit(run_data, tmp_path):
    """It says so, and the frames of decisions are there."""
    text, tags = page_of(run_data, tmp_path, budget=160_000)
    clip, _ = clips_of(text)
    assert 4 < len(clip['frames']) < 15
    assert {1, 9, 12} <= set(clip['frames'])
    assert f'shows {len(clip["frames"])} of its 30 frames' in tags.text


@pytest.mark.parametrize('unit', ['track', 'tracklet', 'mask'])
def test_a_run_that_has_little(run_data: RunData, tmp_path, unit):
    """No ground truth, no decision, no threshold, no time, no score."""
    videos = [replace(
        data, statistics={}, merges=(), refusals=(), switches=None,
        false_tracks=None) for data in run_data.videos]
    bare = replace(run_data, videos=videos, unit=unit, tables=(), seconds={},
                   headline=[('videos', '2')], notes=())
    text, _ = page_of(bare, tmp_path)
    for section in ('check', 'mistakes', 'scores', 'time'):
        assert f'id="{section}"' not in text
    assert ('class="timeline"' in text) == (unit != 'mask')


def test_a_video_without_a_mask(run_data: RunData, tmp_path):
    """Frames alone."""
    data = run_data.videos[0]
    none = replace(
        data, table=data.table.take([]), ids=data.ids[:0],
        tracklets=data.tracklets[:0], merges=())
    text, _ = page_of(replace(run_data, videos=[none]), tmp_path)
    assert clips_of(text)[0]['masks'] == [[]] * 30
