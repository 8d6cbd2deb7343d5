"""What an encoder sees of a mask: its box, cut out and resized."""
from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .masks import RLE, rle_bbox, rle_runs
from .observations import Observations


def crop_boxes(observations: Observations) -> NDArray[np.int64]:
    """The tight box of each mask.

    Args:
        observations: N masks.

    Returns:
        (N, 4) int64 x1 y1 x2 y2, ends exclusive.

    Raises:
        ValueError: A mask is empty: there is nothing to cut.
    """
    if not len(observations):
        return np.empty((0, 4), dtype=np.int64)
    boxes = rle_bbox(observations.rles).astype(np.int64)
    empty = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
    if empty.any():
        row = int(np.argmax(empty))
        raise ValueError(
            f'frame {observations.frames[row]}: observation {row} has an '
            'empty mask, there is nothing to cut')
    return boxes


def cut_out(image: NDArray[np.uint8], box: NDArray[np.int64],
            size: tuple[int, int]) -> NDArray[np.uint8]:
    """The part of an image in a box, background included.

    Args:
        image: (h, w, 3) uint8, BGR.
        box: (4,) x1 y1 x2 y2, ends exclusive.
        size: (H, W) wanted.

    Returns:
        (H, W, 3) uint8.
    """
    x1, y1, x2, y2 = box
    return resize(image[y1:y2, x1:x2], size)


def mask_in_box(rle: RLE, box: np.ndarray) -> np.ndarray:
    """Decode the part of a mask that lies in a box.

    Costs one pass over the runs and the columns of the box, not the image.

    Args:
        rle: The mask.
        box: x1 y1 x2 y2, (4,) int, inside the image, ends exclusive.

    Returns:
        The part, (y2 - y1, x2 - x1) uint8, 0 or 1.
    """
    x1, y1, x2, y2 = (int(value) for value in box)
    height = rle['size'][0]
    runs = rle_runs(rle)
    # An RLE runs down the columns: those of the box are one stretch of it.
    ends = np.clip(np.cumsum(runs), x1 * height, x2 * height)
    inside = np.diff(ends, prepend=x1 * height)
    values = (np.arange(len(runs)) % 2).astype(np.uint8)
    columns = np.repeat(values, inside).reshape(x2 - x1, height)
    return np.ascontiguousarray(columns[:, y1:y2].T)


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image, averaging along each axis that shrinks.

    The reference (reid-strong-baseline) resizes with PIL, whose bilinear
    filter widens as it shrinks an image. OpenCV's does not: from a person
    600 pixels tall it would drop every other row. Its area average is the
    closest, but grows blocks where an axis is enlarged, so that is done
    bilinearly, after.

    Args:
        image: (h, w) or (h, w, 3) uint8.
        size: (H, W) wanted.

    Returns:
        (H, W) or (H, W, 3) uint8.
    """
    height, width = size
    shrunk = (min(width, image.shape[1]), min(height, image.shape[0]))
    if shrunk != image.shape[1::-1]:
        image = cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
    if shrunk != (width, height):
        image = cv2.resize(
            image, (width, height), interpolation=cv2.INTER_LINEAR)
    return image
