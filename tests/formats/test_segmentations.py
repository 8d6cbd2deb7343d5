"""Segmentations of COCO: polygons in all their forms; RLEs in test_rle.py."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.formats.segmentations import (
    NoOutlineError,
    in_shares,
    parse_segmentation,
)
from mmremots.structures.masks import decode_mask

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]


def mask_of(segmentation, size=(7, 8)):
    """The pixels of a segmentation."""
    return decode_mask(parse_segmentation(segmentation, size)[0])


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4),
       st.integers(1, 4))
def test_rectangles_as_polygons(x, y, width, height):
    """A polygon paints its pixels; several paint their union."""
    right, low = min(x + width, 8), min(y + height, 7)
    corners = [x, y, right, y, right, low, x, low]
    expected = np.zeros((7, 8), dtype=np.uint8)
    expected[y:low, x:right] = 1
    np.testing.assert_array_equal(mask_of([corners]), expected)
    pairs = np.reshape(corners, (-1, 2)).tolist()
    for same in (corners, pairs, [pairs]):  # As some write a single one.
        np.testing.assert_array_equal(mask_of(same), expected)
    expected[:2, :3] = 1
    second = [0, 0, 3, 0, 3, 2, 0, 2]
    for both in ([corners, second],
                 [pairs, np.reshape(second, (-1, 2)).tolist()]):
        np.testing.assert_array_equal(mask_of(both), expected)


@given(st.lists(st.floats(-16, 16), min_size=6, max_size=16).filter(
    lambda points: len(points) % 2 == 0))
def test_any_polygon_is_a_sound_mask(points):
    """Beyond the border, degenerate, crossing itself: never a bad RLE."""
    assert mask_of([points]).shape == (7, 8)


def test_a_polygon_of_many_points():
    """A fine outline is no reason to refuse: it is what it looks like."""
    angle = np.linspace(0, 2 * np.pi, 20000, endpoint=False)
    points = np.stack([50 + 30 * np.cos(angle), 40 + 30 * np.sin(angle)], 1)
    mask = mask_of([points.ravel().tolist()], (80, 100))
    y, x = np.ogrid[:80, :100]
    disc = np.hypot(x + 0.5 - 50, y + 0.5 - 40)
    assert mask[disc < 29].all()
    assert not mask[disc > 31].any()


def test_a_polygon_that_would_take_for_ever():
    """Each step along an outline, a fifth of a pixel, would be kept."""
    points = np.random.default_rng(0).uniform(-2000, 2000, 40000)
    with pytest.raises(ValueError, match=r'outlines of .* pixels'):
        parse_segmentation([points.tolist()], (1080, 1920))


@pytest.mark.parametrize('part', [[], [1, 1], [1, 1, 2, 2], [[1, 1], [2, 2]]])
def test_what_is_no_polygon_is_left_out(part):
    """Points and lines among good polygons: counted, an error if strict."""
    mask, left_out = parse_segmentation([part, SQUARE, part], (7, 8))
    assert left_out == 2
    np.testing.assert_array_equal(decode_mask(mask), mask_of([SQUARE]))
    with pytest.raises(NoOutlineError):
        parse_segmentation([part], (7, 8))
    with pytest.raises(ValueError, match='6 or more numbers'):
        parse_segmentation([part, SQUARE], (7, 8), strict=True)


@pytest.mark.parametrize('part', [
    [1, 1, 2], [1, 1, 2, 2, 3, 3, 4], ['a'] * 6, {'x': 1}, 'text',
    [[1, 2, 3], [4, 5, 6]], [[[1, 1], [2, 2], [3, 1]]]])
def test_nonsense_is_no_polygon(part):
    """An odd number, text, triples: mistakes, not lines."""
    with pytest.raises(ValueError, match='6 or more numbers'):
        parse_segmentation([SQUARE, part], (7, 8))


@pytest.mark.parametrize(('segmentation', 'shares'), [
    ([[.1, .2, .3, .2, .3, .4]], True),
    ([[[.1, .2], [.3, .2], [.3, .4]], [0, 0, 1, 0, .5, 1]], True),
    ([[-.01, .2, 1.01, .2, .3, .4]], True),
    ([[.1, .2, .3, .2, .3, 1.4]], False),
    ([[0, 0, 1, 0, 1, 1]], False),
    ([SQUARE], False), ([['a']], False), ([], False), (None, False)])
def test_polygons_in_shares(segmentation, shares):
    """In 0 to 1, but not the pixel in the corner."""
    assert in_shares(segmentation) == shares
