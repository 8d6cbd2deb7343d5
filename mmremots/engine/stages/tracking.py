"""Stage 3: short-term tracklets (paper section 2.3), and cuts in them."""
from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from mmremots.engine.quality import check_truth, report_encoder
from mmremots.engine.run import Run
from mmremots.engine.stages.base import VideoStage
from mmremots.engine.video_work import VideoWork
from mmremots.models.task_modules import Evidence
from mmremots.registry import STAGES
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

    #: Of its files; :func:`build_stages` adds the suffix.
    folder: str

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


@STAGES.register_module()
class ShortTermTracking(TrackletStage):
    """Link masks of adjacent frames by warped IoU and appearance."""

    title = 'short-term tracking'
    needs = ('features', 'overlaps')
    folder = 'tracklets'

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Take the thresholds from the video, then track it."""
        ids, evidence = run.part('tracker').track(
            work.masks(), work.features(title), work.overlaps(title),
            work.frame_rate)
        work.write_tracklets(ids, self.folder)
        for label, found in evidence.items():
            with work.plot(f'theta_short{self.suffix}_{label}') as path:
                plot_short_threshold(found.different, found.threshold.value,
                                     path, found.same)
        return statistics(ids, evidence)


@STAGES.register_module()
class TrackletSplitting(TrackletStage):
    """Cut tracklets where they change from one person to another.

    The paper assumes that a tracklet holds one person. In a crowd some hold
    two, and are a wrong label in inter-tracklet training and a wrong node in
    merging. They are cut where their parts would not be merged, see
    :func:`mmremots.models.task_modules.split_tracklets`.
    """

    title = 'tracklet splitting'
    needs = ('features', )
    folder = 'tracklets_split'

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Take the thresholds from the video, then cut."""
        ids, evidence = run.part('merger').split(
            work.masks(), work.features(title), work.tracklets())
        work.write_tracklets(ids, self.folder)
        for label, found in evidence.items():
            with work.plot(f'theta_split{self.suffix}_{label}') as path:
                plot_merge_threshold(found.different, found.same,
                                     found.threshold.value, path)
        return statistics(ids, evidence)
