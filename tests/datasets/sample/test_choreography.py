"""Walks and camera."""
from __future__ import annotations

import numpy as np

from mmremots.datasets.sample.choreography import camera_path, make_walks
from mmremots.datasets.sample.scene import IMAGE_SIZE, WORLD_SIZE


def test_the_camera_moves_and_stays_in_the_world():
    """A still camera would make flow trivial."""
    for seed in range(5):
        path = camera_path(np.random.default_rng(seed), 80)
        assert np.ptp(path[:, 0]) > 60
        assert np.ptp(path[:, 1]) > 0.5
        assert (path >= 0).all()
        assert (path + IMAGE_SIZE[::-1] <= WORLD_SIZE[::-1]).all()


def test_people_leave_and_come_back_and_nobody_jumps():
    """Third and fourth leave the view, for less and for more than 15."""
    rng = np.random.default_rng(3)
    camera = camera_path(rng, 80)
    walks = make_walks(rng, camera, 8)
    away = []
    for walk in walks[2:4]:
        x = walk.feet[:, 0] - camera[:, 0]
        outside = np.flatnonzero((x < -12) | (x > IMAGE_SIZE[1] + 12))
        assert 0 < outside[0] <= outside[-1] < 79
        away.append(len(outside))
    assert away[0] <= 15 < away[1]
    for walk in walks:
        assert np.abs(np.diff(walk.feet[:, 0])).max() < 9
        assert np.abs(walk.facing).max() <= 1
        assert 0 <= walk.stride.min() <= walk.stride.max() <= 1
