"""What augmentation does to pixels, against literal versions."""
from __future__ import annotations

import colorsys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmremots.datasets.transforms.pixels import (
    affine_matrix,
    jitter_colour,
    lower_resolution,
    motion_kernel,
    pad_crop,
    replace_background,
    soft_patches,
)

images = arrays(np.uint8, (8, 6, 3))


@given(images, st.integers(0, 3), st.data())
def test_pad_crop(image: np.ndarray, pad: int, data: st.DataObject) -> None:
    """It is numpy's padding with zeros, and a slice."""
    x, y = (data.draw(st.integers(0, 2 * pad)) for _ in range(2))
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
    assert (pad_crop(image, pad, x, y) == padded[y:y + 8, x:x + 6]).all()


def test_affine_matrix() -> None:
    """The centre goes where the shift says, corners where zoom does."""
    matrix = affine_matrix((21, 11), 0, (2, 3), (0, 0))
    assert matrix @ [5, 10, 1] == pytest.approx([5, 10])
    assert matrix @ [6, 11, 1] == pytest.approx([7, 13])
    matrix = affine_matrix((21, 11), 90, (1, 1), (0.5, 0.1))
    assert matrix @ [5, 10, 1] == pytest.approx([10.5, 12.1])
    assert matrix @ [6, 10, 1] == pytest.approx([10.5, 13.1])


@given(images)
def test_neutral_colour(image: np.ndarray) -> None:
    """Factors of 1 and no turn change nothing."""
    assert (jitter_colour(image, 1, 1, 1, 0) == image).all()


@given(images, st.floats(0.5, 1.5), st.floats(0.5, 1.5),
       st.floats(0.5, 1.5))
def test_colour_literal(image: np.ndarray, brightness: float,
                        contrast: float, saturation: float) -> None:
    """The formula of the docstring in floats, within rounding."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(float)
    mean = gray.mean()
    values = np.clip(gray[..., None] + saturation
                     * (image - gray[..., None]), 0, 255)
    values = np.clip(brightness * (mean + contrast * (values - mean)), 0, 255)
    result = jitter_colour(image, brightness, contrast, saturation, 0)
    assert result.dtype == np.uint8
    assert np.abs(result - values).max() <= 2


def test_hue_turns() -> None:
    """The hue turns by the degrees asked for, either way around."""
    red = np.full((2, 2, 3), (40, 40, 200), np.uint8)
    for degrees in (90, -90):
        b, g, r = jitter_colour(red, 1, 1, 1, degrees)[0, 0] / 255
        assert colorsys.rgb_to_hsv(r, g, b)[0] * 360 == pytest.approx(
            degrees % 360, abs=3)


@given(st.integers(2, 20), st.floats(0, 180))
def test_motion_kernel(length: int, angle: float) -> None:
    """It keeps the brightness: no weight is negative, their sum is 1."""
    kernel = motion_kernel(length, angle)
    assert kernel.min() >= 0
    assert kernel.sum() == pytest.approx(1, abs=1e-5)


def test_motion_kernel_is_a_line() -> None:
    """Along the motion there is a blur, across it none."""
    assert np.count_nonzero(motion_kernel(9, 0).sum(axis=1)) == 1
    assert np.count_nonzero(motion_kernel(9, 0).sum(axis=0)) == 9


def test_lower_resolution() -> None:
    """Detail goes, the size and the mean stay."""
    image = np.zeros((32, 16, 3), np.uint8)
    image[::2] = 200
    result = lower_resolution(image, 0.25)
    assert result.shape == image.shape
    assert (result == 100).all()
    assert lower_resolution(image, 1e-6).shape == image.shape


def test_replace_background() -> None:
    """Inside the mask the image stays, away from it is the background."""
    rng = np.random.default_rng(0)
    image, background = rng.integers(256, size=(2, 40, 20, 3), dtype=np.uint8)
    mask = np.zeros((40, 20), np.uint8)
    mask[10:30, 5:15] = 1
    result = replace_background(image, mask, background)
    assert (result[12:28, 7:13] == image[12:28, 7:13]).all()
    far = np.ones_like(mask, dtype=bool)
    far[7:33, 2:18] = False
    assert (result[far] == background[far]).all()
    low, high = np.minimum(image, background), np.maximum(image, background)
    assert ((result >= low) & (result <= high)).all()


def test_soft_patches() -> None:
    """Colours are dull, whatever is drawn; one patch is one colour."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        image = soft_patches((16, 8), (4, 2), rng).astype(int)
        assert image.shape == (16, 8, 3)
        assert (image.max(axis=2) - image.min(axis=2)).max() <= 61
    one = soft_patches((16, 8), (1, 1), rng)
    assert (one == one[0, 0]).all()
