"""What a run has of one video: each made once, parsed once."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmremots.datasets.crops import CropStore, cut_frames, write_crops
from mmremots.engine.artifacts import Artifacts
from mmremots.engine.parts import FRAMES, Made, Parts
from mmremots.engine.run_folder import RunFolder
from mmremots.formats import (
    read_detections,
    read_mots,
    write_detections,
    write_mots,
)
from mmremots.formats.ground_truth import read_truth
from mmremots.models.reid import BaseEncoder
from mmremots.models.trackers import overlaps_along_flow
from mmremots.structures import Observations, Overlaps
from mmremots.structures.classes import IGNORE
from mmremots.structures.files import atomic_path, new_array
from mmremots.structures.masks import rle_area
from mmremots.structures.observations import NO_ROW, Tracks, rows_of
from mmremots.structures.video import Video

#: Crops that are embedded at once.
BATCH = 64


class VideoWork:
    """What a run has of one video, for the stages.

    What is opened here is noted as what the work at hand is made from, see
    :class:`mmremots.engine.artifacts.Artifacts`. Tables are parsed once and
    handed on in memory.

    Args:
        folder: Of the run, as is ``artifacts``.
        video: One of its target or labelled videos.
        kind: ``target`` or ``labelled``.
        part: Gives a part of the model, noted.
        encoder: Gives the encoder with the weights in use, noted.
    """

    def __init__(self, folder: RunFolder, artifacts: Artifacts, video: Video,
                 kind: str, part: Callable[[str], Any],
                 encoder: Callable[[], BaseEncoder]) -> None:
        self.folder = folder
        self.artifacts = artifacts
        self.video = video
        self.kind = kind
        self._part = part
        self._encoder = encoder
        self._parsed: dict[Path, tuple[str, Any]] = {}

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return float(self.artifacts.fact(self._called('frame rate')))

    @property
    def annotated(self) -> bool:
        """Whether there is ground truth."""
        return self.artifacts.fact(self._called('annotation')) is not None

    def images(self) -> Video:
        """The video, to read its frames."""
        self.artifacts.fact(self._called('images'))
        return self.video

    def masks(self) -> Observations:
        """The fused masks.

        Raises:
            FileNotFoundError: No stage has left them.
        """
        path = self.folder.detections(self.video.name)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no masks of {self.video.name}; run MaskGeneration '
                'before this stage, or put a file there')
        return self._detections(path)

    def weak(self) -> Observations:
        """The weak masks beside the fused ones; none where none are kept."""
        if not self.artifacts.fact('weak masks'):
            return Observations.empty()
        return self._detections(self.folder.weak(self.video.name))

    def write_masks(self, fused: Observations,
                    weak: Observations | None) -> None:
        """Write the fused masks, and weak ones where there are any."""
        for path, table in (
                (self.folder.detections(self.video.name), fused),
                (self.folder.weak(self.video.name), weak)):
            if table is not None:
                write_detections(path, table)
                self.artifacts.wrote(path)

    def tracklets(self) -> NDArray[np.int64]:
        """Short-term tracklet of each fused mask.

        Raises:
            FileNotFoundError: No stage has left them.
            ValueError: They are not of the fused masks.
        """
        folder = self.artifacts.fact('tracklets in use')
        path = self.folder.tracklets(self.video.name, folder)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no tracklets of {self.video.name}; run '
                'ShortTermTracking before this stage, or put a file there')
        table = self.masks()

        def read() -> NDArray[np.int64]:
            found, ids = read_mots(
                path, self.video.size, self.video.num_frames)
            rows = rows_of(found, table)
            if len(rows) != len(table) or (np.sort(rows) != np.arange(
                    len(table))).any():
                raise ValueError(
                    f'{path}: its masks are not those of '
                    f'{self.folder.detections(self.video.name)}')
            of_row = np.empty(len(table), np.int64)
            of_row[rows] = ids
            return of_row

        return self._once(path, read)

    def write_tracklets(self, ids: NDArray[np.int64], folder: str) -> None:
        """Write the tracklet of each fused mask.

        Args:
            ids: (N,) tracklet of each.
            folder: That of the stage.
        """
        path = self.folder.tracklets(self.video.name, folder)
        write_mots(path, self.masks(), ids)
        self.artifacts.wrote(path)
        self._parsed[path] = (self.artifacts.digest(path), ids)

    def tracks(self) -> Tracks:
        """The tracks that the stage before has left.

        Raises:
            FileNotFoundError: No stage has left them.
        """
        folder = self.artifacts.fact('tracks in use')
        if folder is None:
            raise FileNotFoundError(
                f'no tracks of {self.video.name}; run Merging before this '
                'stage')
        path = self.folder.tracks(self.video.name, folder)
        masks, weak = self.masks(), self.weak()

        def read() -> Tracks:
            table, ids = read_mots(
                path, self.video.size, self.video.num_frames)
            rows = rows_of(table, masks, weak)
            known = rows != NO_ROW
            boxes, scores = table.boxes.copy(), np.zeros_like(table.scores)
            boxes[known] = np.concatenate(
                [masks.boxes, weak.boxes])[rows[known]]
            scores[known] = np.concatenate(
                [masks.scores, weak.scores])[rows[known]]
            return Tracks(
                replace(table, boxes=boxes, scores=scores), ids, rows)

        return self._once(path, read)

    def write_tracks(self, tracks: Tracks, folder: str) -> None:
        """Write the masks that are in tracks.

        Args:
            tracks: The tracks.
            folder: That of the stage.
        """
        path = self.folder.tracks(self.video.name, folder)
        write_mots(path, tracks.table, tracks.ids)
        self.artifacts.wrote(path)
        if (tracks.rows != NO_ROW).all():  # The file holds no other scores.
            self._parsed[path] = (self.artifacts.digest(path), tracks)

    def truth(self) -> tuple[Observations, NDArray[np.int64]]:
        """Annotated masks and their ids, no ignore regions and no empty ones.

        Of a labelled video those of the classes that are learned from.

        Raises:
            FileNotFoundError: The video has none.
            ValueError: ``FILE:LINE: ...`` where it is broken.
        """
        if self.video.gt_path is None:
            raise FileNotFoundError(f'{self.video.name}: no ground truth')
        digest = self.artifacts.fact(self._called('annotation'))
        classes = (self.artifacts.fact('labelled classes')
                   if self.kind == 'labelled' else None)
        path = Path(self.video.gt_path)
        if self._parsed.get(path, ('',))[0] != digest:
            rows, ids = read_truth(self.video)
            people = (rows.labels != IGNORE if classes is None
                      else np.isin(rows.labels, classes))
            seen = rle_area(rows.rles) > 0
            unseen = np.count_nonzero(people & ~seen)
            if unseen:
                print_log(f'{path}: {unseen} objects without a pixel are '
                          'left out', 'current', level=logging.WARNING)
            people &= seen
            self._parsed[path] = digest, (rows.take(people), ids[people])
        return self._parsed[path][1]

    def crops(self, title: str) -> CropStore:
        """Crops of what the video has: fused masks, or its annotation."""
        folder = self.folder.crops(self.kind, self.video.name)
        if self.video.name not in title:  # A training is of all.
            title = f'{title}, {self.video.name}'

        def cut() -> None:
            table, ids = ((self.masks(), None) if self.kind == 'target'
                          else self.truth())
            size = tuple(self._part('reid').crop_size)
            video, frames = self.images(), np.unique(table.frames).tolist()
            parts = self._parts(folder, len(frames), FRAMES)
            if parts.make(lambda items: cut_frames(
                    video, table, frames[items.start:items.stop], size),
                    title, 'crops'):
                write_crops(folder, video.name, table.frames, size, ids,
                            parts.take())
                self.artifacts.wrote(*sorted(folder.iterdir()))

        self._cache(f'crops/{self.kind}/{self.video.name}', f'{title}, crops',
                    cut)
        return CropStore(folder)

    def features(self, title: str) -> NDArray[np.float32]:
        """Features of the fused masks by the encoder in use.

        Returns:
            (N, D) float32, unit length, memory-mapped.
        """
        encoder = self.artifacts.fact('encoder in use')
        path = self.folder.embeddings(self.video.name, encoder)

        def embed() -> None:
            reid, crops = self._encoder(), self.crops(title)
            labels = self.masks().labels

            def batches(items: range) -> Iterator[Made]:
                for k in items:
                    yield reid.embed(
                        crops.images[k * BATCH:(k + 1) * BATCH], BATCH),

            parts = self._parts(path, -(-len(crops) // BATCH), 1)
            if parts.make(batches, title, 'features', 'part'):
                with atomic_path(path) as temporary:
                    # On disk from the start: those of a long video are large.
                    features = new_array(
                        temporary, np.float32,
                        (len(crops), reid.feature_dim))
                    row = 0
                    for found, in parts.take():
                        features[row:row + len(found)] = found
                        row += len(found)
                    reid.centre(features, crops.frames, labels, features)
                    features.flush()
                self.artifacts.wrote(path)

        self._cache(f'embeddings/{self.video.name}/{encoder}',
                    f'{title}, features', embed)
        return np.load(path, mmap_mode='r', allow_pickle=False)

    def overlaps(self, title: str) -> Overlaps:
        """Overlaps of the fused masks of adjacent frames along the flow.

        They depend on nothing that the run learns, and flow is costly. So
        they are found on first use and kept, as masks are.
        """
        return self._overlaps(self.masks, '', title)

    def overlaps_of_all(self, title: str) -> Overlaps:
        """Overlaps of fused and weak masks, sorted by frame, likewise."""
        if not len(self.weak()):
            return self.overlaps(title)
        return self._overlaps(lambda: Observations.concatenate(
            [self.masks(), self.weak()]), 'weak', title)

    def _overlaps(self, masks: Callable[[], Observations], kind: str,
                  title: str) -> Overlaps:
        path = self.folder.overlaps(self.video.name, kind)

        def find() -> None:
            table, video, motion = masks(), self.images(), self._part('motion')
            parts = self._parts(path, video.num_frames, FRAMES)
            if parts.make(lambda items: overlaps_along_flow(
                    table, video, motion,
                    range(items.start + 1, items.stop + 1),
                    self.artifacts.processes.threads), title, 'flow'):
                found = Overlaps(*map(np.concatenate, zip(
                    *parts.take(), strict=True)))
                with atomic_path(path) as temporary:
                    np.savez(temporary, **found._asdict())
                self.artifacts.wrote(path)

        def read() -> Overlaps:
            with np.load(path, allow_pickle=False) as file:
                return Overlaps(**file)

        self._cache(f'overlaps{"_" * bool(kind)}{kind}/{self.video.name}',
                    f'{title}, flow', find)
        return self._once(path, read, noted=False)

    @contextmanager
    def plot(self, name: str) -> Iterator[Path]:
        """A path to plot to, beside the video's statistics."""
        path = self.folder.plot(self.video.name, name)
        yield path
        self.artifacts.wrote(path)

    def _parts(self, path: Path, count: int, size: int) -> Parts:
        return Parts(self.artifacts, self.video.num_frames, path, count, size)

    def _detections(self, path: Path) -> Observations:
        return self._once(path, lambda: read_detections(
            path, self.video.size, self.video.num_frames))

    def _called(self, fact: str) -> str:
        return f'{fact} of {self.kind} {self.video.name}'

    def _once(self, path: Path, read: Callable[[], Any], *,
              noted: bool = True) -> Any:
        """What a file holds, parsed when it is another than before."""
        if noted:
            self.artifacts.use(path)
        digest = self.artifacts.digest(path)
        if self._parsed.get(path, ('',))[0] != digest:
            self._parsed[path] = (digest, read())
        return self._parsed[path][1]

    def _cache(self, name: str, title: str, work: Callable[[], None]) -> None:
        self.artifacts.make(name, title, work, keep=True, news=False)
