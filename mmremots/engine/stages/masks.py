"""Stage 1: fused, disjoint masks of every frame (paper section 2.1)."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmremots.engine.frame_loader import batches
from mmremots.engine.progress import progress
from mmremots.engine.run import Run, fingerprint, video_identity
from mmremots.engine.run_folder import Task
from mmremots.engine.stages.base import VideoStage
from mmremots.models.detectors import DetectionsFromFile, LiveDetector
from mmremots.registry import STAGES
from mmremots.structures import Observations, write_detections
from mmremots.structures.growing_detections import GrowingDetections
from mmremots.structures.video import Video


@STAGES.register_module()
class MaskGeneration(VideoStage):
    """Run the model's detectors on every frame and fuse their masks.

    Masks depend on nothing that the run learns, so they are kept as long
    as detectors and images are the same, also when a run starts anew. What
    a live detector finds is written to a file of its own, frame by frame,
    before it is fused: a run that was stopped goes on at the frame where it
    stood, and another fusion, or another detector beside it, does not take
    the network's time again. Detectors work one after the other.

    Args:
        num_workers: Processes that read and transform frames ahead of the
            network.
    """

    title = 'masks'
    always_keep = True

    def __init__(self, num_workers: int = 2) -> None:
        self.num_workers = num_workers

    def check(self, run: Run) -> None:
        """Check the detectors, but for those whose work is done."""
        for video in run.share(run.videos):
            if self.task(run, video).done:
                continue
            for name, source in run.model.detector.named_sources():
                if not (source.needs_image and self._source_task(
                        run, video, name, source).done):
                    source.check(video)

    def run(self, run: Run, label: str) -> None:
        """Work on this process's share, then let go of the networks."""
        super().run(run, label)
        run.model.detector.unload()

    def task(self, run: Run, video: Video) -> Task:
        """Made of the detectors, their files and the images."""
        return run.folder.task(
            f'{self.name}/{video.name}',
            dict(detector=run.model.detector.fingerprint(video),
                 images=video_identity(video)),
            [run.folder.detections(video.name)]
            + [run.folder.weak(video.name)] * run.model.detector.has_weak)

    def process(self, run: Run, video: Video, title: str) -> None:
        """Detect, source by source, then fuse frame by frame."""
        detector = run.model.detector
        sources = [
            self._stored(run, video, title, name, source)
            if source.needs_image else source
            for name, source in detector.named_sources()]
        weak_sources = detector.weak_sources(sources)
        frames = range(1, video.num_frames + 1)
        fused, weak = [], []
        for frame in progress(frames, title, video.num_frames):
            fused.append(detector.combine([
                source.detect(None, video, frame) for source in sources]))
            weak.append(detector.combine_weak(fused[-1], [
                source.detect_weak(video, frame) for source in weak_sources]))
        for path, tables in (
                (run.folder.detections(video.name), fused),
                (run.folder.weak(video.name), weak)):
            if tables is fused or detector.has_weak:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_detections(path, Observations.concatenate(tables))

    def _source_task(
            self, run: Run, video: Video, name: str,
            source: LiveDetector) -> Task:
        return run.folder.task(
            f'{self.name}/{video.name}/{name}',
            dict(detector=source.raw_fingerprint(),
                 images=video_identity(video)),
            [run.folder.detections(video.name, name)])

    def _stored(
            self, run: Run, video: Video, title: str, name: str,
            source: LiveDetector) -> DetectionsFromFile:
        """A live detector's work in a file; done where there is none."""
        task = self._source_task(run, video, name, source)
        path, = task.outputs
        key = fingerprint(task.ingredients)
        run.do(f'{title}, {name}', task, lambda: self._detect(
            video, f'{title}, {name}', source, path, key), keep=True)
        return source.stored(path)

    def _detect(
            self, video: Video, title: str, source: LiveDetector, path: Path,
            key: str) -> None:
        with GrowingDetections(path, key, source.batch_size) as file:
            frames = range(file.frames + 1, video.num_frames + 1)

            def found() -> Iterator[Observations]:
                for numbers, inputs in batches(
                        video, frames, source.transform, source.batch_size,
                        self.num_workers):
                    yield from source.detect_batch(inputs, numbers)

            for table in progress(found(), title, len(frames)):
                file.append(table)
            file.finish()
