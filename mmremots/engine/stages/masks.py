"""Stage 1: fused, disjoint masks of every frame (paper section 2.1)."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from mmremots.datasets.frame_loader import batches
from mmremots.engine.parts import FRAMES, Made, Parts
from mmremots.engine.progress import progress
from mmremots.engine.run import Run
from mmremots.engine.stages.base import VideoStage
from mmremots.engine.video_work import VideoWork
from mmremots.formats.observation_files import format_detections
from mmremots.models.detectors import DetectionsFromFile, LiveDetector
from mmremots.registry import STAGES
from mmremots.structures import Observations
from mmremots.structures.files import atomic_path
from mmremots.structures.video import Video


@STAGES.register_module()
class MaskGeneration(VideoStage):
    """Run the model's detectors on every frame and fuse their masks.

    Masks depend on nothing that the run learns, so they are kept as long
    as detectors and images are the same, also when a run starts anew. What
    a live detector finds is written to a file of its own, by 8 frames or a
    few more, before it is fused: a run that was stopped goes on where it
    stood, and another fusion, or another detector beside it, does not take
    the network's time again. Detectors work one after the other; processes
    share the frames.

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

    def steps(self, run: Run, made: set[str]) -> list[str]:
        """The detectors that look at frames, and what fuses their masks."""
        return [name for name, source in run.model.detector.named_sources()
                if source.needs_image] + ['fusion']

    def check(self, run: Run) -> None:
        """Check the detectors, but for those whose work is done."""
        videos = [video for video in run.own_videos
                  if not run.artifacts.valid(self.piece(video))]
        live = [source for _, source in run.model.detector.named_sources()
                if source.needs_image]
        for name, source in run.model.detector.named_sources():
            for video in videos:
                if not (source.needs_image and run.artifacts.valid(
                        self._piece_of(video, name))):
                    source.check(video)
            if source in live and len(live) > 1:
                source.unload()  # One network at a time.

    def run(self, run: Run, label: str) -> None:
        """Detect, one network at a time, then fuse."""
        for name, source in run.model.detector.named_sources():
            if source.needs_image:
                run.prepare(label, self.piece, partial(
                    self._stored, run, name, source), keep=True)
                source.unload()
        super().run(run, label)

    def process(self, run: Run, work: VideoWork, title: str) -> None:
        """Detect, source by source, then fuse frame by frame."""
        video, detector = work.images(), run.model.detector
        run.artifacts.fact(f'model.detector on {video.name}')
        sources = [
            self._stored(run, name, source, work, title)
            if source.needs_image else source
            for name, source in detector.named_sources()]
        weak_sources = detector.weak_sources(sources)
        frames = range(1, video.num_frames + 1)
        fused, weak = [], []
        for frame in progress(frames, title, video.num_frames, 'frame',
                              'fusion', video.num_frames,
                              run.processes.outlook):
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
            self, run: Run, name: str, source: LiveDetector, work: VideoWork,
            title: str) -> DetectionsFromFile:
        """A live detector's work in a file; done where there is none."""
        path = run.folder.detections(work.video.name, name)

        def detect() -> None:
            run.artifacts.fact(f'model.detector, {name}')
            video = work.images()
            step = source.batch_size
            parts = Parts(run.artifacts, video.num_frames, path,
                          video.num_frames, -(-FRAMES // step) * step)
            if parts.make(
                    partial(self._detect, video, source), title, name):
                with atomic_path(path) as temporary, temporary.open(
                        'wb') as file:
                    file.writelines(
                        lines.tobytes() for lines, in parts.take())
                run.artifacts.wrote(path)

        run.artifacts.make(
            self._piece_of(work.video, name), f'{title}, {name}', detect,
            keep=True)
        return source.stored(path)

    def _detect(self, video: Video, source: LiveDetector,
                items: range) -> Iterator[Made]:
        """Lines of text of some frames, the first of a video being 0."""
        for numbers, inputs in batches(
                video, range(items.start + 1, items.stop + 1),
                source.transform, source.batch_size, self.num_workers):
            for number, found in zip(
                    numbers, source.detect_batch(inputs, numbers),
                    strict=True):
                if (found.frames != number).any():
                    raise ValueError(
                        f'{type(source).__name__}: detections of frame '
                        f'{found.frames[0]} where those of frame {number} '
                        'belong')
                yield np.frombuffer(
                    format_detections(found).encode('ascii'), np.uint8),
