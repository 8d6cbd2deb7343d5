"""Stage 5: tracklets merged to tracks (paper section 2.5)."""
from __future__ import annotations

from typing import Any

import numpy as np

from mmremots.engine.run import Run
from mmremots.engine.stages.base import TrackStage
from mmremots.engine.stages.tracking import statistics
from mmremots.engine.video_work import VideoWork
from mmremots.registry import STAGES
from mmremots.structures.observations import Tracks
from mmremots.visualization import plot_merge_threshold, plot_timeline


@STAGES.register_module()
class Merging(TrackStage):
    """Merge tracklets by constrained clustering of their features."""

    title = 'merging'
    needs = ('features', 'overlaps')

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Take the thresholds from the video, then merge."""
        table, tracklets = work.masks(), work.tracklets()
        ids, evidence = run.part('merger').merge(
            table, work.features(title), tracklets, work.overlaps(title),
            work.frame_rate)
        work.write_tracks(
            Tracks(table, ids, np.arange(len(table))), self.folder)
        for label, found in evidence.items():
            with work.plot(f'theta_merge_{label}') as path:
                plot_merge_threshold(found.different, found.same,
                                     found.threshold.value, path)
        with work.plot('timeline') as path:
            plot_timeline(table.frames, ids, path, tracklets)
        return dict(
            **statistics(ids, evidence),
            tracklets=len(set(tracklets.tolist())))
