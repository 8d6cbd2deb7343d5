"""A stage of our own."""
from __future__ import annotations

from typing import Any

import numpy as np

from mmremots.engine.run import Run
from mmremots.engine.stages import TrackStage
from mmremots.engine.video_work import VideoWork
from mmremots.registry import STAGES


@STAGES.register_module()
class SeenOften(TrackStage):
    """Leaves tracks of few masks out of the result.

    Args:
        least: Masks of a track that stays.
    """

    title = 'seen often'

    def __init__(self, least: int = 3) -> None:
        self.least = least

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Count, and keep."""
        tracks = work.tracks()
        _, of_row, counts = np.unique(
            tracks.ids, return_inverse=True, return_counts=True)
        kept = counts[of_row] >= self.least
        work.write_tracks(tracks.take(kept), self.folder)
        return dict(masks_left=int(kept.sum()))
