"""Drawn people."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mmremots.datasets.sample.figures import Pose, draw_person
from mmremots.datasets.sample.people import make_people

POSE = Pose(feet=(50.3, 120.6), height=100.0, phase=0.7, facing=1.0,
            stride=1.0)


@pytest.mark.parametrize('facing', [-1.0, 0.0, 1.0])
@pytest.mark.parametrize('phase', [0.0, 1.5, 4.0])
def test_a_person_stands_on_its_feet_and_is_as_tall_as_asked(facing, phase):
    """The pose is honoured in every gait."""
    for person in make_people(np.random.default_rng(5), 6):
        sprite = draw_person(
            person, dataclasses.replace(POSE, facing=facing, phase=phase))
        assert sprite.alpha.min() >= 0
        assert sprite.alpha.max() <= 1
        assert not sprite.alpha[:, [0, -1]].any(), 'cut off at the side'
        rows = np.flatnonzero((sprite.alpha > 0.5).any(1))
        assert sprite.y + rows[-1] == pytest.approx(120.6, abs=3)
        assert rows[-1] - rows[0] == pytest.approx(100, abs=7)


def test_a_fraction_of_a_pixel_counts():
    """A slow walker moves in every frame, or flow would see jumps."""
    person = make_people(np.random.default_rng(5), 1)[0]
    near = dataclasses.replace(POSE, feet=(50.6, 120.6))
    one, two = draw_person(person, POSE), draw_person(person, near)
    assert (one.x, one.y) == (two.x, two.y)
    columns = np.arange(one.alpha.shape[1])
    centers = [(sprite.alpha * columns).sum() / sprite.alpha.sum()
               for sprite in (one, two)]
    assert centers[1] - centers[0] == pytest.approx(0.3, abs=0.1)
