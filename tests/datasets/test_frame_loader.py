"""Frames read ahead: in order, and with errors one can read."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmremots.datasets.frame_loader import batches
from mmremots.datasets.sequences import read_sequence
from mmremots.structures.video import Video


@pytest.fixture
def video(tmp_path: Path) -> Video:
    (tmp_path / 'v' / 'img1').mkdir(parents=True)
    for frame in range(1, 8):
        cv2.imwrite(str(tmp_path / 'v' / 'img1' / f'{frame:06d}.png'),
                    np.full((4, 6, 3), frame, np.uint8))
    return read_sequence(tmp_path / 'v')


@pytest.mark.parametrize('num_workers', [0, 2])
def test_order_and_batches(video: Video, num_workers: int) -> None:
    """All frames once, in order, as many at once as asked for."""
    found = list(batches(
        video, range(2, 8), lambda image: int(image.max()), 4, num_workers))
    assert found == [([2, 3, 4, 5], [2, 3, 4, 5]), ([6, 7], [6, 7])]


@pytest.mark.parametrize('num_workers', [0, 1])
def test_missing_image(video: Video, num_workers: int) -> None:
    """One line that names the file, not a worker's traceback."""
    Path(video.img_paths[3]).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        list(batches(video, range(1, 8), np.mean, 2, num_workers))
    assert str(caught.value) == f'{video.img_paths[3]}: no such image'


def test_random_numbers_are_left_alone(video: Video) -> None:
    """Whether frames were read or not, later stages draw the same."""
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(batches(video, range(1, 8), np.mean, 2, 1))
    assert torch.rand(1) == expected
