"""Algebra of run-length encoded masks.

Every function checks the RLEs it is given (see :mod:`.rle` for why), takes
``counts`` as ``str`` or ``bytes`` and returns it as ``bytes``. The work is
done on runs, by pycocotools and numpy; nothing is decoded to pixels unless
its name says so.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from pycocotools import mask as coco_mask

from .rle import (
    RLE,
    all_runs,
    bounds_to_rle,
    check_rle,
    rle_runs,
    rle_size,
    runs_to_rle,
    sound_rles,
    sound_rles_and_runs,
)

__all__ = [
    'RLE', 'check_rle', 'decode_mask', 'encode_mask', 'iom_matrix', 'iom_nms',
    'iou_matrix', 'iou_nms', 'label_map', 'pixel_iom', 'resolve_overlaps',
    'rle_area', 'rle_bbox', 'rle_runs', 'rles_from_label_map', 'runs_to_rle'
]

#: OpenCV transposes fast, but not every dtype; it only moves bytes.
_SAME_BYTES = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}


def pixel_iom(target: NDArray, prediction: NDArray) -> float:
    """Intersection over the smaller area of two masks (paper, section 2.1).

    Args:
        target: Binary mask (H, W), bool or integer.
        prediction: Binary mask (H, W), bool or integer.

    Returns:
        IoM in [0, 1]; 0.0 where one of the masks is empty.
    """
    intersection = np.logical_and(target, prediction)
    min_area = min(np.count_nonzero(target), np.count_nonzero(prediction))
    if min_area == 0:
        return 0.0
    return float(np.sum(intersection) / min_area)


def iom_matrix(
        rles_a: Sequence[RLE], rles_b: Sequence[RLE]) -> NDArray[np.float64]:
    """Intersection over the smaller area of all pairs.

    Equals :func:`pixel_iom` of the decoded masks exactly.

    Args:
        rles_a: N masks.
        rles_b: M masks of the same size.

    Returns:
        (N, M) float64 in [0, 1]; 0.0 where one of the masks is empty.

    Raises:
        ValueError: If an RLE is unsound or sizes differ.
    """
    intersections, areas_a, areas_b = _intersections(rles_a, rles_b)
    smaller = np.minimum(areas_a[:, None], areas_b[None, :])
    return intersections / np.maximum(smaller, 1)


def iou_matrix(
        rles_a: Sequence[RLE], rles_b: Sequence[RLE]) -> NDArray[np.float64]:
    """Intersection over union of all pairs.

    Args:
        rles_a: N masks.
        rles_b: M masks of the same size.

    Returns:
        (N, M) float64 in [0, 1]; 0.0 for two empty masks.

    Raises:
        ValueError: If an RLE is unsound or sizes differ.
    """
    intersections, areas_a, areas_b = _intersections(rles_a, rles_b)
    union = areas_a[:, None] + areas_b[None, :] - intersections
    return intersections / np.maximum(union, 1)


def iom_nms(
        rles: Sequence[RLE], scores: ArrayLike,
        iom_thr: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression by IoM (paper, section 2.1).

    Best score first (the lower index first among equals), a mask is dropped
    when its IoM with a kept one is above ``iom_thr``.

    Args:
        rles: N masks of one size.
        scores: (N,) finite numbers.
        iom_thr: Threshold in [0, 1].

    Returns:
        (K,) int64 indices of the kept masks, best first.

    Raises:
        ValueError: If an RLE is unsound, sizes or lengths differ or a score
            is not finite.
    """
    return _greedy_nms(rles, scores, iom_thr, iom_matrix)


def iou_nms(
        rles: Sequence[RLE], scores: ArrayLike,
        iou_thr: float) -> NDArray[np.int64]:
    """The usual suppression by IoU, for comparison; see :func:`iom_nms`."""
    return _greedy_nms(rles, scores, iou_thr, iou_matrix)


