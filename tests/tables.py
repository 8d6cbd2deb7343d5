"""Tables of masks from the columns that a test is about."""
from __future__ import annotations

import numpy as np

from mmremots.structures import Observations, Overlaps


def table_of(frames, labels=2, boxes=None, rles=None, size=(1, 1)):
    """A table; by default of pedestrians, masks and boxes of no account."""
    num = len(frames)
    return Observations(
        np.asarray(frames, np.int64).reshape(num),
        np.zeros((num, 4), np.float32) if boxes is None
        else np.asarray(boxes, np.float32),
        np.ones(num, np.float32),
        np.broadcast_to(np.asarray(labels, np.int64), num).copy(),
        [dict(size=list(size), counts=b'1')] * num if rles is None
        else list(rles), size)


def overlaps_of(links):
    """Overlaps that flow is sure of: (L, 2) rows, or none."""
    pairs = np.asarray(links, np.int64).reshape(-1, 2)
    pairs = pairs[np.argsort(pairs[:, 1], kind='stable')]
    return Overlaps(pairs[:, 0], pairs[:, 1], np.ones(len(pairs)))


NO_OVERLAPS = overlaps_of([])
