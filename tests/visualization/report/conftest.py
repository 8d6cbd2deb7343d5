"""A small run to report on, drawn here."""
from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from tables import table_of

from mmremots.structures.masks import encode_mask
from mmremots.structures.video import Video
from mmremots.visualization import histogram
from mmremots.visualization.report import (
    Decision,
    Face,
    Mistake,
    RunData,
    Table,
    VideoData,
)

SIZE = (120, 160)


def square(x, y, side=20):
    """A square mask."""
    mask = np.zeros(SIZE, np.uint8)
    mask[y:y + side, x:x + side] = 1
    return encode_mask(mask)


def draw_video(folder: Path, name: str, num_frames: int) -> Video:
    """Frames of noise."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    paths = []
    for frame in range(num_frames):
        paths.append(str(folder / f'{frame:06d}.png'))
        cv2.imwrite(paths[-1], np.roll(image, frame, axis=1))
    return Video(name, tuple(paths), *SIZE, 25.0, None)


def data_of(video: Video, merges: bool = True) -> VideoData:
    """Track 1 above of one tracklet, track 2 below of two, with a gap."""
    end = video.num_frames
    places = [(frame, 1, 1, square(frame % 100, 10))
              for frame in range(1, end + 1)]
    places += [(frame, 2, 2 if frame < 10 else 3, square(frame % 100, 70))
               for frame in itertools.chain(
                   range(1, 10), range(12, end + 1))]
    places.sort(key=lambda place: place[:2])
    frames, ids, tracklets, rles = zip(*places, strict=True)
    table = table_of(frames, rles=rles, size=SIZE)
    rng = np.random.default_rng(0)
    theta = dict(value=0.4, rule='crossing', note='',
                 different=histogram(rng.normal(0, 0.2, 300)),
                 same=histogram(rng.normal(0.7, 0.1, 300)))
    sides = (Face(2, 'tracklet 2 of track 2', 9, square(9, 70)),
             Face(2, 'tracklet 3 of track 2', 12, square(12, 70)))
    return VideoData(
        video, table, np.array(ids), np.array(tracklets),
        np.array([[12, 2, 3]]) if not merges else np.zeros((0, 3), int),
        {'merging': {'classes': {'2': theta}},
         'short_term_tracking': {'classes': {'2': dict(
             theta, rule='quantile', note='it is <b>so</b>')}}},
        [Decision(*sides, 0.45, 0.4, 9, 12)] if merges else [], (),
        [Mistake(12, 2, 'person 7: track 1 until frame 9')],
        [Mistake(1, 1, 'track 1: 30 of 30 masks')])


@pytest.fixture(scope='session')
def run_data(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """A run of two videos, the first with a name that is no HTML."""
    videos = []
    for name in ('</script ><b>"&\'', 'B'):
        folder = tmp_path_factory.mktemp('frames')
        videos.append(data_of(draw_video(folder, name, 30)))
    return RunData(
        '<i>run</i>', ['today'], 'track', [('IDF1', '81.2')],
        [Table('All sequences', ['Method', 'IDF1'], [['ReMOTS', '81.2']])],
        {'masks': 0.2, 'merging': 130.0}, videos, ['A & B'])