def resolve_overlaps(rles: Sequence[RLE], scores: ArrayLike) -> list[RLE]:
    """Give each pixel to the best mask that covers it (paper, section 2.1).

    Args:
        rles: N masks of one size.
        scores: (N,) finite numbers; among equals the lower index is better.

    Returns:
        N disjoint masks in the order given; their union is that of ``rles``.

    Raises:
        ValueError: As :func:`iom_nms`.
    """
    place = np.argsort(_best_first(rles, scores))
    masks, runs, offsets = sound_rles_and_runs(rles)
    covered = (_shares(masks, masks) > 0) & (place < place[:, None])
    others = {
        k: _complement(runs[offsets[k]:offsets[k + 1]], masks[k]['size'])
        for k in np.flatnonzero(covered.any(axis=0))}
    resolved = list(masks)
    for k in np.flatnonzero(covered.any(axis=1)):
        resolved[k] = coco_mask.merge(
            [masks[k], *(others[j] for j in np.flatnonzero(covered[k]))],
            intersect=True)
    return resolved


def rle_area(rles: Sequence[RLE]) -> NDArray[np.int64]:
    """Pixels of each mask, (N,) int64.

    Raises:
        ValueError: If an RLE is unsound or sizes differ.
    """
    return _areas(sound_rles(rles))


def rle_bbox(rles: Sequence[RLE]) -> NDArray[np.float64]:
    """Tight boxes of masks.

    Args:
        rles: N masks of one size.

    Returns:
        (N, 4) float64 x1, y1, x2, y2 in pixels, x2 and y2 exclusive (x1 +
        width); zeros for an empty mask.

    Raises:
        ValueError: If an RLE is unsound or sizes differ.
    """
    if not len(rles):
        return np.zeros((0, 4))
    boxes = coco_mask.toBbox(sound_rles(rles))
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def encode_mask(mask: NDArray) -> RLE:
    """The RLE of a binary (H, W) array, bool or integer."""
    return rles_from_label_map(mask != 0, 1)[0]


def decode_mask(rle: RLE) -> NDArray[np.uint8]:
    """The (H, W) uint8 array of 0 and 1 of an RLE.

    Raises:
        ValueError: If the RLE is unsound.
    """
    return label_map([rle], rle_size(rle), np.uint8)


def label_map(
        rles: Sequence[RLE], size: Sequence[int],
        dtype: DTypeLike = np.int32) -> NDArray:
    """One array that names the mask at each pixel.

    Args:
        rles: N disjoint masks of this size.
        size: (h, w) in pixels.
        dtype: Integer type of the result.

    Returns:
        (H, W) of ``dtype``: k + 1 where mask k is, 0 elsewhere.

    Raises:
        ValueError: If an RLE is unsound or of another size, two masks
            overlap, or N does not fit ``dtype``.
    """
    height, width = rle_size({'size': size})
    if len(rles) > np.iinfo(dtype).max:
        raise ValueError(f'{len(rles)} masks do not fit {np.dtype(dtype)}')
    for rle in rles:
        if rle_size(rle) != (height, width):
            raise ValueError(
                f'a mask of size {rle_size(rle)} on a label map of size '
                f'{(height, width)}')
    runs, offsets = all_runs(rles)
    mask = np.repeat(np.arange(len(rles)), np.diff(offsets))
    stops = np.cumsum(runs) - mask * (height * width)
    is_mask = ((np.arange(len(runs)) - offsets[mask]) % 2 == 1) & (runs > 0)
    start, stop = (stops - runs)[is_mask], stops[is_mask]
    order = np.argsort(start)
    start, stop = start[order], stop[order]
    if (start[1:] < stop[:-1]).any():
        raise ValueError('a label map takes disjoint masks; two overlap')

    # Down the columns: gap, mask, gap, mask, ..., gap.
    values = np.zeros(2 * len(start) + 1, dtype=dtype)
    values[1::2] = mask[is_mask][order] + 1
    bounds = np.zeros(2 * len(start) + 2, dtype=np.int64)
    bounds[1:-1:2], bounds[2:-1:2], bounds[-1] = start, stop, height * width
    return _transpose(
        np.repeat(values, np.diff(bounds)).reshape(width, height))


