"""Masks over frames."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmremots.structures.masks import encode_mask, rle_bbox
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video
from mmremots.visualization import write_overlays

SIZE = (120, 160)


def rectangle(x1, y1, x2, y2):
    mask = np.zeros(SIZE, np.uint8)
    mask[y1:y2, x1:x2] = 1
    return encode_mask(mask)


@pytest.fixture
def film(tmp_path):
    paths = []
    for frame in range(1, 4):
        path = tmp_path / f'{frame:06d}.png'
        cv2.imwrite(str(path), np.full((*SIZE, 3), 60, np.uint8))
        paths.append(str(path))
    rles = [rectangle(10, 40, 30, 90), rectangle(50, 40, 70, 90)]
    table = Observations(
        np.array([1, 3]), rle_bbox(rles).astype(np.float32),
        np.ones(2, np.float32), np.full(2, 2), rles, SIZE)
    return Video('film', tuple(paths), *SIZE, 10.0, None), table


def test_every_frame_is_written(film, tmp_path):
    """Frames without a mask too, or a film would skip."""
    sequence, table = film
    seen = []

    def progress(frames, total):
        assert total == 3
        for frame in frames:
            seen.append(frame)
            yield frame

    folder = tmp_path / 'out' / 'film'
    write_overlays(sequence, table, [5, 6], folder, progress=progress)
    assert seen == [1, 2, 3]
    assert sorted(path.name for path in folder.iterdir()) == [
        '000001.jpg', '000002.jpg', '000003.jpg']
    drawn = [cv2.imread(str(path)).std() > 2
             for path in sorted(folder.iterdir())]
    assert drawn == [True, False, True]
    assert not (tmp_path / 'out' / 'film.mp4').exists()


def test_a_film_is_written(film, tmp_path):
    """One that OpenCV can read back."""
    sequence, table = film
    write_overlays(sequence, table, [5, 6], tmp_path / 'out', video=True)
    capture = cv2.VideoCapture(str(tmp_path / 'out.mp4'))
    frames = 0
    while True:
        good, image = capture.read()
        if not good:
            break
        assert image.shape[:2] == SIZE
        frames += 1
    assert frames == 3


def test_ids_must_fit(film, tmp_path):
    """Before anything is drawn."""
    with pytest.raises(ValueError, match='film: 1 ids of 2 masks'):
        write_overlays(*film, [5], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
