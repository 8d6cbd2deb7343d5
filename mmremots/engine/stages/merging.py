"""Stage 5: tracklets merged to tracks (paper section 2.5)."""
from __future__ import annotations

from typing import Any

from mmremots.datasets.sequences import Sequence as Video
from mmremots.engine.run import Run, file_hash
from mmremots.engine.stages.base import TrackStage
from mmremots.models.task_modules import (
    intra_frame_similarities,
    within_tracklet_similarities,
)
from mmremots.registry import STAGES
from mmremots.structures import write_mots
from mmremots.visualization import (
    histogram,
    plot_merge_threshold,
    plot_timeline,
)


@STAGES.register_module()
class Merging(TrackStage):
    """Merge tracklets by constrained clustering of their features."""

    title = 'merging'

    def ingredients(self, run: Run, video: Video) -> dict[str, Any]:
        """The tracklets, the encoder and the merger."""
        return dict(
            merger=run.model_cfg['merger'],
            reid=run.model_cfg['reid'],
            encoder=file_hash(run.require_encoder()),
            detections=file_hash(run.folder.detections(video.name)),
            tracklets=file_hash(run.tracklet_path(video)))

    def process(self, run: Run, video: Video, title: str) -> None:
        """Take the threshold from the video, then merge."""
        table = run.observations(video)
        tracklets = run.tracklets(video)
        features = run.features(video, title)
        different = intra_frame_similarities(features, table.frames)
        same = within_tracklet_similarities(
            features, table.frames, tracklets)
        merger = run.model.merger
        theta = merger.threshold(different, same)
        ids = merger.merge(
            features, table.frames, tracklets, table.labels, theta.value,
            table.boxes)
        write_mots(self.tracks(run, video), table, ids)
        run.folder.update_statistics(video.name, merging=dict(
            **theta._asdict(), tracklets=len(set(tracklets.tolist())),
            tracks=len(set(ids.tolist())), intra_frame=histogram(different),
            within_tracklet=histogram(same)))
        plot_merge_threshold(
            different, same, theta.value,
            run.folder.plot(video.name, 'theta_merge'))
        plot_timeline(table.frames, ids,
                      run.folder.plot(video.name, 'timeline'), tracklets)
