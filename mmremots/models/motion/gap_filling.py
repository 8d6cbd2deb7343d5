"""Masks carried by optical flow over short gaps inside a track."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pycocotools import mask as coco_mask

from mmremots.models.motion.dense_flow import warp_labels
from mmremots.structures.masks import (
    RLE,
    iou_matrix,
    label_map,
    rle_area,
    rle_bbox,
    rles_from_label_map,
)
from mmremots.structures.observations import Observations


class Gap(NamedTuple):
    """Frames in which a track is missing.

    Attributes:
        track: Id of the track.
        before: Row of its last observation before.
        after: Row of its first observation after.
    """

    track: int
    before: int
    after: int


def find_gaps(
        frames: ArrayLike, ids: ArrayLike, max_gap: int) -> list[Gap]:
    """Short gaps inside tracks.

    Args:
        frames: (N,) integers.
        ids: (N,) track of each observation, once a frame.
        max_gap: Largest difference of the frames before and after, as in
            merging: the track is missing in up to ``max_gap - 1`` frames.

    Returns:
        The gaps by track, then by frame.
    """
    frames, ids = np.asarray(frames), np.asarray(ids)
    order = np.lexsort((frames, ids))
    before, after = order[:-1], order[1:]
    step = frames[after] - frames[before]
    short = (ids[before] == ids[after]) & (step > 1) & (step <= max_gap)
    return [Gap(int(ids[a]), int(a), int(b))
            for a, b in zip(before[short], after[short], strict=True)]


def frames_in_gaps(
        frames: ArrayLike, gaps: Sequence[Gap],
        num_frames: int) -> NDArray[np.bool_]:
    """Which frames lie in a gap: (num_frames,) bool, entry t - 1 frame t."""
    frames = np.asarray(frames)
    inside = np.zeros(num_frames, dtype=bool)
    for gap in gaps:
        inside[frames[gap.before]:frames[gap.after] - 1] = True
    return inside


def carry_masks(
        frames: ArrayLike, rles: Sequence[RLE], gaps: Sequence[Gap],
        size: Sequence[int], num_frames: int,
        flows: Iterable[NDArray | None]) -> dict[tuple[int, int], RLE]:
    """Carry the mask before each gap through it, forward in time.

    A mask moves along the flow from frame to frame. What other masks of a
    frame cover is theirs, and lost to the carried one from there on: a
    person who walks behind another is carried as far as he is seen. With
    time reversed (frames ``num_frames + 1 - t``, flows of the frames in
    reverse order, gaps with before and after exchanged) the same carries the
    masks after the gaps backward.

    Args:
        frames: (N,) integers 1 to ``num_frames``, ascending or descending.
        rles: N masks, disjoint within a frame.
        gaps: As :func:`find_gaps` gives them.
        size: (h, w) of the images.
        num_frames: Length of the video.
        flows: For each frame but the first, in order, the flow back to the
            one before; None is allowed for frames outside of gaps.

    Returns:
        For (gap number, frame) the mask carried there; those of a frame are
        disjoint, and disjoint from ``rles``. None where nothing is left.

    Raises:
        ValueError: If a flow is missing inside a gap.
    """
    frames = np.asarray(frames, dtype=np.int64)
    starts: dict[int, list[int]] = {}
    for number, gap in enumerate(gaps):
        starts.setdefault(int(frames[gap.before]), []).append(number)
    last = [int(frames[gap.after]) - 1 for gap in gaps]
    carried: dict[tuple[int, int], RLE] = {}
    open_gaps: list[int] = []  # The label of open_gaps[k] is k + 1.
    labels = np.zeros(tuple(size), dtype=np.int32)
    to_prev = iter(flows)
    for t in range(1, num_frames + 1):
        flow = next(to_prev, None) if t > 1 else None
        masks: list[RLE] = []
        if open_gaps:
            if flow is None:
                raise ValueError(f'no flow from frame {t} to {t - 1}')
            here = [rles[row] for row in np.flatnonzero(frames == t).tolist()]
            labels = warp_labels(labels, flow)
            labels[label_map(here, size) > 0] = 0
            masks = rles_from_label_map(labels, len(open_gaps))
            found = np.flatnonzero(rle_area(masks))
            masks = [masks[k] for k in found]
            open_gaps = [open_gaps[k] for k in found]
            carried |= {(gap, t): mask for gap, mask in zip(
                open_gaps, masks, strict=True)}
            going_on = [k for k, gap in enumerate(open_gaps)
                        if last[gap] > t]
            masks = [masks[k] for k in going_on]
            open_gaps = [open_gaps[k] for k in going_on]
        new = starts.get(t, [])
        if open_gaps or new:
            open_gaps = open_gaps + new
            masks = masks + [rles[gaps[number].before] for number in new]
            labels = label_map(masks, size)
    return carried


def agreed_masks(
        forward: Mapping[tuple[int, int], RLE],
        backward: Mapping[tuple[int, int], RLE],
        min_iou: float, min_area: int = 1) -> dict[tuple[int, int], RLE]:
    """What was carried to the same place from both ends of a gap.

    Args:
        forward: Masks by (gap, frame), see :func:`carry_masks`.
        backward: The same from the other end.
        min_iou: Least IoU of the two.
        min_area: Least pixels that both must have in common.

    Returns:
        Where they agree, the pixels that are in both; so masks of a frame
        stay disjoint.
    """
    agreed = {}
    for key in sorted(forward.keys() & backward.keys()):
        pair = [forward[key], backward[key]]
        common = coco_mask.merge(pair, intersect=True)
        if (coco_mask.area(common) >= min_area
                and iou_matrix(pair[:1], pair[1:])[0, 0] >= min_iou):
            agreed[key] = common
    return agreed


def with_filled(
        table: Observations, ids: NDArray[np.int64], gaps: Sequence[Gap],
        filled: Mapping[tuple[int, int], RLE]
) -> tuple[Observations, NDArray[np.int64], NDArray[np.int64]]:
    """Add masks to a table.

    Args:
        table: The observations.
        ids: (N,) their tracks.
        gaps: The gaps in them.
        filled: Masks by (gap, frame).

    Returns:
        All observations by frame, the track of each, and its row in the
        table, -1 for a new one. New ones have the class of their track, the
        box around the mask and score 0.
    """
    old = np.arange(len(table))
    if not filled:
        return table, ids, old
    keys = sorted(filled, key=lambda key: (key[1], key[0]))
    rles = [filled[key] for key in keys]
    new = Observations(
        frames=np.array([frame for _, frame in keys], np.int64),
        boxes=rle_bbox(rles).astype(np.float32),
        scores=np.zeros(len(keys), np.float32),
        labels=np.array(
            [table.labels[gaps[gap].before] for gap, _ in keys], np.int64),
        rles=rles, size=table.size)
    tracks = np.array([gaps[gap].track for gap, _ in keys], np.int64)
    order = np.argsort(
        np.concatenate([table.frames, new.frames]), kind='stable')
    return (Observations.concatenate([table, new]),
            np.concatenate([ids, tracks])[order],
            np.concatenate([old, np.full(len(new), -1)])[order])
