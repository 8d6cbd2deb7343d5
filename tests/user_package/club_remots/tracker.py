"""A short-term tracker of our own."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmremots.models.task_modules import BaseShortTermTracker, Tracked
from mmremots.registry import MODELS
from mmremots.structures import Observations, Overlaps


@MODELS.register_module()
class GreedyOverlap(BaseShortTermTracker):
    """The largest overlaps first; appearance is not looked at.

    Args:
        min_iou: Least overlap along the flow.
    """

    def __init__(self, min_iou: float = 0.3) -> None:
        self.min_iou = min_iou

    def track(self, table: Observations, features: NDArray,
              overlaps: Overlaps, frame_rate: float) -> Tracked:
        """Link, then number the chains."""
        before = np.full(len(table), -1)
        continued = np.zeros(len(table), bool)
        for pair in np.argsort(-overlaps.iou, kind='stable'):
            previous, current = (
                overlaps.previous[pair], overlaps.current[pair])
            if (overlaps.iou[pair] >= self.min_iou
                    and before[current] < 0 and not continued[previous]
                    and table.labels[previous] == table.labels[current]):
                before[current], continued[previous] = previous, True
        ids = np.zeros(len(table), np.int64)
        for row, previous in enumerate(before):  # frame after frame
            ids[row] = ids[previous] if previous >= 0 else ids.max() + 1
        return Tracked(ids, {})
