"""A merger of our own."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmremots.models.task_modules import BaseMerger, Tracked
from mmremots.registry import TASK_UTILS
from mmremots.structures import Observations, Overlaps


@TASK_UTILS.register_module()
class MostAlikeFirst(BaseMerger):
    """Each tracklet goes on with the most alike track that is over.

    Args:
        min_similarity: Least cosine of the mean features of the tracklet and
            of the last one of the track.
    """

    def __init__(self, min_similarity: float = 0.9) -> None:
        self.min_similarity = min_similarity

    def merge(self, table: Observations, features: NDArray,
              tracklets: NDArray[np.int64], overlaps: Overlaps,
              frame_rate: float) -> Tracked:
        """In the order in which they begin."""
        names, of_row = np.unique(tracklets, return_inverse=True)
        rows = [np.flatnonzero(of_row == k) for k in range(len(names))]
        means = np.array([np.asarray(features[r]).mean(0) for r in rows])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        tracks = np.zeros(len(names), np.int64)
        last: list[int] = []  # tracklet of each track
        for k in sorted(range(len(names)), key=lambda k: rows[k][0]):
            alike = {
                track: means[k] @ means[earlier]
                for track, earlier in enumerate(last)
                if table.frames[rows[earlier][-1]] < table.frames[rows[k][0]]
                and table.labels[rows[earlier][0]]
                == table.labels[rows[k][0]]}
            track = max(alike, key=lambda t: alike[t], default=-1)
            if track < 0 or alike[track] < self.min_similarity:
                track = len(last)
                last.append(k)
            last[track], tracks[k] = k, track
        return Tracked(tracks[of_row] + 1, {})
