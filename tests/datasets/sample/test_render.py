"""Rendered frames."""
from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from mmremots.datasets.sample.render import SequenceSpec, render_sequence

SPEC = SequenceSpec('short', 'test', seed=305, num_frames=16, num_people=10,
                    crowd=True)


@pytest.fixture(scope='module')
def frames():
    return list(render_sequence(SPEC))


def test_the_same_spec_gives_the_same_frames(frames):
    """Rendering is deterministic, and another seed is another video."""
    again = next(render_sequence(SPEC))
    assert np.array_equal(frames[0].image, again.image)
    assert np.array_equal(frames[0].owner, again.owner)
    other = next(render_sequence(SequenceSpec(
        'short', 'test', seed=105, num_frames=12)))
    assert not np.array_equal(frames[0].image, other.image)


def test_what_one_sees_is_part_of_a_body_and_nobody_owns_the_crowd(frames):
    """The masks are the truth: consistent with one another."""
    assert len(frames) == SPEC.num_frames
    for frame in frames:
        for index, body in enumerate(frame.bodies):
            visible = frame.owner == index + 1
            assert not (visible & ~(False if body is None else body)).any()
        assert not (frame.ignore & (frame.owner > 0)).any()
        assert not (frame.poster & frame.ignore).any()
    assert any(frame.ignore.any() for frame in frames)


def test_people_hide_one_another(frames):
    """Crossing is what a tracker has to cope with."""
    hidden = [body & (frame.owner != index + 1)
              for frame in frames
              for index, body in enumerate(frame.bodies) if body is not None]
    assert sum(mask.any() for mask in hidden) > len(hidden) / 4


def test_dense_flow_follows_everybody(frames):
    """A mask that flow has warped lies on its own person."""
    rows, cols = np.mgrid[:frames[0].owner.shape[0],
                          :frames[0].owner.shape[1]].astype(np.float32)
    own = []
    for last, frame in pairwise(frames):
        gray = [cv2.cvtColor(each.image, cv2.COLOR_BGR2GRAY)
                for each in (frame, last)]
        flow = cv2.calcOpticalFlowFarneback(
            *gray, None, 0.5, 3, 15, 3, 5, 1.2, 0)
        warped = cv2.remap(last.owner.astype(np.float32),
                           cols + flow[..., 0], rows + flow[..., 1],
                           cv2.INTER_NEAREST)
        for k in np.unique(frame.owner)[1:]:
            here = frame.owner == k
            if min(here.sum(), (last.owner == k).sum()) < 100:
                continue
            own.append((here & (warped == k)).sum() / here.sum())
    assert len(own) > 50
    assert np.mean(own) > 0.7
    assert np.mean(np.array(own) > 0.5) > 0.9
