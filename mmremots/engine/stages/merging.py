"""Stage 5: tracklets merged to tracks (paper section 2.5)."""
from __future__ import annotations

from typing import Any

from mmremots.engine.run import Run, file_hash, video_identity
from mmremots.engine.stages.base import TrackStage
from mmremots.engine.stages.tracking import statistics
from mmremots.registry import STAGES
from mmremots.structures import write_mots
from mmremots.structures.video import Video
from mmremots.visualization import plot_merge_threshold, plot_timeline


@STAGES.register_module()
class Merging(TrackStage):
    """Merge tracklets by constrained clustering of their features."""

    title = 'merging'

    def ingredients(self, run: Run, video: Video) -> dict[str, Any]:
        """The tracklets, the encoder, the merger, and motion for a veto."""
        return dict(
            frame_rate=video.frame_rate,
            motion=run.model_cfg['motion'],
            images=video_identity(video),
            merger=run.model_cfg['merger'],
            reid=run.model_cfg['reid'],
            encoder=file_hash(run.require_encoder()),
            detections=file_hash(run.folder.detections(video.name)),
            tracklets=file_hash(run.tracklet_path(video)))

    def process(self, run: Run, video: Video, title: str) -> None:
        """Take the thresholds from the video, then merge."""
        table = run.observations(video)
        tracklets = run.tracklets(video)
        features = run.features(video, title)
        ids, evidence = run.model.merge(
            table, features, tracklets, run.overlaps(video, title),
            video.frame_rate)
        write_mots(self.tracks(run, video), table, ids)
        run.folder.update_statistics(video.name, merging=dict(
            **statistics(ids, evidence),
            tracklets=len(set(tracklets.tolist()))))
        for label, found in evidence.items():
            plot_merge_threshold(
                found.different, found.same, found.threshold.value,
                run.folder.plot(video.name, f'theta_merge_{label}'))
        plot_timeline(table.frames, ids,
                      run.folder.plot(video.name, 'timeline'), tracklets)
