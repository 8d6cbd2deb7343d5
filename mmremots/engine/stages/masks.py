"""Stage 1: fused, disjoint masks of every frame (paper section 2.1)."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmremots.engine.frame_loader import batches
from mmremots.engine.progress import progress
from mmremots.engine.run import Run
from mmremots.engine.stages.base import VideoStage
from mmremots.engine.video_work import VideoWork
from mmremots.formats.growing_detections import GrowingDetections
from mmremots.models.detectors import DetectionsFromFile, LiveDetector
from mmremots.registry import STAGES
from mmremots.structures import Observations
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

    def settings(self, run: Run) -> Any:
        """None: how many processes read ahead changes no mask."""

    def check(self, run: Run) -> None:
        """Check the detectors, but for those whose work is done."""
        videos = [video for video in run.share(run.videos)
                  if not run.artifacts.valid(self.piece(video))]
        for name, source in run.model.detector.named_sources():
            for video in videos:
                if not (source.needs_image and run.artifacts.valid(
                        self._piece_of(video, name))):
                    source.check(video)
            if source.needs_image:
                source.unload()  # One network at a time.

    def run(self, run: Run, label: str) -> None:
        """Work on this process's share, one network at a time."""
        for name, source in run.model.detector.named_sources():
            if source.needs_image:
                for video in run.share(run.videos):
                    if not run.artifacts.valid(self.piece(video)):
                        self._stored(run, run.work(video),
                                     f'{label}, {video.name}', name, source)
                source.unload()
        super().run(run, label)

    def process(self, run: Run, work: VideoWork, title: str) -> None:
        """Detect, source by source, then fuse frame by frame."""
        video, detector = work.images(), run.model.detector
        run.artifacts.fact(f'model.detector on {video.name}')
        sources = [
            self._stored(run, work, title, name, source)
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
        work.write_masks(
            Observations.concatenate(fused),
            Observations.concatenate(weak) if detector.has_weak else None)

    def _piece_of(self, video: Video, source: str) -> str:
        return f'{self.piece(video)}/{source}'

    def _stored(
            self, run: Run, work: VideoWork, title: str, name: str,
            source: LiveDetector) -> DetectionsFromFile:
        """A live detector's work in a file; done where there is none."""
        piece = self._piece_of(work.video, name)
        path = run.folder.detections(work.video.name, name)

        def detect() -> None:
            run.artifacts.fact(f'model.detector, {name}')
            video = work.images()
            growing = GrowingDetections(
                path, run.artifacts.goes_on(piece), source.batch_size)
            with growing as file:
                frames = range(file.frames + 1, video.num_frames + 1)
                found = self._detect(video, frames, source)
                for table in progress(
                        found, f'{title}, {name}', len(frames)):
                    file.append(table)
                file.finish()
            run.artifacts.wrote(path)

        run.make(piece, f'{title}, {name}', detect, keep=True)
        return source.stored(path)

    def _detect(self, video: Video, frames: range,
                source: LiveDetector) -> Iterator[Observations]:
        for numbers, inputs in batches(
                video, frames, source.transform, source.batch_size,
                self.num_workers):
            yield from source.detect_batch(inputs, numbers)
