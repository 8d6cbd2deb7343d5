"""Tracklets cut where they change from one person to another."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.similarities import unit_features

#: Means are compared in steps of 2**-32, as in merging: what is equal but
#: for rounding is equal.
_STEPS = 2.0 ** 32


def split_tracklets(
        features: NDArray, frames: ArrayLike, tracklet_ids: ArrayLike,
        theta: float) -> NDArray[np.int64]:
    r"""Cut each tracklet where its two parts would not be merged.

    Merging takes two tracklets for one person where the mean cosine of
    their observations is above ``theta`` (paper, section 2.5). What holds
    between tracklets is asked of the parts of one: with the unit features
    :math:`f_1, ..., f_n` in order of time, a cut after the k-th leaves parts
    with

    .. math:: s_k = \frac{1}{k (n - k)} \sum_{i \le k} f_i \cdot
        \sum_{j > k} f_j.

    The tracklet is cut where :math:`s_k` is least (the first of equals), if
    that is below ``theta``, to 2**-32; then the same is asked of both parts.
    So of every part of the result no cut has an :math:`s_k` below ``theta``.

    All :math:`s_k` of a tracklet come from cumulative sums: time is linear
    in its observations for each cut, and memory is that of the features of
    one tracklet.

    Args:
        features: (N, D) real numbers, of any length; may be a memory map.
        frames: (N,) integers, in any order, each once in a tracklet.
        tracklet_ids: (N,) integers.
        theta: The threshold of merging, a cosine.

    Returns:
        (N,) int64 ids of the parts, from 1, in order of the tracklets' ids
        and within a tracklet of time.

    Raises:
        ValueError: If lengths differ, a feature is not finite or ``theta``
            is NaN.
    """
    times, names = np.asarray(frames), np.asarray(tracklet_ids)
    if np.ndim(features) != 2 or not (
            times.shape == names.shape == (len(features),)):
        raise ValueError(
            f'features {np.shape(features)}, frames {times.shape} and '
            f'tracklet_ids {names.shape} do not fit')
    if np.isnan(theta):
        raise ValueError('theta is NaN')
    order = np.lexsort((times, names))
    bounds = np.flatnonzero(np.diff(names[order])) + 1
    parts = np.empty(len(names), dtype=np.int64)
    number = 0
    for rows in np.split(order, bounds) if len(order) else []:
        starts = _starts_of_parts(unit_features(features[rows]), theta)
        part = np.cumsum(starts)
        parts[rows] = number + part
        number += int(part[-1])
    return parts


def _starts_of_parts(
        unit: NDArray[np.float64], theta: float) -> NDArray[np.bool_]:
    """Which observations of a tracklet, in order of time, begin a part."""
    starts = np.zeros(len(unit), dtype=bool)
    starts[0] = True
    open_parts = [(0, len(unit))]
    while open_parts:
        first, end = open_parts.pop()
        if end - first < 2:
            continue
        sums = np.cumsum(unit[first:end], axis=0)
        before, total = sums[:-1], sums[-1]
        counts = np.arange(1, end - first)
        mean = (before @ total - np.einsum('ij,ij->i', before, before)) / (
            counts * counts[::-1])
        steps = np.rint(mean * _STEPS)
        cut = int(np.argmin(steps))
        if steps[cut] < np.rint(theta * _STEPS):
            middle = first + cut + 1
            starts[middle] = True
            open_parts += [(first, middle), (middle, end)]
    return starts
