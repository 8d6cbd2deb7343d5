"""Masks drawn over an image."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.structures.drawing import draw_masks, track_color
from mmremots.structures.masks import encode_mask

SIZE = (120, 160)


def rectangle(x1, y1, x2, y2):
    mask = np.zeros(SIZE, np.uint8)
    mask[y1:y2, x1:x2] = 1
    return encode_mask(mask)


def test_colours_are_stable_and_distinct():
    """A track keeps its colour; the next ids do not look like it."""
    assert track_color(2001) == track_color(2001)
    colors = np.array([track_color(i) for i in range(2001, 2021)], float)
    assert ((colors >= 0) & (colors <= 255)).all()
    distance = np.linalg.norm(colors[:, None] - colors[None], axis=2)
    assert distance[np.triu_indices(len(colors), 1)].min() > 35


def test_only_masks_and_captions_change():
    """Pure: the input stays, pixels far from any mask too."""
    image = np.full((*SIZE, 3), 90, np.uint8)
    drawing = draw_masks(image, [rectangle(40, 50, 60, 90)], [7])
    assert (image == 90).all()
    assert (drawing[100:] == 90).all()
    assert (drawing[:, 100:] == 90).all()
    middle = 0.55 * 90 + 0.45 * np.array(track_color(7))
    assert drawing[70, 50] == pytest.approx(middle, abs=1)
    assert tuple(drawing[70, 40]) == track_color(7), 'the outline'
    assert (drawing[40:49, 40:48] != 90).any(), 'the id above the mask'


def test_captions_at_the_border_stay_inside():
    """A person at the border still gets a name; an empty mask no crash."""
    image = np.zeros((*SIZE, 3), np.uint8)
    rles = [rectangle(150, 0, 160, 60), rectangle(0, 0, 0, 0)]
    drawing = draw_masks(image, rles, [3, 4], captions=['0.98', ''])
    assert drawing[:12, 120:149].any()


def test_a_grey_image_is_an_error():
    """Not numpy's words on shapes."""
    with pytest.raises(ValueError, match=r'of \(4, 6\), not \(H, W, 3\)'):
        draw_masks(np.zeros((4, 6), np.uint8), [], [])


def test_wrong_sizes_are_errors():
    """Not a shifted or silently missing mask."""
    image = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(ValueError, match='120, 160'):
        draw_masks(image, [rectangle(1, 1, 5, 5)], [1])
    with pytest.raises(ValueError, match='2 ids'):
        draw_masks(image, [], [1, 2])