def rles_from_label_map(labels: NDArray, n: int) -> list[RLE]:
    """The masks of a label map; the inverse of :func:`label_map`.

    Args:
        labels: (H, W) integers.
        n: Number of masks.

    Returns:
        n masks; mask k is where ``labels == k + 1`` (perhaps nowhere).
    """
    height, width = labels.shape
    column = _transpose(labels).ravel()
    changes = np.flatnonzero(column[1:] != column[:-1]) + 1
    starts = np.concatenate([[0], changes])
    stops = np.append(changes, column.size)
    values = column[starts].astype(np.int64)
    order = np.argsort(values, kind='stable')
    bounds = np.stack([starts[order], stops[order]], axis=1)
    first = np.searchsorted(values[order], np.arange(1, n + 2))
    return [
        bounds_to_rle(bounds[first[k]:first[k + 1]].ravel(), height, width)
        for k in range(n)]


def _transpose(array: NDArray) -> NDArray:
    moved = cv2.transpose(np.ascontiguousarray(array).view(
        _SAME_BYTES[array.dtype.itemsize]))
    return moved.view(array.dtype)


def _shares(masks_a: list[RLE], masks_b: list[RLE]) -> NDArray[np.float64]:
    """Share of each mask a that lies in each mask b, (N, M)."""
    if not masks_a or not masks_b:
        return np.zeros((len(masks_a), len(masks_b)))
    # That is what pycocotools calls IoU where b is a crowd; it looks only at
    # pairs whose boxes overlap.
    return coco_mask.iou(masks_a, masks_b, [1] * len(masks_b))


def _areas(masks: list[RLE]) -> NDArray[np.int64]:
    # One by one: pycocotools 2.0.11 overflows on a list of more than 255.
    return np.array([coco_mask.area(mask) for mask in masks], dtype=np.int64)


def _intersections(
    rles_a: Sequence[RLE], rles_b: Sequence[RLE]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Pixels in common of all pairs, and the areas of both sides."""
    if rles_a is rles_b:
        masks_a = masks_b = sound_rles(rles_a)
        areas_a = areas_b = _areas(masks_a)
    else:
        masks = sound_rles([*rles_a, *rles_b])
        masks_a, masks_b = masks[:len(rles_a)], masks[len(rles_a):]
        areas_a, areas_b = _areas(masks_a), _areas(masks_b)
    # A quotient of integers below 2**29, so rounding undoes the division.
    shares = _shares(masks_a, masks_b)
    return np.rint(shares * areas_a[:, None]), areas_a, areas_b


def _complement(runs: NDArray[np.int64], size: Sequence[int]) -> RLE:
    """All other pixels: the first run, of background, comes or goes."""
    counts = runs[1:] if runs[0] == 0 else np.concatenate([[0], runs])
    return coco_mask.frPyObjects({'size': size, 'counts': counts}, *size)


def _best_first(
        rles: Sequence[RLE], scores: ArrayLike) -> NDArray[np.int64]:
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(rles),):
        raise ValueError(
            f'{len(rles)} masks, but scores of shape {values.shape}')
    if not np.isfinite(values).all():
        raise ValueError('a score is not a finite number')
    return np.argsort(-values, kind='stable')


def _greedy_nms(
        rles: Sequence[RLE], scores: ArrayLike, threshold: float,
        overlap_matrix: Callable[..., NDArray[np.float64]]
) -> NDArray[np.int64]:
    order = _best_first(rles, scores)
    too_close = overlap_matrix(rles, rles) > threshold
    dropped = np.zeros(len(rles), dtype=bool)
    kept = []
    for index in order:
        if not dropped[index]:
            kept.append(index)
            dropped |= too_close[index]
    return np.array(kept, dtype=np.int64)
