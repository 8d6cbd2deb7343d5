"""Tracks continued by masks that would not stand alone."""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.structures import Overlaps


def extend_tracks(
        frames: ArrayLike, labels: ArrayLike, ids: ArrayLike,
        overlaps: Overlaps, min_iou: float) -> NDArray[np.int64]:
    """Let tracks take free masks that flow carries them to.

    From each track's masks on, frame by frame, the track takes the free mask
    of its class that its last mask lies on once warped, if their IoU is
    ``min_iou`` or more and the track has no mask in that frame; of pairs in
    a frame the one of the largest IoU goes first. A mask taken is carried
    on. First forward in time, then, with what that took, backward. A weak
    score thus counts where it continues a sure track (hysteresis, as in
    Canny's edges; ByteTrack does so with boxes, forward alone: Zhang et al.,
    ECCV 2022).

    Args:
        frames: (N,) integers, ascending.
        labels: (N,) class of each mask.
        ids: (N,) track of each mask, 1 or more; 0 for one that is free.
        overlaps: Those of these masks in adjacent frames.
        min_iou: Least IoU, in (0, 1].

    Returns:
        (N,) int64 ids; those that were not 0 are as they were.
    """
    frames, labels = np.asarray(frames), np.asarray(labels)
    found = np.array(ids, dtype=np.int64)
    taken = set(zip(frames[found > 0].tolist(), found[found > 0].tolist(),
                    strict=True))
    near = (overlaps.iou >= min_iou) & (
        labels[overlaps.previous] == labels[overlaps.current])
    earlier, later = overlaps.previous[near], overlaps.current[near]
    iou = overlaps.iou[near]
    for source, target, step in ((earlier, later, 1), (later, earlier, -1)):
        for k in np.lexsort((-iou, step * frames[target])):
            track, row = int(found[source[k]]), target[k]
            here = (int(frames[row]), track)
            if track and not found[row] and here not in taken:
                found[row] = track
                taken.add(here)
    return found
