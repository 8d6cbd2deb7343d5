"""Segmentations as COCO's JSON has them: RLEs and polygons."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from mmremots.structures.masks import encode_mask
from mmremots.structures.rle import RLE, rle_size, runs_to_rle

# Pixels; that of a person at 4K has some 10,000.
_LONGEST_OUTLINE = 10**6


#: A list of longer ones of 0 and 1 is no polygon.
_LEAST_ROW = 8
#: Shares of the image's size that an outline may reach beyond its edge.
_BEYOND = 0.02


class NoOutlineError(ValueError):
    """A segmentation none of whose polygons has three corners."""


def parse_segmentation(
        segmentation: Any, size: Sequence[int] | None,
        strict: bool = False) -> tuple[RLE, int]:
    """Any segmentation of COCO's JSON.

    Args:
        segmentation: An RLE, compressed or with ``counts`` a list; or
            polygons ``[x1, y1, x2, y2, ...]`` or ``[[x1, y1], ...]``, one
            or a list of them; or the pixels, 0 or 1, a list a row.
        size: (h, w) of the image in pixels, if known; polygons need it.
        strict: Whether a polygon of one or two corners is an error.

    Returns:
        The mask, whose counts are not checked, and how many polygons were
        left out, as they have one or two corners.

    Raises:
        NoOutlineError: If no polygon is left.
        ValueError: If it is none of these.
    """
    if isinstance(segmentation, list) and segmentation:
        pixels = _pixels(segmentation, size)
        if pixels is not None:
            return encode_mask(pixels), 0
        return _paint(_polygons(segmentation), size, strict)
    if not isinstance(segmentation, dict):
        raise ValueError('segmentation is neither an RLE nor polygons')
    rle = {**segmentation, 'size': rle_size(segmentation)}
    if isinstance(rle.get('counts'), list):
        rle = runs_to_rle(rle['counts'], rle['size'])
    return rle, 0


def _pixels(segmentation: list[Any],
            size: Sequence[int] | None) -> NDArray | None:
    """A mask that was written pixel by pixel.

    Raises:
        ValueError: If it is of another size than the image.
    """
    first = segmentation[0]
    if not isinstance(first, list) or min(
            len(first), len(segmentation)) <= _LEAST_ROW or not all(
                value in (0, 1) for value in first):
        return None
    try:
        pixels = np.array(segmentation)
    except ValueError:  # of several lengths
        return None
    if pixels.ndim != 2 or not np.isin(pixels, (0, 1)).all():
        return None
    if size is not None and pixels.shape != tuple(size):
        raise ValueError(
            f'mask of {pixels.shape[0]} rows of {pixels.shape[1]} pixels, '
            f'but the images have {size[0]} of {size[1]}')
    return pixels


def in_shares(segmentation: Any) -> bool:
    """Whether all polygons lie in 0 to 1, as shares of an image's size do.

    Not one with whole numbers alone: that is a pixel in the corner.
    """
    if not (isinstance(segmentation, list) and segmentation):
        return False
    try:
        points = np.concatenate([
            np.ravel(np.asarray(part, np.float64))
            for part in _polygons(segmentation)])
    except (TypeError, ValueError, OverflowError):
        return False
    return bool(
        len(points) and (np.abs(points - 0.5) <= 0.5 + _BEYOND).all()
        and (points % 1 != 0).any())


def _polygons(segmentation: list[Any]) -> list[Any]:
    """A list of polygons, where there may be one alone."""
    first = segmentation[0]
    if _is_number(first):  # x1, y1, x2, ...
        return [segmentation]
    if isinstance(first, list) and len(first) == 2 and _is_number(first[0]):
        pairs = [len(part) == 2 if isinstance(part, list) else False
                 for part in segmentation]
        if all(pairs) and len(pairs) > 2:  # [x1, y1], [x2, y2], ...
            return [segmentation]
    return segmentation


def _paint(polygons: list[Any], size: Sequence[int] | None,
           strict: bool) -> tuple[RLE, int]:
    if size is None:
        raise ValueError('polygons need the size of the image')
    outlines = [polygon for points in polygons
                if (polygon := _polygon(points, size, strict))]
    if not outlines:
        raise NoOutlineError('no polygon has 6 or more numbers')
    # pycocotools keeps five steps a pixel: minutes, and all the memory.
    length = sum(_length(polygon) for polygon in outlines)
    if length > _LONGEST_OUTLINE:
        raise ValueError(
            f'polygons with outlines of {length:.0f} pixels, more than '
            f'{_LONGEST_OUTLINE}')
    mask = coco_mask.merge(coco_mask.frPyObjects(outlines, *size))
    return mask, len(polygons) - len(outlines)


def _polygon(
        points: Any, size: Sequence[int], strict: bool) -> list[float]:
    """Check the points of one polygon; [] for one of less than three."""
    polygon = _array(points)
    if polygon.ndim == 2 and polygon.shape[1] == 2:
        polygon = polygon.ravel()
    is_list = polygon.ndim == 1 and isinstance(points, list)
    if not is_list or len(polygon) % 2 or (strict and len(polygon) < 6):
        raise ValueError('a polygon is not 6 or more numbers, x, y in turn')
    if len(polygon) < 6:
        return []
    furthest = np.abs(polygon).max()
    if not furthest <= 2 * max(size):
        raise ValueError(
            f'a polygon reaches to {furthest:g}, out of the image by more '
            'than its size')
    return polygon.tolist()


def _array(points: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(points, dtype=np.float64)
    except OverflowError:  # an integer beyond what a float holds
        return np.full(6, np.inf)
    except (TypeError, ValueError):
        return np.zeros(1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _length(polygon: Sequence[float]) -> float:
    """Length of a polygon's edges in pixels, the closing one too."""
    points = np.reshape(polygon, (-1, 2))
    x, y = (points - np.roll(points, 1, axis=0)).T
    return float(np.hypot(x, y).sum())
