"""What augmentation does to the pixels of a crop, given the numbers.

Images are (H, W, 3) uint8 BGR, masks (H, W) uint8.
"""
from __future__ import annotations

import cv2
import numpy as np


def pad_crop(image: np.ndarray, pad: int, x: int, y: int) -> np.ndarray:
    """Pad an image with black on all sides, and crop its size at (x, y)."""
    height, width = image.shape[:2]
    padded = cv2.copyMakeBorder(
        image, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    return padded[y:y + height, x:x + width]


def affine_matrix(size: tuple[int, ...], angle: float,
                  zoom: tuple[float, float],
                  shift: tuple[float, float]) -> np.ndarray:
    """Affine map about the centre of an image.

    Args:
        size: (height, width).
        angle: Rotation in degrees.
        zoom: Factor of the width and of the height.
        shift: Fraction of the width and of the height.

    Returns:
        (2, 3) float64, from source to result.
    """
    height, width = size
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)],
                         [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.diag(zoom)
    offset = centre + np.array(shift) * (width, height) - linear @ centre
    return np.column_stack([linear, offset])


def jitter_colour(image: np.ndarray, brightness: float, contrast: float,
                  saturation: float, hue: float) -> np.ndarray:
    """Change the colours of an image.

    Args:
        image: (H, W, 3) uint8.
        brightness: Factor of all values.
        contrast: Factor of the distance to the mean brightness.
        saturation: Factor of the distance to gray.
        hue: Turn of the colour circle in degrees.

    Returns:
        (H, W, 3) uint8.
    """
    if hue:
        hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL)
        hsv[..., 0] += np.uint8(round(hue * 256 / 360) % 256)
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    mean = float(gray.mean())
    coloured = cv2.addWeighted(
        image, saturation, cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR),
        1 - saturation, 0)
    values = brightness * (contrast * (np.arange(256) - mean) + mean)
    table = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return cv2.LUT(coloured, table)


def motion_kernel(length: int, angle: float) -> np.ndarray:
    """A line of ``length`` pixels at ``angle`` degrees, of sum 1."""
    kernel = np.zeros((length, length), dtype=np.float32)
    kernel[length // 2] = 1
    centre = ((length - 1) / 2, (length - 1) / 2)
    turn = cv2.getRotationMatrix2D(centre, angle, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return kernel / kernel.sum()


def lower_resolution(image: np.ndarray, factor: float) -> np.ndarray:
    """Shrink an image to ``factor`` of its size, and enlarge it again."""
    height, width = image.shape[:2]
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA),
                      (width, height), interpolation=cv2.INTER_LINEAR)


def replace_background(image: np.ndarray, mask: np.ndarray,
                       background: np.ndarray) -> np.ndarray:
    """Put ``background`` where the mask is 0, with a soft edge.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W) uint8, 0 or 1.
        background: (H, W, 3) uint8.

    Returns:
        (H, W, 3) uint8.
    """
    alpha = cv2.GaussianBlur(mask * np.uint8(255), (5, 5), 0)
    alpha = alpha[..., None].astype(np.uint16)
    blend = image * alpha + background * (255 - alpha)
    return ((blend + 127) // 255).astype(np.uint8)


def soft_patches(size: tuple[int, ...], grid: tuple[int, int],
                 rng: np.random.Generator) -> np.ndarray:
    """Dull colours on a grid, with soft borders.

    Args:
        size: (H, W) of the result.
        grid: Rows and columns of colours.
        rng: Draws the colours: any gray, with little saturation.

    Returns:
        (H, W, 3) uint8.
    """
    gray = rng.uniform(30, 225, size=(*grid, 1))
    colours = gray + rng.uniform(-30, 30, size=(*grid, 3))
    return cv2.resize(colours.astype(np.uint8), size[::-1],
                      interpolation=cv2.INTER_LINEAR)
