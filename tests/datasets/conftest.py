"""Tiny videos of coloured people, cut into crop stores."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremots.datasets.crops import CropStore, cut_crops
from mmremots.datasets.sequences import read_sequence
from mmremots.structures.masks import encode_mask
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video

HEIGHT, WIDTH, SLOT = 48, 128, 16

MakeVideo = Callable[..., tuple[Video, Observations]]
MakeStore = Callable[..., CropStore]


def paint(identity: int) -> np.ndarray:
    """A colour of its own for each identity below 200, BGR."""
    return np.array(
        [identity + 40, (identity * 37) % 200 + 40, 250 - identity])


@pytest.fixture(scope='session')
def colour_of() -> Callable[[int], np.ndarray]:
    """The colour of an identity."""
    return paint


@pytest.fixture(scope='session')
def make_video(tmp_path_factory: pytest.TempPathFactory) -> MakeVideo:
    """Make a video: ``make_video(name, frames, identities)``.

    One ellipse an observation, in the colour of its identity, side by side
    in slots; frames must not decrease.
    """
    def make(name: str, frames: Sequence[int],
             identities: Sequence[int]) -> tuple[Video, Observations]:
        root = tmp_path_factory.mktemp('videos') / name
        (root / 'img1').mkdir(parents=True)
        rng = np.random.default_rng(0)
        images = rng.integers(
            0, 30, (max(frames, default=1), HEIGHT, WIDTH, 3), np.uint8)
        rles = []
        for row, (frame, identity) in enumerate(
                zip(frames, identities, strict=True)):
            slot = row - list(frames).index(frame)
            mask = np.zeros((HEIGHT, WIDTH), np.uint8)
            cv2.ellipse(mask, (SLOT * slot + 8, 24),
                        (int(rng.integers(3, 8)), int(rng.integers(9, 20))),
                        0, 0, 360, 1, -1)
            images[frame - 1][mask > 0] = paint(identity)
            rles.append(encode_mask(mask))
        for k, image in enumerate(images, 1):
            cv2.imwrite(str(root / 'img1' / f'{k:06d}.png'), image)
        count = len(frames)
        return read_sequence(root), Observations(
            frames=np.array(frames, np.int64),
            boxes=np.zeros((count, 4), np.float32),
            scores=np.ones(count, np.float32),
            labels=np.full(count, 2, np.int64),
            rles=rles, size=(HEIGHT, WIDTH))
    return make


@pytest.fixture(scope='session')
def make_store(make_video: MakeVideo,
               tmp_path_factory: pytest.TempPathFactory) -> MakeStore:
    """Make a store: ``make_store(name, frames, identities, crop_size)``."""
    def make(name: str, frames: Sequence[int], identities: Sequence[int],
             crop_size: tuple[int, int] = (32, 16)) -> CropStore:
        folder: Path = tmp_path_factory.mktemp('stores') / name
        return cut_crops(*make_video(name, frames, identities), folder,
                         crop_size, identities=np.array(identities))
    return make
