"""One row of a file; whole files are in test_observations.py."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.structures.masks import decode_mask, encode_mask
from mmremots.structures.rows import (
    Row,
    json_integer,
    parse_coco_entry,
    parse_detection_line,
    parse_mots_line,
    to_number,
)

COUNTS = encode_mask(np.eye(4, 5))['counts'].decode()


def test_lines():
    """Each column where it belongs; tracks have ids, detections scores."""
    detection = parse_detection_line(
        f'7 1 2 3.5 4 0.25 2 4 5 {COUNTS}'.split(' '))
    assert detection == Row(
        7, (1, 2, 3.5, 4), 0.25, 2, {'size': (4, 5), 'counts': COUNTS})
    track = parse_mots_line(f'7 2001 2 4 5 {COUNTS}'.split(' '))
    assert track == Row(
        7, None, 1, 2, {'size': (4, 5), 'counts': COUNTS}, 2001)


@pytest.mark.parametrize(('first', 'frame', 'good'), [
    (1, 0, False), (1, 1, True), (1, 8, True), (1, 9, False),
    (0, 0, True), (0, 7, True), (0, 8, False)])
def test_frames(first, frame, good):
    """Eight frames, counted from one and from zero."""
    row = Row(frame, None, 1, 2, {'size': (4, 5), 'counts': COUNTS})
    if good:
        row.check((4, 5), first, 8)
    else:
        with pytest.raises(ValueError, match=f'frame {frame}, but'):
            row.check((4, 5), first, 8)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4),
       st.integers(1, 4))
def test_rectangles_as_polygons(x, y, width, height):
    """A polygon paints its pixels; several paint their union."""
    right, low = min(x + width, 8), min(y + height, 7)
    corners = [x, y, right, y, right, low, x, low]
    expected = np.zeros((7, 8), dtype=np.uint8)
    expected[y:low, x:right] = 1
    entry = {'image_id': 1, 'score': 1, 'segmentation': [corners]}
    row = parse_coco_entry(entry, 2, (7, 8))
    np.testing.assert_array_equal(decode_mask(row.rle), expected)
    expected[:2, :3] = 1
    entry['segmentation'].append([0, 0, 3, 0, 3, 2, 0, 2])
    row = parse_coco_entry(entry, 2, (7, 8))
    np.testing.assert_array_equal(decode_mask(row.rle), expected)


@given(st.lists(st.floats(-16, 16), min_size=6, max_size=16).filter(
    lambda points: len(points) % 2 == 0))
def test_any_polygon_is_a_sound_mask(points):
    """Beyond the border, degenerate, crossing itself: never a bad RLE."""
    entry = {'image_id': 1, 'score': 1, 'segmentation': [points]}
    row = parse_coco_entry(entry, 2, (7, 8))
    assert decode_mask(row.rle).shape == (7, 8)


def test_a_polygon_of_many_points():
    """A fine outline is no reason to refuse: it is what it looks like."""
    angle = np.linspace(0, 2 * np.pi, 20000, endpoint=False)
    points = np.stack([50 + 30 * np.cos(angle), 40 + 30 * np.sin(angle)], 1)
    entry = {'image_id': 1, 'score': 1, 'segmentation': [
        points.ravel().tolist()]}
    mask = decode_mask(parse_coco_entry(entry, 2, (80, 100)).rle)
    y, x = np.ogrid[:80, :100]
    disc = np.hypot(x + 0.5 - 50, y + 0.5 - 40)
    assert mask[disc < 29].all()
    assert not mask[disc > 31].any()


def test_a_polygon_that_would_take_for_ever():
    """Each step along an outline, a fifth of a pixel, would be kept."""
    points = np.random.default_rng(0).uniform(-2000, 2000, 40000)
    entry = {'image_id': 1, 'score': 1, 'segmentation': [points.tolist()]}
    with pytest.raises(ValueError, match=r'outlines of .* pixels'):
        parse_coco_entry(entry, 2, (1080, 1920))


@pytest.mark.parametrize('value', [True, 1.0, '1', None, [1], 10**11])
def test_not_an_integer(value):
    """JSON has several things that look like one."""
    with pytest.raises(ValueError, match='image_id'):
        json_integer({'image_id': value}, 'image_id')


@pytest.mark.parametrize('value', ['', 'nan', '-inf', '1e39', None, [1]])
def test_not_a_number(value):
    """Neither is what float32 does not hold."""
    with pytest.raises(ValueError, match='score'):
        to_number(value, 'score')
