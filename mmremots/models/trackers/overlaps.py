"""Which masks of adjacent frames overlap along the flow (section 2.3)."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.motion.dense_flow import DenseFlow, warp_labels
from mmremots.structures.masks import RLE, label_map
from mmremots.structures.observations import Observations
from mmremots.structures.overlaps import Overlaps
from mmremots.structures.video import Video, read_frame

_ENDED: Any = object()
_NONE = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)


def label_overlaps(
        labels_a: NDArray, labels_b: NDArray, n: int,
        m: int) -> NDArray[np.float64]:
    """IoU of all masks of one label map with all of another.

    All come from one joint histogram, whatever the number of masks.

    Args:
        labels_a: (H, W) integers 0 to n; k + 1 where mask k is.
        labels_b: (H, W) integers 0 to m.
        n: Number of masks in ``labels_a``.
        m: Number of masks in ``labels_b``.

    Returns:
        (n, m) float64 in [0, 1]; 0 for two empty masks.

    Raises:
        ValueError: If shapes differ or a label is out of range.
    """
    if labels_a.shape != labels_b.shape:
        raise ValueError(
            f'label maps of shapes {labels_a.shape} and {labels_b.shape}')
    for labels, highest in ((labels_a, n), (labels_b, m)):
        if labels.size and not (
                labels.min() >= 0 and labels.max() <= highest):
            raise ValueError(
                f'labels from {labels.min()} to {labels.max()}, '
                f'not from 0 to {highest}')
    bins = (n + 1) * (m + 1)
    # The narrowest type: this is all about memory traffic.
    dtype = np.dtype('i2' if bins <= np.iinfo(np.int16).max else 'i8')
    pairs = labels_a.astype(dtype).ravel()
    pairs *= dtype.type(m + 1)
    pairs += labels_b.astype(dtype, copy=False).ravel()
    # Runs of equal pairs are long: count those instead of pixels.
    starts = np.append(0, np.flatnonzero(pairs[1:] != pairs[:-1]) + 1)
    lengths = np.diff(starts, append=pairs.size)
    counts = np.bincount(pairs[starts], weights=lengths, minlength=bins)
    counts = counts.reshape(n + 1, m + 1)
    intersection = counts[1:, 1:]
    union = (
        counts.sum(axis=1)[1:, None] + counts.sum(axis=0)[None, 1:]
        - intersection)
    return intersection / np.maximum(union, 1)


def frames_to_read(
        frames: ArrayLike, num_frames: int) -> NDArray[np.bool_]:
    """Which images the flow between frames with masks needs.

    Args:
        frames: (N,) frame of each mask, 1-based.
        num_frames: Length of the video.

    Returns:
        (num_frames,) bool; entry t - 1 says that frame t has masks and so
        has a neighbour.
    """
    occupied = np.zeros(num_frames + 2, dtype=bool)
    occupied[np.asarray(frames, dtype=np.int64)] = True
    return occupied[1:-1] & (occupied[:-2] | occupied[2:])


def adjacent_overlaps(
        frames: ArrayLike, rles: Sequence[RLE],
        size: Sequence[int] | None, num_frames: int,
        flows: Iterable[NDArray | None] | None = None) -> Overlaps:
    """Which masks of a video lie on which of the frame before.

    Masks and flow decide this alone, so it holds for any encoder.

    Args:
        frames: (N,) integers 1 to ``num_frames``, ascending.
        rles: N masks, disjoint within a frame.
        size: (h, w) of the images; None where there is no mask.
        num_frames: Length of the video.
        flows: For each frame but the first, in order, the flow back to the
            one before (see ``DenseFlow.flows``); where one of the two has no
            mask it may be None. Without flows, masks are compared where
            they are.

    Returns:
        The pairs with an IoU above 0.

    Raises:
        ValueError: If lengths or shapes do not fit, frames are not as
            above, masks of a frame overlap or a flow is missing.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if not len(frames) and not len(rles):
        return Overlaps(*_NONE)
    if len(frames) and (frames.min() < 1 or frames.max() > num_frames):
        raise ValueError(
            f'frames from {frames.min()} to {frames.max()}, '
            f'not within 1 to {num_frames}')
    return Overlaps(*map(np.concatenate, zip(_NONE, *frame_overlaps(
        frames, rles, size, range(1, num_frames + 1),
        None if flows is None else chain([None], flows)), strict=True)))


def frame_overlaps(
        frames: ArrayLike, rles: Sequence[RLE], size: Sequence[int] | None,
        numbers: range, flows: Iterable[NDArray | None] | None,
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """The same of some frames on end, each by itself.

    Args:
        frames: As of :func:`adjacent_overlaps`, like ``rles`` and ``size``.
        rles: All of the video.
        size: Of the images.
        numbers: The frames.
        flows: For each of them the flow back to the one before.

    Yields:
        For each of them the rows of :class:`Overlaps`.
    """
    frames = np.asarray(frames, dtype=np.int64)
    if len(rles) != len(frames):
        raise ValueError(f'{len(frames)} frames, but {len(rles)} rles')
    if (np.diff(frames) < 0).any():
        raise ValueError('frames are not ascending')
    if size is None:
        if len(frames):
            raise ValueError('masks without a size')
        size = 0, 0
    bounds = np.searchsorted(
        frames, np.arange(numbers.start - 1, numbers.stop + 1)).tolist()
    to_prev: Iterator[Any] = iter(repeat(None) if flows is None else flows)
    map_prev = None
    for k, t in enumerate((numbers.start - 1, *numbers)):
        start, stop = bounds[k], bounds[k + 1]
        map_curr = label_map(
            rles[start:stop], size, np.int16) if stop > start else None
        if k:
            flow = next(to_prev, _ENDED)
            if flow is _ENDED:
                raise ValueError(f'flows end before frame {t}')
            found = _NONE
            if map_curr is not None and map_prev is not None:
                if flow is not None:
                    map_prev = warp_labels(map_prev, flow)
                elif flows is not None:
                    raise ValueError(f'no flow from frame {t} to {t - 1}')
                before = bounds[k - 1]
                iou = label_overlaps(
                    map_prev, map_curr, start - before, stop - start)
                curr, prev = np.nonzero(iou.T)
                found = prev + before, curr + start, iou[prev, curr]
            yield found
        map_prev = map_curr
    for _ in to_prev if flows is not None else ():
        pass  # None is left, but it must come to its end.


def overlaps_along_flow(
        table: Observations, video: Video, motion: DenseFlow, numbers: range,
        workers: int) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """The same, of which the flow is found on the way.

    Args:
        table: All masks of the video.
        video: Where the images are; only those that are needed are read.
        motion: Finds the flow.
        numbers: The frames.
        workers: Threads that find it.

    Returns:
        What :func:`frame_overlaps` yields.
    """
    first = numbers.start - 1  # Frame 0 has no image and no mask.
    near = (table.frames >= first) & (table.frames < numbers.stop)
    wanted = np.append(False, frames_to_read(
        table.frames[near], video.num_frames))
    flows = motion.flows(
        (read_frame(video, t) if wanted[t] else None
         for t in range(first, numbers.stop)), workers=workers)
    return frame_overlaps(
        table.frames, table.rles, table.size, numbers, flows)
