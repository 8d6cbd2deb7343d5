"""Looks of people."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.datasets.sample.people import (
    PATTERNS,
    Cloth,
    make_people,
    paint,
)


@pytest.mark.parametrize('pattern', PATTERNS)
def test_every_pattern_uses_its_two_colours(pattern):
    """A cloth is its base and, unless plain, its accent; nothing else."""
    cloth = Cloth(pattern, (10.0, 20.0, 30.0), (200.0, 100.0, 50.0))
    grid = np.linspace(-0.2, 0.3, 60, dtype=np.float32)
    colors = np.unique(
        paint(cloth, grid[None], grid[:, None]).reshape(-1, 3), axis=0)
    assert len(colors) == (1 if pattern == 'plain' else 2)
    assert cloth.base in [tuple(color) for color in colors]


def test_unknown_pattern_is_an_error():
    """Not a silently plain shirt."""
    with pytest.raises(ValueError, match='paisley'):
        paint(Cloth('paisley', (0, 0, 0), (0, 0, 0)),
              np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))


def test_look_alikes_share_colours_but_not_patterns():
    """Colour alone must not tell everybody apart."""
    people = make_people(np.random.default_rng(9), 12)
    tops = np.array([person.top.base for person in people])
    distance = np.linalg.norm(tops[:, None] - tops[None], axis=2)
    pairs = distance[np.arange(1, 12, 3), np.arange(2, 12, 3)]
    assert pairs.mean() < 0.5 * distance[np.triu_indices(12, 1)].mean()
    for one, two in zip(people[1::3], people[2::3], strict=True):
        assert one.top.pattern != two.top.pattern
