"""Masks drawn over an image."""
from __future__ import annotations

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .masks import RLE, decode_mask

# Multiples of it, modulo 1, stay apart, but come near each other again after
# 8 or 13 steps: saturation and brightness change with shorter periods.
_GOLDEN_RATIO = 0.6180339887498949
_SATURATION = (0.9, 0.5)
_BRIGHTNESS = (1.0, 0.65)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def track_color(track_id: int) -> tuple[int, int, int]:
    """The colour of a track, the same in every frame and every picture.

    Args:
        track_id: Any id >= 0; consecutive ones get distant hues.

    Returns:
        BGR, 0 to 255.
    """
    red, green, blue = colorsys.hsv_to_rgb(
        track_id * _GOLDEN_RATIO % 1, _SATURATION[track_id // 8 % 2],
        _BRIGHTNESS[track_id % 2])
    return round(255 * blue), round(255 * green), round(255 * red)


def draw_masks(image: NDArray[np.uint8], rles: Sequence[RLE],
               ids: ArrayLike, captions: Sequence[str] | None = None,
               alpha: float = 0.45) -> NDArray[np.uint8]:
    """Draw masks over an image: tinted, outlined, named.

    Args:
        image: (H, W, 3) BGR; it is not changed.
        rles: N masks of the image's size; they may overlap, later ones are
            drawn over earlier ones.
        ids: (N,) integers that choose the colours.
        captions: What to write at each mask; default: its id.
        alpha: Opacity of the tint, 0 to 1.

    Returns:
        The drawing, (H, W, 3) uint8.

    Raises:
        ValueError: If numbers of masks, ids and captions differ, or a mask
            is not of the image's size.
    """
    numbers = [int(number) for number in np.asarray(ids).ravel()]
    texts = [str(n) for n in numbers] if captions is None else captions
    if not len(rles) == len(numbers) == len(texts):
        raise ValueError(f'{len(rles)} masks, {len(numbers)} ids, '
                         f'{len(texts)} captions')
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'an image of {image.shape}, not (H, W, 3)')
    drawing = image.copy()
    scale = max(image.shape[0] / 1080, 0.36)
    corners = []
    for rle, number in zip(rles, numbers, strict=True):
        if tuple(rle['size']) != image.shape[:2]:
            raise ValueError(f'a mask of {tuple(rle["size"])} on an image '
                             f'of {image.shape[:2]}')
        mask = decode_mask(rle)
        x, y, width, height = cv2.boundingRect(mask)
        corners.append((x, y))
        patch = drawing[y:y + height, x:x + width]
        inside = mask[y:y + height, x:x + width] > 0
        tint = np.array(track_color(number))
        patch[inside] = np.round(
            (1 - alpha) * patch[inside] + alpha * tint).astype(np.uint8)
        outlines, _ = cv2.findContours(
            mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawing, outlines, -1, track_color(number),
                         max(1, round(2 * scale)))
    for (x, y), number, text in zip(corners, numbers, texts, strict=True):
        _write(drawing, text, (x, y), track_color(number), scale)
    return drawing


def _write(image: NDArray[np.uint8], text: str, corner: tuple[int, int],
           color: tuple[int, int, int], scale: float) -> None:
    """Text on a filled box above a point, moved to lie in the image."""
    thickness = max(1, round(2 * scale))
    (width, height), base = cv2.getTextSize(text, _FONT, scale, thickness)
    x = min(max(corner[0], 0), max(image.shape[1] - width - 2, 0))
    y = max(corner[1] - base - 1, height + 1)
    cv2.rectangle(image, (x, y - height - 1), (x + width + 1, y + base),
                  color, -1)
    dark = sum(color) > 380
    cv2.putText(image, text, (x + 1, y), _FONT, scale,
                (0, 0, 0) if dark else (255, 255, 255), thickness,
                cv2.LINE_AA)
