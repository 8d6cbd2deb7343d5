"""Frames, outlines and crops."""
from __future__ import annotations

import base64
import re

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmremots.structures.masks import encode_mask
from mmremots.visualization.report.frames import (
    choose_frames,
    crop_of,
    mask_outline,
)

from .conftest import draw_video, square


def filled(path: str, size: tuple[int, int]) -> np.ndarray:
    """The path filled by the rule evenodd, by OpenCV."""
    outlines = []
    for text in re.findall(r'M[^M]*z', path):
        x, y, *steps = (int(n) for n in re.findall(r'-?\d+', text))
        points = np.cumsum([(x, y), *zip(
            steps[::2], steps[1::2], strict=True)], axis=0)
        outlines.append(points.astype(np.int32))
    image = np.zeros(size, np.uint8)
    cv2.fillPoly(image, outlines, 1)
    return image


def test_an_outline_is_that_of_the_mask():
    """A ring: also its hole, to a pixel of either side."""
    mask = np.zeros((120, 160), np.uint8)
    cv2.circle(mask, (80, 60), 40, 1, -1)
    cv2.circle(mask, (80, 60), 15, 0, -1)
    found = filled(mask_outline(encode_mask(mask), 1.0), mask.shape)
    edge = cv2.morphologyEx(
        mask, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    assert not ((found != mask) & (edge == 0)).any()
    half = filled(mask_outline(encode_mask(mask), 0.5), (60, 80))
    assert half.sum() == pytest.approx(mask.sum() / 4, rel=0.1)


@given(hnp.arrays(np.uint8, (6, 7), elements=st.integers(0, 1)))
def test_any_mask_has_an_outline(mask):
    """Single pixels, too; none where there is no pixel."""
    path = mask_outline(encode_mask(mask), 0.3)
    assert bool(path) == bool(mask.any())
    assert re.fullmatch(r'(M-?\d+ -?\d+[lh][-\d h v]*z)*', path)


@given(st.integers(1, 400), st.integers(0, 500),
       st.lists(st.integers(1, 400), max_size=9))
def test_frames_are_chosen_evenly_and_as_wanted(num_frames, fitting, wanted):
    """Never more than fit, but for a frame at least."""
    wanted = [frame for frame in wanted if frame <= num_frames]
    chosen = choose_frames(num_frames, fitting, wanted)
    assert chosen == sorted(set(chosen))
    assert 1 <= chosen[0] <= chosen[-1] <= num_frames
    assert len(chosen) <= max(fitting, 1)
    if fitting >= 2 * len(set(wanted)):
        assert set(wanted) <= set(chosen)
    if fitting >= num_frames:
        assert len(chosen) == num_frames


def test_a_crop_holds_the_person(tmp_path):
    """At the edge of the frame, too; small ones are not blown up much."""
    video = draw_video(tmp_path, 'v', 1)
    for rle in (square(0, 0), square(139, 99), square(60, 50, 3)):
        kind, data = crop_of(video, 1, rle, 5).split(';base64,')
        assert kind.startswith('data:image/')
        image = cv2.imdecode(np.frombuffer(
            base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert 5 < image.shape[0] <= 150
        assert 5 < image.shape[1] <= 200
