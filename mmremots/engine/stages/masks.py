"""Stage 1: fused, disjoint masks of every frame (paper section 2.1)."""
from __future__ import annotations

from mmremots.datasets.sequences import Sequence as Video
from mmremots.datasets.sequences import read_frame
from mmremots.engine.progress import progress
from mmremots.engine.run import Run, video_identity
from mmremots.engine.run_folder import Task
from mmremots.engine.stages.base import SequenceStage
from mmremots.registry import STAGES
from mmremots.structures import Observations, write_detections


@STAGES.register_module()
class MaskGeneration(SequenceStage):
    """Run the model's detector on every frame and keep its masks.

    Masks depend on nothing that the run learns, so they are kept as long
    as detector and images are the same, also when a run starts anew.
    """

    title = 'masks'
    always_keep = True

    def check(self, run: Run) -> None:
        """Read what the detector needs of each video."""
        for video in run.share(run.videos):
            run.model.detector.check(video)

    def task(self, run: Run, video: Video) -> Task:
        """Made of the detector, its files and the images."""
        return run.folder.task(
            f'{self.name}/{video.name}',
            dict(detector=run.model_cfg['detector'],
                 sources=run.model.detector.fingerprint(video),
                 images=video_identity(video)),
            [run.folder.detections(video.name)])

    def process(self, run: Run, video: Video, title: str) -> None:
        """Detect frame by frame."""
        detector = run.model.detector
        frames = range(1, video.num_frames + 1)
        found = []
        for frame in progress(frames, title, video.num_frames):
            image = (read_frame(video, frame)
                     if detector.needs_image else None)
            found.append(detector.detect(image, video, frame))
        path = run.folder.detections(video.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_detections(path, Observations.concatenate(found))
