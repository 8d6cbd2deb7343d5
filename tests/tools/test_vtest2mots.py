"""The annotated set out of OpenCV's own video."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mmremots.datasets.sequences import find_sequences
from mmremots.formats import read_detections
from mmremots.formats.ground_truth import read_truth
from tools.dataset_converters.vtest2mots import (
    HOG,
    NUM_FRAMES,
    PEOPLE,
    convert,
    fill,
    people_of,
    read_video,
)

#: Where a machine may have it.
VIDEO = Path(os.environ.get(
    'VTEST', '/usr/share/doc/opencv-doc/examples/data/vtest.avi'))


def test_annotation_is_sound() -> None:
    keys = np.loadtxt(PEOPLE)
    assert set(keys[:, 1]) == set(range(1, 10))
    assert keys[:, 0].min() == 1
    assert keys[:, 0].max() == NUM_FRAMES
    assert (keys[:, 2:4] < keys[:, 4:6]).all()
    assert len(np.unique(keys[:, :2], axis=0)) == len(keys)
    for person in range(1, 10):  # nobody is let alone for longer
        assert np.diff(keys[keys[:, 1] == person, 0]).max() <= 10


def test_detections_are_sound() -> None:
    rows = np.loadtxt(HOG)
    assert set(rows[:, 0]) <= set(range(1, NUM_FRAMES + 1))
    assert (rows[:, 3:5] > 0).all()
    assert ((rows[:, 5] >= 0.25) & (rows[:, 5] < 1)).all()


def test_boxes_move_in_straight_lines() -> None:
    keys = np.array([[1., 7, 0, 0, 10, 20], [5, 7, 8, 4, 18, 24],
                     [3, 2, 1, 1, 2, 2], [4, 2, 1, 1, 2, 2]])
    assert people_of(keys, 2).tolist() == [[7, 2, 1, 12, 21]]
    assert people_of(keys, 3)[:, 0].tolist() == [2, 7]
    assert people_of(keys, 5).tolist() == [[7, 8, 4, 18, 24]]
    assert people_of(keys, 6).shape == (0, 5)


def test_a_box_is_filled_where_the_mask_is() -> None:
    mask = np.zeros((6, 8), dtype=bool)
    mask[2:4] = True
    one, = fill(np.array([[-3., 0, 5, 3]]), mask)
    assert np.argwhere(one).tolist() == [[2, x] for x in range(5)]


def test_another_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='no such video'):
        read_video(tmp_path / 'vtest.avi')
    (tmp_path / 'vtest.avi').write_bytes(b'no video')
    with pytest.raises(ValueError, match=r'vtest\.avi: 0 frames'):
        read_video(tmp_path / 'vtest.avi')


@pytest.mark.slow
@pytest.mark.skipif(not VIDEO.is_file(), reason=f'{VIDEO} is not here')
def test_the_set(tmp_path: Path) -> None:
    convert(VIDEO, tmp_path)
    video, = find_sequences(tmp_path)
    assert (video.num_frames, video.size, video.frame_rate) == (
        200, (576, 768), 10)
    people, ids = read_truth(video)
    assert set(ids) == set(range(1, 10))
    # What is seen of them is what moves; most of a box is.
    assert len(people) > 1300
    found = read_detections(
        tmp_path / 'vtest' / 'det' / 'hog.txt', video.size, 200)
    assert len(found) > 1400
