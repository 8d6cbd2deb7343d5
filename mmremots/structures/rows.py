"""One row of a detection or track file: parsing and checking.

Everything here raises ValueError without a place; who knows the file and the
line (:mod:`.observations`) puts it in front.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from .rle import RLE, rle_size, runs_to_rle

# What the columns of the table hold without overflow, with room to spare.
_LARGEST_INTEGER = 10**10
_LARGEST_NUMBER = 1e30
# Pixels; that of a person at 4K has some 10,000.
_LONGEST_OUTLINE = 10**6


@dataclass(slots=True)
class Row:
    """A mask in a frame.

    Attributes:
        frame: As the file counts.
        box: x1, y1, x2, y2 in pixels; None: that of the mask.
        score: A finite number.
        label: Class id.
        rle: The mask; its size is checked, its counts are not.
        id: Track id, if the format has one.
    """

    frame: int
    box: Sequence[float] | None
    score: float
    label: int
    rle: RLE
    id: int | None = None

    def check(
            self, size: Sequence[int] | None, first_frame: int,
            num_frames: int | None) -> None:
        """Raise unless the row lies in a sequence, as far as it is known."""
        if self.frame < first_frame:
            raise ValueError(
                f'frame {self.frame}, but the first is {first_frame}')
        if num_frames is not None and self.frame - first_frame >= num_frames:
            raise ValueError(
                f'frame {self.frame}, but the last is '
                f'{first_frame + num_frames - 1}')
        if size is not None and tuple(self.rle['size']) != tuple(size):
            height, width = self.rle['size']
            raise ValueError(
                f'mask size (h, w) = ({height}, {width}) is not that of the '
                f'images, ({size[0]}, {size[1]})')


def parse_detection_line(fields: Sequence[str]) -> Row:
    """TrackR-CNN's ``frame x1 y1 x2 y2 score class h w rle``."""
    _expect(fields, 10)
    x1, y1, x2, y2 = (
        to_number(text, 'box coordinate') for text in fields[1:5])
    if x2 < x1 or y2 < y1:
        raise ValueError(f'box {" ".join(fields[1:5])} is inside out')
    return Row(
        _digits(fields[0], 'frame'), (x1, y1, x2, y2),
        to_number(fields[5], 'score'), _digits(fields[6], 'class'),
        _rle(fields[7:]))


def parse_mots_line(fields: Sequence[str]) -> Row:
    """The MOTS format's ``frame id class h w rle``; the score is 1."""
    _expect(fields, 6)
    return Row(
        _digits(fields[0], 'frame'), None, 1.0, _digits(fields[2], 'class'),
        _rle(fields[3:]), _digits(fields[1], 'id'))


def parse_coco_entry(
        entry: dict[str, Any], label: int,
        size: Sequence[int] | None) -> Row:
    """An entry of COCO's results.

    Args:
        entry: The JSON object.
        label: Class id of its category.
        size: (h, w) of the image in pixels, if known; polygons need it.
    """
    box = entry.get('bbox')
    if box is not None:
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError(f'bbox {box!r} is not [x, y, width, height]')
        x1, y1, width, height = (to_number(side, 'bbox') for side in box)
        if width < 0 or height < 0:
            raise ValueError(f'bbox {box!r} of negative size')
        box = x1, y1, x1 + width, y1 + height
    return Row(
        json_integer(entry, 'image_id'), box,
        to_number(entry.get('score'), 'score'), label,
        _segmentation(entry.get('segmentation'), size))


def json_integer(entry: Any, name: str) -> int:
    """An integer of a JSON object."""
    value = entry.get(name) if isinstance(entry, dict) else None
    if (not isinstance(value, int) or isinstance(value, bool)
            or abs(value) > _LARGEST_INTEGER):
        raise ValueError(f'{name} {value!r} is not an integer')
    return value


def to_number(value: Any, name: str) -> float:
    """A finite number from text or JSON, one that float32 holds."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) < _LARGEST_NUMBER:
        raise ValueError(f'{name} {value!r} is not a finite number')
    return number


def _expect(fields: Sequence[str], columns: int) -> None:
    if len(fields) != columns:
        raise ValueError(
            f'{len(fields)} columns separated by single spaces, not '
            f'{columns}')


def _digits(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise ValueError(f'{name} {text!r} is not a whole number')
    return int(text)


def _rle(fields: Sequence[str]) -> RLE:
    size = _digits(fields[0], 'h'), _digits(fields[1], 'w')
    return {'size': rle_size({'size': size}), 'counts': fields[2]}


def _segmentation(segmentation: Any, size: Sequence[int] | None) -> RLE:
    """Any segmentation of COCO's JSON.

    That is an RLE, compressed or with ``counts`` a list, or a list of
    polygons ``[x1, y1, x2, y2, ...]``.
    """
    if isinstance(segmentation, list) and segmentation:
        if size is None:
            raise ValueError('polygons need the size of the image')
        polygons = [_polygon(points, size) for points in segmentation]
        # pycocotools keeps five steps a pixel: minutes, and all the memory.
        length = sum(_outline(polygon) for polygon in polygons)
        if length > _LONGEST_OUTLINE:
            raise ValueError(
                f'polygons with outlines of {length:.0f} pixels, more than '
                f'{_LONGEST_OUTLINE}')
        return coco_mask.merge(coco_mask.frPyObjects(polygons, *size))
    if not isinstance(segmentation, dict):
        raise ValueError('segmentation is neither an RLE nor polygons')
    rle = {**segmentation, 'size': rle_size(segmentation)}
    if isinstance(rle.get('counts'), list):
        return runs_to_rle(rle['counts'], rle['size'])
    return rle


def _polygon(points: Any, size: Sequence[int]) -> list[float]:
    """Check the points of one polygon."""
    try:
        polygon = np.asarray(points, dtype=np.float64)
    except OverflowError:  # an integer beyond what a float holds
        polygon = np.full(6, np.inf)
    except (TypeError, ValueError):
        polygon = np.zeros(0)
    if polygon.ndim != 1 or len(polygon) < 6 or len(polygon) % 2:
        raise ValueError('a polygon is not 6 or more numbers, x, y in turn')
    furthest = np.abs(polygon).max()
    if not furthest <= 2 * max(size):
        raise ValueError(
            f'a polygon reaches to {furthest:g}, out of the image by more '
            'than its size')
    return polygon.tolist()


def _outline(polygon: Sequence[float]) -> float:
    """Length of a polygon's edges in pixels, the closing one too."""
    points = np.reshape(polygon, (-1, 2))
    x, y = (points - np.roll(points, 1, axis=0)).T
    return float(np.hypot(x, y).sum())
