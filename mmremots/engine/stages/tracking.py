"""Stage 3: short-term tracklets (paper section 2.3), and cuts in them."""
from __future__ import annotations

from abc import abstractmethod
from typing import Any

from numpy.typing import NDArray

from mmremots.engine.quality import check_truth, report_encoder
from mmremots.engine.run import Run, file_hash, video_identity
from mmremots.engine.run_folder import Task
from mmremots.engine.stages.base import VideoStage
from mmremots.models.task_modules import Evidence
from mmremots.registry import STAGES
from mmremots.structures import write_mots
from mmremots.structures.video import Video
from mmremots.visualization import (
    histogram,
    plot_merge_threshold,
    plot_short_threshold,
)


def statistics(
        ids: NDArray, evidence: dict[int, Evidence]) -> dict[str, Any]:
    """What ``statistics/SEQ.json`` tells of tracklets or tracks.

    Args:
        ids: (N,) of each observation.
        evidence: Threshold of each class, and the similarities behind it.

    Returns:
        ``observations`` and ``groups`` of them, and in ``classes`` by class
        id the threshold and the histograms that it was taken from.
    """
    return dict(
        observations=len(ids), groups=len(set(ids.tolist())),
        classes={str(label): dict(
            **found.threshold._asdict(),
            different=histogram(found.different), same=histogram(found.same))
            for label, found in evidence.items()})


class TrackletStage(VideoStage):
    """A stage that gives each mask its tracklet."""

    #: Folder of its files, without the suffix.
    output: str

    @property
    def folder(self) -> str:
        """Folder of its files, in that of the run."""
        return self.output + self.suffix

    def check(self, run: Run) -> None:
        """Read what there is of ground truth, for the report."""
        check_truth(run)

    def run(self, run: Run, label: str) -> None:
        """Make tracklets, and hand them to the stages that follow."""
        super().run(run, label)
        self.hand_over(run)
        report_encoder(run, label, tracked=True)

    def hand_over(self, run: Run) -> None:
        """The tracklets."""
        run.tracklet_folder = self.folder

    def task(self, run: Run, video: Video) -> Task:
        """Made of the masks, the encoder, and what the stage adds."""
        return run.folder.task(
            f'{self.name}/{video.name}',
            dict(reid=run.model_cfg['reid'],
                 encoder=file_hash(run.require_encoder()),
                 detections=file_hash(run.folder.detections(video.name)),
                 images=video_identity(video),
                 **self.ingredients(run, video)),
            [run.folder.tracklets(video.name, self.folder)])

    @abstractmethod
    def ingredients(self, run: Run, video: Video) -> dict[str, Any]:
        """What else the tracklets of a video are made of."""

    def write(self, run: Run, video: Video, ids: NDArray,
              evidence: dict[int, Evidence]) -> None:
        """Write tracklets, and what they rest on."""
        path, = self.task(run, video).outputs
        write_mots(path, run.observations(video), ids)
        run.folder.update_statistics(
            video.name, **{self.name.replace('-', '_'): statistics(
                ids, evidence)})


@STAGES.register_module()
class ShortTermTracking(TrackletStage):
    """Link masks of adjacent frames by warped IoU and appearance."""

    title = 'short-term tracking'
    output = 'tracklets'

    def ingredients(self, run: Run, video: Video) -> dict[str, Any]:
        """Motion and tracker."""
        return dict(tracker=run.model_cfg['tracker'],
                    motion=run.model_cfg['motion'])

    def process(self, run: Run, video: Video, title: str) -> None:
        """Take the thresholds from the video, then track it."""
        table = run.observations(video)
        ids, evidence = run.model.tracker.track(
            table.frames, table.labels, run.features(video, title),
            run.overlaps(video, title))
        self.write(run, video, ids, evidence)
        for label, found in evidence.items():
            plot_short_threshold(
                found.different, found.threshold.value,
                run.folder.plot(video.name, f'theta_short_{label}'),
                found.same)


@STAGES.register_module()
class TrackletSplitting(TrackletStage):
    """Cut tracklets where they change from one person to another.

    The paper assumes that a tracklet holds one person. In a crowd some hold
    two, and are a wrong label in inter-tracklet training and a wrong node in
    merging. They are cut where their parts would not be merged, see
    :func:`mmremots.models.task_modules.split_tracklets`.
    """

    title = 'tracklet splitting'
    output = 'tracklets_split'

    def ingredients(self, run: Run, video: Video) -> dict[str, Any]:
        """The tracklets, and the rule of the merger's threshold."""
        return dict(threshold=run.model_cfg['merger'].get('threshold'),
                    tracklets=file_hash(run.tracklet_path(video)))

    def process(self, run: Run, video: Video, title: str) -> None:
        """Take the thresholds from the video, then cut."""
        table = run.observations(video)
        ids, evidence = run.model.merger.split(
            run.features(video, title), table.frames, run.tracklets(video),
            table.labels)
        self.write(run, video, ids, evidence)
        for label, found in evidence.items():
            plot_merge_threshold(
                found.different, found.same, found.threshold.value,
                run.folder.plot(
                    video.name, f'theta_split{self.suffix}_{label}'))
