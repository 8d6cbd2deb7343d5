"""Cosine similarities of known pairs: the data behind both thresholds."""
from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Rows at a time: a long video has millions of them.
_BLOCK = 2**14
#: Two crops, were they of twins, differ by more in some number.
_ALIKE = 1e-6


def unit_features(features: ArrayLike) -> NDArray[np.float64]:
    """Scale features to length 1, so that a dot product is a cosine.

    Args:
        features: (N, D) real numbers.

    Returns:
        (N, D) float64. A feature of zeros stays zeros: it has no direction,
        and its cosine with anything is 0.

    Raises:
        ValueError: If the shape is not (N, D) or a number is not finite.
    """
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f'features of shape {rows.shape}, not (N, D)')
    lengths = np.sqrt(np.einsum('ij,ij->i', rows, rows))
    if not np.isfinite(lengths).all():
        raise ValueError('a feature is not finite')
    return rows / np.where(lengths > 0, lengths, 1.0)[:, None]


def centred_features(
        features: NDArray, frames: ArrayLike, labels: ArrayLike,
        out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    r"""Unit features without what all people of the video have in common.

    Features after a ReLU are positive, so those of any two people are alike,
    and what a camera adds to all of them (light, background, blur) is alike,
    too. With the unit features :math:`u_i`, the frames :math:`T` that have
    two masks or more, and the masks :math:`I_t` of frame :math:`t`

    .. math:: c = \frac{1}{|T|} \sum_{t \in T} \frac{1}{|I_t|}
        \sum_{i \in I_t} u_i, \qquad
        f_i = \frac{u_i - c}{\|u_i - c\|}.

    Only frames with more than one person say what people have in common: in
    the mean over all masks, somebody who is alone for most of the video would
    be most of the mean, and lose his identity. Where no frame has two masks
    :math:`c` is 0. Each class has its own :math:`c`, over its own masks:
    what cars have in common is nothing to people.

    Args:
        features: (N, D) real numbers, of one video; may be a memory map.
        frames: (N,) integers, in any order.
        labels: (N,) class of each row.
        out: (N, D) array to write to, ``features`` itself if it may be
            changed; None for a new one.

    Returns:
        (N, D) rows of length 1; a row that is the mean itself is 0.

    Raises:
        ValueError: If lengths differ or a feature is not finite.
    """
    frames = _column(frames, features, 'frames')
    _, kind = np.unique(
        _column(labels, features, 'labels'), return_inverse=True)
    _, place, count = np.unique(
        np.stack([kind, frames]), axis=1, return_inverse=True,
        return_counts=True)
    place = place.ravel()  # numpy 2.0 gives it another shape
    kinds = kind.max(initial=-1) + 1
    shared = (count > 1)[place]
    if shared.any() and np.ptp(features, axis=0).max() < _ALIKE:
        warnings.warn(
            f'{len(frames)} features are all alike: an encoder of these '
            'weights tells nobody apart', stacklevel=2)
    # Rows of a class, frames of which are weighted alike.
    weights = np.zeros((kinds, len(frames)))
    weights[kind, np.arange(len(frames))] = shared / count[place]
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    blocks = _blocks(len(frames))
    centre = np.zeros((kinds, np.shape(features)[1]))
    for block in blocks:
        centre += weights[:, block] @ unit_features(features[block])
    centred = (np.empty(np.shape(features), np.float32) if out is None
               else out)
    for block in blocks:
        centred[block] = unit_features(
            unit_features(features[block]) - centre[kind[block]])
    return centred


def pair_similarities(
        features: NDArray, first: NDArray[np.int64],
        second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cosines of chosen pairs of observations.

    Args:
        features: (N, D) real numbers; may be a memory map.
        first: (P,) row of one of each pair.
        second: (P,) row of the other.

    Returns:
        (P,) float64 in [-1, 1].

    Raises:
        ValueError: If a feature is not finite.
    """
    return _concatenate(
        np.clip(np.einsum('ij,ij->i', unit_features(features[first[block]]),
                          unit_features(features[second[block]])), -1.0, 1.0)
        for block in _blocks(len(first)))


def intra_frame_similarities(
        features: NDArray, frames: ArrayLike) -> NDArray[np.float64]:
    """Similarities of different people: all pairs within a frame.

    Masks of one frame are exclusive, so two of them are two people (paper,
    sections 2.2 and 2.3; its Figure 4 is the histogram of these).

    Args:
        features: (N, D) real numbers; may be a memory map.
        frames: (N,) integers, in any order.

    Returns:
        (P,) float64 in [-1, 1], by frame, then by row of the first and of
        the second observation.

    Raises:
        ValueError: If lengths differ or a feature is not finite.
    """
    frames = _column(frames, features, 'frames')
    return _concatenate(
        _pair_similarities(features[rows])[0] for rows in _groups(frames))


def within_tracklet_similarities(
        features: NDArray,
        frames: ArrayLike,
        tracklet_ids: ArrayLike,
        max_pairs_per_tracklet: int = 1000) -> NDArray[np.float64]:
    """Similarities of one person: pairs of a tracklet, in different frames.

    The other histogram of the paper's Figure 5. A tracklet of n observations
    has n (n - 1) / 2 pairs; without a limit a person who stands there for a
    minute would outweigh everybody else, and an hour would not fit memory.
    Above the limit a random subset of the observations stands for all, the
    same one every time; all its pairs count.

    Args:
        features: (N, D) real numbers; may be a memory map.
        frames: (N,) integers, in any order.
        tracklet_ids: (N,) integers.
        max_pairs_per_tracklet: At most so many pairs of each, 1 or more.

    Returns:
        (Q,) float64 in [-1, 1], by tracklet id.

    Raises:
        ValueError: If lengths differ, a feature is not finite or the limit
            is below 1.
    """
    if max_pairs_per_tracklet < 1:
        raise ValueError(
            f'max_pairs_per_tracklet is {max_pairs_per_tracklet}, below 1')
    frames = _column(frames, features, 'frames')
    tracklet_ids = _column(tracklet_ids, features, 'tracklet_ids')
    # The most observations whose pairs stay within the limit.
    most = int((1 + np.sqrt(1 + 8 * max_pairs_per_tracklet)) / 2)

    def similarities(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        if len(rows) > most:
            chosen = np.random.default_rng(0).choice(
                len(rows), most, replace=False)
            rows = rows[np.sort(chosen)]
        pairs, first, second = _pair_similarities(features[rows])
        return pairs[frames[rows[first]] != frames[rows[second]]]

    return _concatenate(similarities(rows) for rows in _groups(tracklet_ids))


def _pair_similarities(features: NDArray) -> tuple[
        NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Cosines of all pairs of rows, and the two rows of each."""
    unit = unit_features(features)
    first, second = np.triu_indices(len(unit), 1)
    return np.clip(unit @ unit.T, -1.0, 1.0)[first, second], first, second


def _groups(keys: NDArray) -> Iterator[NDArray[np.int64]]:
    """Rows of each distinct key, keys ascending, rows ascending."""
    order = np.argsort(keys, kind='stable')
    bounds = np.flatnonzero(np.diff(keys[order])) + 1
    return iter(np.split(order, bounds) if len(order) else [])


def _blocks(rows: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, rows, _BLOCK)]


def _concatenate(parts: Iterator[NDArray]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(0), *parts])


def _column(values: ArrayLike, features: NDArray, name: str) -> NDArray:
    column = np.asarray(values)
    if column.shape != (len(features),):
        raise ValueError(
            f'{len(features)} features, but {name} of shape {column.shape}')
    return column
