"""Stage 3: short-term tracklets (paper section 2.3)."""
from __future__ import annotations

import numpy as np

from mmremots.datasets.sequences import Sequence as Video
from mmremots.datasets.sequences import read_frame
from mmremots.engine.progress import progress
from mmremots.engine.quality import check_truth, report_encoder
from mmremots.engine.run import Run, file_hash, video_identity
from mmremots.engine.run_folder import Task
from mmremots.engine.stages.base import SequenceStage
from mmremots.models.task_modules import intra_frame_similarities
from mmremots.models.trackers import (
    Overlaps,
    adjacent_overlaps,
    frames_to_read,
    sure_similarities,
)
from mmremots.registry import STAGES
from mmremots.structures import write_mots
from mmremots.structures.files import atomic_path
from mmremots.visualization import histogram, plot_short_threshold


@STAGES.register_module()
class ShortTermTracking(SequenceStage):
    """Link masks of adjacent frames by warped IoU and appearance.

    Which masks overlap depends on nothing that the run learns; flow is the
    costliest part of it. So it is written to a file of its own and kept, as
    masks are: another encoder, or a second round, only links anew.
    """

    title = 'short-term tracking'

    def check(self, run: Run) -> None:
        """Read what there is of ground truth, for the report."""
        check_truth(run)

    def run(self, run: Run, label: str) -> None:
        """Track, and hand the tracklets to the stages that follow."""
        super().run(run, label)
        run.round = self.suffix
        report_encoder(run, label, tracked=True)

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
        overlaps = self._overlaps(run, video, title)
        different = intra_frame_similarities(features, table.frames)
        same = sure_similarities(features, table.labels, overlaps)
        theta, thetas = run.model.tracker.thetas(
            different, same, table.frames)
        ids = run.model.tracker.link(
            table.frames, table.labels, features, overlaps, thetas)
        write_mots(
            run.folder.tracklets(video.name, self.suffix), table, ids)
        run.folder.update_statistics(video.name, short_term=dict(
            **theta._asdict(), observations=len(table),
            tracklets=len(set(ids.tolist())),
            intra_frame=histogram(different), sure_links=histogram(same)))
        plot_short_threshold(
            different, theta.value,
            run.folder.plot(video.name, 'theta_short'), same)

    def _overlaps(self, run: Run, video: Video, title: str) -> Overlaps:
        """Overlaps along the flow; found where there are none yet."""
        path = run.folder.overlaps(video.name)
        title = f'{title}, flow'
        task = run.folder.task(
            f'overlaps/{video.name}',
            dict(motion=run.model_cfg['motion'],
                 detections=file_hash(run.folder.detections(video.name)),
                 images=video_identity(video)), [path])

        def find() -> None:
            table = run.observations(video)
            wanted = frames_to_read(table.frames, video.num_frames)
            frames = (read_frame(video, t) if want else None
                      for t, want in enumerate(wanted, 1))
            flows = progress(
                run.model.motion.flows(frames, workers=run.threads), title,
                video.num_frames - 1, 'pair')
            overlaps = adjacent_overlaps(
                table.frames, table.rles, table.size, video.num_frames,
                flows)
            for _ in flows:  # None is left, but it must come to its end.
                pass
            with atomic_path(path) as temporary, temporary.open('wb') as f:
                np.savez(f, **overlaps._asdict())

        run.do(title, task, find, keep=True)
        with np.load(path, allow_pickle=False) as file:
            return Overlaps(**file)
