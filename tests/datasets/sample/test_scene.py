"""The street."""
from __future__ import annotations

import numpy as np

from mmremots.datasets.sample.figures import Sprite
from mmremots.datasets.sample.scene import (
    CROWD,
    POSTER,
    WORLD_SIZE,
    body_height,
    make_scene,
    paste,
)


def test_paste_clips_at_the_border_and_outside():
    """People walk out of the image."""
    sprite = Sprite(np.full((4, 4, 3), 50, np.float32),
                    np.full((4, 4), 0.5, np.float32), -2, 3)
    image = np.full((5, 5, 3), 100, np.float32)
    rows, cols, alpha = paste(image, sprite)
    assert (rows, cols) == (slice(3, 5), slice(0, 2))
    assert alpha.shape == (2, 2)
    assert (image[3:, :2] == 100).all(), '0.5 * 100 + 50'
    outside = Sprite(sprite.color, sprite.alpha, 9, 0)
    assert paste(image, outside) is None


def test_scene_has_light_shade_props_and_decoys():
    """What makes the sample more than sprites on a plain ground."""
    scene = make_scene(np.random.default_rng(1), crowd=True)
    assert scene.background.shape == (*WORLD_SIZE, 3)
    assert scene.light.min() < 0.6 < 0.9 < scene.light.max()
    assert len(scene.props) == 4
    assert set(np.unique(scene.decoys)) == {0, CROWD, POSTER}
    empty = make_scene(np.random.default_rng(1), crowd=False)
    assert CROWD not in empty.decoys


def test_nearer_is_taller():
    """One ground plane."""
    assert 60 < body_height(170) < body_height(280) < 130
