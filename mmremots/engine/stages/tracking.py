"""Stage 3: short-term tracklets (paper section 2.3)."""
from __future__ import annotations

from mmremots.datasets.sequences import Sequence as Video
from mmremots.datasets.sequences import read_frame
from mmremots.engine.progress import progress
from mmremots.engine.run import Run, file_hash, video_identity
from mmremots.engine.run_folder import Task
from mmremots.engine.stages.base import SequenceStage
from mmremots.models.task_modules import intra_frame_similarities
from mmremots.models.trackers.short_term_tracker import frames_to_read
from mmremots.registry import STAGES
from mmremots.structures import write_mots
from mmremots.visualization import histogram, plot_short_threshold


@STAGES.register_module()
class ShortTermTracking(SequenceStage):
    """Link masks of adjacent frames by warped IoU and appearance."""

    title = 'short-term tracking'

    def run(self, run: Run, label: str) -> None:
        """Track, and hand the tracklets to the stages that follow."""
        super().run(run, label)
        run.round = self.suffix

    def task(self, run: Run, video: Video) -> Task:
        """Made of the masks, the encoder, motion and tracker."""
        return run.folder.task(
            f'{self.name}/{video.name}',
            dict(tracker=run.model_cfg['tracker'],
                 motion=run.model_cfg['motion'],
                 reid=run.model_cfg['reid'],
                 encoder=file_hash(run.require_encoder()),
                 detections=file_hash(run.folder.detections(video.name)),
                 images=video_identity(video)),
            [run.folder.tracklets(video.name, self.suffix)])

    def process(self, run: Run, video: Video, title: str) -> None:
        """Take the threshold from the video, then track it."""
        table = run.observations(video)
        features = run.features(video, title)
        similarities = intra_frame_similarities(features, table.frames)
        tracker = run.model.tracker
        theta = tracker.threshold(similarities)
        wanted = frames_to_read(table.frames, video.num_frames)
        frames = (read_frame(video, t) if want else None
                  for t, want in enumerate(wanted, 1))
        flows = run.model.motion.flows(frames, workers=run.threads)
        ids = tracker.track(
            table.frames, table.labels, table.rles, features, table.size,
            video.num_frames, theta.value,
            progress(flows, title, video.num_frames - 1, 'pair'))
        write_mots(
            run.folder.tracklets(video.name, self.suffix), table, ids)
        run.folder.update_statistics(video.name, short_term=dict(
            **theta._asdict(), observations=len(table),
            tracklets=len(set(ids.tolist())),
            intra_frame=histogram(similarities)))
        plot_short_threshold(
            similarities, theta.value,
            run.folder.plot(video.name, 'theta_short'))
