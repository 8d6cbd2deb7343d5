"""Which masks of adjacent frames are one person (paper, section 2.3)."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from mmremots.models.task_modules.similarities import (
    pair_similarities,
    unit_features,
)
from mmremots.structures.overlaps import Overlaps, sure_links


def short_term_cost(
        iou: ArrayLike, feats_prev: ArrayLike, feats_curr: ArrayLike,
        theta: float) -> NDArray[np.float64]:
    """Cost of associating masks of two adjacent frames.

    ``W = 1 - cos(f_prev, f_curr)``; ``inf`` where the IoU is 0 (paper,
    equation 1) and where ``W > 1 - theta`` (equation 2).

    Args:
        iou: (N, M) IoU of warped previous with current masks.
        feats_prev: (N, D) features, of any length.
        feats_curr: (M, D) features.
        theta: Least cosine similarity of a pair.

    Returns:
        (N, M) float64 in [0, 2], or ``inf``.

    Raises:
        ValueError: If shapes do not fit or a feature is not finite.
    """
    unit_prev, unit_curr = unit_features(feats_prev), unit_features(feats_curr)
    overlap = np.asarray(iou, dtype=np.float64)
    if overlap.shape != (len(unit_prev), len(unit_curr)):
        raise ValueError(
            f'iou of shape {overlap.shape} for {len(unit_prev)} and '
            f'{len(unit_curr)} features')
    cost = 1 - np.clip(unit_prev @ unit_curr.T, -1.0, 1.0)
    cost[~(overlap > 0)] = np.inf
    cost[cost > 1 - theta] = np.inf
    return cost


def associate(cost: ArrayLike) -> NDArray[np.int64]:
    """Linear assignment that never takes a forbidden pair.

    As many allowed pairs as possible; among such assignments one of least
    total cost. A row or column may stay alone.

    For scipy's solver a forbidden pair costs more than all allowed ones
    together can: it is taken only where nothing allowed is left, and dropped
    afterwards.

    Args:
        cost: (N, M); ``inf`` forbids.

    Returns:
        (K, 2) int64 row and column of each pair, rows ascending. Equal costs
        give the same pairs every time.

    Raises:
        ValueError: If a cost is NaN or ``-inf``, or the shape is not (N, M).
    """
    matrix = np.asarray(cost, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f'cost of shape {matrix.shape}, not (N, M)')
    if np.isnan(matrix).any() or np.isneginf(matrix).any():
        raise ValueError('a cost is NaN or -inf')
    allowed = np.isfinite(matrix)
    if not allowed.any():
        return np.zeros((0, 2), dtype=np.int64)
    least = matrix[allowed].min()
    spread = matrix[allowed].max() - least
    forbidden = min(matrix.shape) * spread + 1 + spread
    rows, columns = linear_sum_assignment(
        np.where(allowed, matrix - least, forbidden))
    taken = allowed[rows, columns]
    return np.stack([rows[taken], columns[taken]], axis=1).astype(np.int64)


def chains(
        num: int, previous: NDArray[np.int64],
        current: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tracklets of linked masks.

    Args:
        num: Number of masks.
        previous: (L,) row of the earlier mask of each link; no row twice.
        current: (L,) row of the later one, a higher number; no row twice.

    Returns:
        (num,) int64 tracklet ids from 1, in order of the first row.
    """
    before = np.full(num, -1)
    before[current] = previous
    ids = np.zeros(num, dtype=np.int64)
    ids[before < 0] = np.arange(1, (before < 0).sum() + 1)
    for row in np.flatnonzero(before >= 0):
        ids[row] = ids[before[row]]
    return ids


def sure_similarities(
        features: NDArray, labels: ArrayLike,
        overlaps: Overlaps) -> NDArray[np.float64]:
    """Similarities of one person in adjacent frames: all :func:`sure_links`.

    Args:
        features: (N, D) real numbers; may be a memory map.
        labels: (N,) class of each mask.
        overlaps: The overlaps of a video.

    Returns:
        (P,) float64 in [-1, 1], by row of the later mask.

    Raises:
        ValueError: If a feature is not finite.
    """
    sure = sure_links(overlaps, labels)
    return pair_similarities(
        features, overlaps.previous[sure], overlaps.current[sure])
