"""What a detector from elsewhere gets by deriving from LiveDetector."""
from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from mmremots.formats import write_detections
from mmremots.models.detectors import LiveDetector
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox


class Bright(LiveDetector):
    """Pixels above a threshold are one pedestrian."""

    def raw_fingerprint(self) -> dict[str, Any]:
        return {'threshold': 100}

    def detect_batch(self, inputs: Any, frames: Any) -> list[Observations]:
        tables = []
        for image, frame in zip(inputs, frames, strict=True):
            rles = [encode_mask(image.max(axis=2) > 100)]
            tables.append(Observations(
                np.array([frame]), rle_bbox(rles).astype(np.float32),
                np.array([.8], np.float32), np.array([2]), rles,
                image.shape[:2]))
        return tables


def test_two_methods_are_enough(tmp_path: Path) -> None:
    """Alone, and stored in a file, it finds the same."""
    image = np.zeros((8, 12, 3), np.uint8)
    image[2:5, 3:9] = 200
    detector = Bright('bright', 0.5, [2], score_weight=0.5)
    found = detector.detect(image, None, 4)
    assert found.scores.tolist() == [np.float32(.4)]
    path = tmp_path / 'v.txt'
    write_detections(path, detector.detect_batch([image], [4])[0])
    from mmremots.structures.video import Video
    video = Video('v', tuple(f'v/img1/{k}.jpg' for k in '1234'), 8, 12, 30.,
                      None)
    again = detector.stored(path).detect(None, video, 4)
    assert again.rles == found.rles
    assert again.scores.tolist() == found.scores.tolist()
    assert pickle.loads(pickle.dumps(detector.transform))(image) is image
    assert detector.fingerprint(video) == {
        'threshold': 100, 'score_weight': .5, 'score_thr': .5,
        'weak_thr': None}


def test_what_is_stored_counts_from_one(tmp_path: Path) -> None:
    """Whatever the images are called, and whatever scores it gives."""
    image = np.full((8, 12, 3), 200, np.uint8)
    detector = Bright('bright', 0.5, [2])
    table = detector.detect_batch([image], [4])[0]
    table.scores[:] = 80
    write_detections(tmp_path / 'v.txt', table)
    from mmremots.structures.video import Video
    video = Video('v', tuple(f'v/img1/{k}.jpg' for k in '0123'), 8, 12, 30.,
                  None, (0, 1, 2, 3))
    stored = detector.stored(tmp_path / 'v.txt')
    assert stored.detect(None, video, 4).scores.tolist() == [80]
    assert len(stored.detect(None, video, 3)) == 0
