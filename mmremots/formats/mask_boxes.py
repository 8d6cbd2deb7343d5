"""Whether the boxes of a file belong to its masks, and how they are written.

A detector's mask lies in its box. Where masks lie elsewhere, either is not
what it is taken for: an RLE along rows, polygons in shares of the image,
boxes in another form.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from mmremots.structures.masks import decode_mask, encode_mask, rle_bbox
from mmremots.structures.rle import RLE, bounds_to_rle

from .rows import Row

#: x1, y1, x2, y2 or x, y, width, height.
BoxForm = Literal['corners', 'sides']

#: Pixels, and share of the box's side, that a mask may reach out of it.
_MARGIN, _MARGIN_SHARE = 2, 0.1
#: Least share of a mask's pixels in its box.
_INSIDE = 0.5
#: Boxes of the other form fit that well, in IoU, and better by that.
_FITS, _BETTER = 0.5, 0.1


def settle_boxes(
        rows: Sequence[Row], places: Sequence[str],
        form: BoxForm) -> tuple[list[str], list[str]]:
    """Compare boxes and masks; take the masks' boxes if these are no such.

    Args:
        rows: With ``box`` as corners, if they are written as ``form``.
        places: Of each, for errors.
        form: How the format has boxes.

    Returns:
        What was done, and what there is to warn of, a line each.

    Raises:
        ValueError: If a box is inside out, or half of all masks or more do
            not belong to their boxes.
    """
    if not rows:
        return [], []
    boxes = np.array([row.box for row in rows], np.float64)
    tight = rle_bbox([row.rle for row in rows])
    inverted = (boxes[:, 2:] < boxes[:, :2]).any(axis=1)
    # A box of a pixel at most stands for none: SOLO, for one, has 0 0 0 0.
    sides = boxes[:, 2:] - boxes[:, :2]
    flat = ((sides >= 0) & (sides <= 1)).any(axis=1)
    empty = np.any(tight[:, 2:] <= tight[:, :2], axis=1)
    for k in np.flatnonzero(flat).tolist():
        rows[k].box = tight[k]
    remarks = []
    other = boxes.copy()  # Corners, if it is the other form.
    if form == 'corners':
        other[:, 2:] += boxes[:, :2]
    else:
        other[:, 2:] -= boxes[:, :2]
    given = ~flat
    seen = given & ~empty
    if seen.any():
        fits, fits_otherwise = (
            _iou(boxes[seen], tight[seen]).mean(),
            _iou(other[seen], tight[seen]).mean())
        if fits_otherwise > max(_FITS, fits + _BETTER):
            is_what, not_what = 'x, y, width, height', 'corners'
            if form == 'sides':
                is_what, not_what = not_what, is_what
            remarks.append(f'its boxes are {is_what}, not {not_what}: taken '
                           'from the masks')
            for row, box in zip(rows, tight, strict=True):
                row.box = box
            boxes, inverted = other, np.zeros_like(inverted)
    if inverted.any():
        k = int(np.argmax(inverted))
        raise ValueError(
            f'{places[k]}: box {" ".join(f"{s:g}" for s in boxes[k])} is '
            'inside out')
    outside = np.flatnonzero(
        given & (empty | ~_within(tight, boxes))).tolist()
    strays = [k for k in outside
              if empty[k] or not _belongs(rows[k].rle, boxes[k])]
    if not strays:
        return remarks, []
    k = strays[0]
    guess = ('; it has no pixel' if empty[k]
             else _guess(rows[k].rle, boxes[k]))
    message = (
        f'{places[k]}: the mask is not where its box is, and so it is with '
        f'{len(strays)} of {np.count_nonzero(given)} masks{guess}')
    if 2 * len(strays) >= np.count_nonzero(given):
        raise ValueError(message)
    return remarks, [message]


def check_box_masks(
        boxes: NDArray[np.float32], size: Sequence[int],
        without_pixel: int) -> None:
    """Refuse boxes that cannot be x, y, width, height in pixels.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 of those that have a pixel.
        size: (h, w) of the images.
        without_pixel: Number of the others.

    Raises:
        ValueError: If none has more than a pixel, or many reach out of the
            image, while x1, y1, x2, y2 is what all of them could be.
    """
    height, width = size
    number = without_pixel + len(boxes)
    if number and boxes.max(initial=0) <= 1:  # As shares of the image are.
        raise ValueError(
            f'none of {number} boxes has more than a pixel in images of '
            f'{width}x{height}: x, y, width, height in pixels belong there')
    written = boxes.copy()
    written[:, 2:] -= boxes[:, :2]
    far = 1.02 * np.array([width, height])
    outside = (boxes[:, 2:] > far).any(axis=1)
    are_corners = (written[:, 2:] > written[:, :2]).all() and (
        written[:, 2:] <= far).all()
    if len(boxes) and outside.mean() > 0.1 and are_corners:
        raise ValueError(
            f'{np.count_nonzero(outside)} of {len(boxes)} boxes reach out of '
            f'images of {width}x{height}: they seem to be x1, y1, x2, y2, '
            'where x, y, width, height belong')


def box_mask(box: Sequence[float], size: Sequence[int]) -> RLE:
    """The pixels whose centres lie in a box.

    Args:
        box: x1, y1, x2, y2 in pixels.
        size: (h, w) of the image.

    Returns:
        The mask; without a pixel if the box lies outside or is smaller than
        one.
    """
    height, width = int(size[0]), int(size[1])
    x1, x2 = (int(np.clip(np.ceil(x - 0.5), 0, width)) for x in box[::2])
    y1, y2 = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in box[1::2])
    columns = np.arange(x1, x2)[:, None] * height
    bounds = np.add(columns, (y1, y2)).ravel() if y2 > y1 else np.zeros(0)
    return bounds_to_rle(bounds.astype(np.int64), height, width)


def _iou(a: NDArray[np.float64],
         b: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of boxes, row by row; 0 for what is inside out."""
    both = np.clip(np.minimum(a[:, 2:], b[:, 2:])
                   - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(axis=1)
    area_a, area_b = (
        np.clip(c[:, 2:] - c[:, :2], 0, None).prod(axis=1) for c in (a, b))
    return both / np.maximum(area_a + area_b - both, 1e-9)


def _widened(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = boxes[..., 2:] - boxes[..., :2]
    margin = _MARGIN + _MARGIN_SHARE * sides
    return np.concatenate(
        [boxes[..., :2] - margin, boxes[..., 2:] + margin], axis=-1)


def _within(inner: NDArray[np.float64],
            boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    outer = _widened(boxes)
    inside = ((inner[:, :2] >= outer[:, :2])
              & (inner[:, 2:] <= outer[:, 2:]))
    return np.all(inside, axis=1)


def _belongs(mask: RLE, box: NDArray[np.float64]) -> bool:
    """Whether half of a mask's pixels are in its box, widened a little."""
    height, width = mask['size']
    x1, y1, x2, y2 = np.clip(
        _widened(box), 0, [width, height, width, height])
    if x2 <= x1 or y2 <= y1:
        return False
    inside = coco_mask.merge([mask, *coco_mask.frPyObjects(
        np.array([[x1, y1, x2 - x1, y2 - y1]]), height, width)],
        intersect=True)
    return bool(
        coco_mask.area(inside) >= _INSIDE * coco_mask.area(mask))


def _guess(mask: RLE, box: NDArray[np.float64]) -> str:
    """What may be wrong with a mask that is not in its box."""
    pixels = decode_mask(mask)
    height, width = pixels.shape
    along_rows = pixels.ravel(order='F').reshape(height, width)
    if _belongs(encode_mask(along_rows), box):
        return ('; it would be if its runs went along the rows, but those '
                "of COCO's RLE go down the columns")
    y, x = np.nonzero(pixels)
    swapped = np.array([[y.min(), x.min(), y.max() + 1, x.max() + 1]])
    if _within(swapped.astype(np.float64), box[None])[0]:
        return '; it would be if x and y were swapped'
    return ''
