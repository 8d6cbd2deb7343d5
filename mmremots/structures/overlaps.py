"""Pairs of masks of adjacent frames that overlap along the flow."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Least IoU of two masks that flow alone is sure of, and the least IoU with
#: another mask that makes it unsure.
_SURE_IOU = 0.3
_RIVAL_IOU = 0.1


class Overlaps(NamedTuple):
    """Pairs of masks of adjacent frames that overlap.

    Attributes:
        previous: (K,) int64 row of the mask in the frame before.
        current: (K,) int64 row of the mask, never descending.
        iou: (K,) float64 in (0, 1], the former warped to the latter.
    """

    previous: NDArray[np.int64]
    current: NDArray[np.int64]
    iou: NDArray[np.float64]

    def among(self, rows: NDArray[np.int64], num: int) -> Overlaps:
        """The overlaps of some of ``num`` masks, counted anew.

        Args:
            rows: (M,) int64, the masks that are left, ascending.
            num: Masks in all.
        """
        place = np.full(num, -1)
        place[rows] = np.arange(len(rows))
        previous, current = place[self.previous], place[self.current]
        kept = (previous >= 0) & (current >= 0)
        return Overlaps(previous[kept], current[kept], self.iou[kept])


def sure_links(
        overlaps: Overlaps, labels: ArrayLike) -> NDArray[np.bool_]:
    """Pairs of masks that are one person, whatever an encoder says.

    Flow lays the former on the latter (IoU of 0.3), and neither has any
    other mask of its class that it might be taken for (IoU of 0.1): people
    who only touch are not mixed up.

    Args:
        overlaps: The K overlaps of a video.
        labels: (N,) class of each mask.

    Returns:
        (K,) bool; a mask is in at most one pair with the frame before, and
        in one with the frame after.
    """
    labels = np.asarray(labels)
    previous, current, iou = overlaps
    rivals = (labels[previous] == labels[current]) & (iou >= _RIVAL_IOU)
    alone = [
        np.bincount(rows[rivals], minlength=len(labels))[rows] == 1
        for rows in (previous, current)]
    return rivals & alone[0] & alone[1] & (iou >= _SURE_IOU)
