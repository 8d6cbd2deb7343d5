"""What a run has of one video: each made once, parsed once."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmremots.datasets.crops import CropStore, cut_crops
from mmremots.engine.progress import progress
from mmremots.formats import (
    read_detections,
    read_mots,
    write_detections,
    write_mots,
)
from mmremots.formats.ground_truth import read_truth
from mmremots.models.trackers import adjacent_overlaps, frames_to_read
from mmremots.structures import Observations, Overlaps
from mmremots.structures.classes import IGNORE
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import rle_area
from mmremots.structures.observations import NO_ROW, rows_of
from mmremots.structures.video import Video, read_frame

if TYPE_CHECKING:
    from mmremots.engine.run import Run


class Tracks(NamedTuple):
    """The masks of a video that are in tracks.

    Attributes:
        table: N masks. One that no detector gave has the box around it and
            score 0.
        ids: (N,) int64 track of each.
        rows: (N,) int64 row of each among the fused and then the weak masks,
            or ``NO_ROW``.
    """

    table: Observations
    ids: NDArray[np.int64]
    rows: NDArray[np.int64]

    def take(self, kept: NDArray[np.bool_]) -> Tracks:
        """Some of the masks."""
        return Tracks(self.table.take(kept), self.ids[kept], self.rows[kept])


class VideoWork:
    """What a run has of one video, for the stages.

    What is opened here is noted as what the work at hand is made from, see
    :class:`mmremots.engine.artifacts.Artifacts`. Tables are parsed once and
    handed on in memory.

    Args:
        run: The run.
        video: One of its target or labelled videos.
        kind: ``target`` or ``labelled``.
    """

    def __init__(self, run: Run, video: Video, kind: str = 'target') -> None:
        self.run = run
        self.video = video
        self.kind = kind
        self._parsed: dict[Path, tuple[str, Any]] = {}

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return float(self.run.artifacts.fact(self._called('frame rate')))

    @property
    def annotated(self) -> bool:
        """Whether there is ground truth."""
        return self.run.artifacts.fact(
            self._called('annotation')) is not None

    def images(self) -> Video:
        """The video, to read its frames."""
        self.run.artifacts.fact(self._called('images'))
        return self.video

    def masks(self) -> Observations:
        """The fused masks.

        Raises:
            FileNotFoundError: No stage has left them.
        """
        path = self.run.folder.detections(self.video.name)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no masks of {self.video.name}; run MaskGeneration '
                'before this stage, or put a file there')
        return self._detections(path)

    def weak(self) -> Observations:
        """The weak masks beside the fused ones; none where none are kept."""
        if not self.run.artifacts.fact('weak masks'):
            return Observations.empty()
        return self._detections(self.run.folder.weak(self.video.name))

    def write_masks(self, fused: Observations,
                    weak: Observations | None) -> None:
        """Write the fused masks, and weak ones where there are any."""
        for path, table in (
                (self.run.folder.detections(self.video.name), fused),
                (self.run.folder.weak(self.video.name), weak)):
            if table is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_detections(path, table)
                self.run.artifacts.wrote(path)

    def tracklets(self) -> NDArray[np.int64]:
        """Short-term tracklet of each fused mask.

        Raises:
            FileNotFoundError: No stage has left them.
            ValueError: They are not of the fused masks.
        """
        folder = self.run.artifacts.fact('tracklets in use')
        path = self.run.folder.tracklets(self.video.name, folder)
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
                    f'{self.run.folder.detections(self.video.name)}')
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
        path = self.run.folder.tracklets(self.video.name, folder)
        write_mots(path, self.masks(), ids)
        self.run.artifacts.wrote(path)
        self._parsed[path] = (self.run.artifacts.digest(path), ids)

    def tracks(self) -> Tracks:
        """The tracks that the stage before has left.

        Raises:
            FileNotFoundError: No stage has left them.
        """
        folder = self.run.artifacts.fact('tracks in use')
        if folder is None:
            raise FileNotFoundError(
                f'no tracks of {self.video.name}; run Merging before this '
                'stage')
        path = self.run.folder.tracks(self.video.name, folder)
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
        path = self.run.folder.tracks(self.video.name, folder)
        write_mots(path, tracks.table, tracks.ids)
        self.run.artifacts.wrote(path)
        if (tracks.rows != NO_ROW).all():  # The file holds no other scores.
            self._parsed[path] = (self.run.artifacts.digest(path), tracks)

    def truth(self) -> tuple[Observations, NDArray[np.int64]]:
        """Annotated masks and their ids, no ignore regions and no empty ones.

        Of a labelled video those of the classes that are learned from.

        Raises:
            FileNotFoundError: The video has none.
            ValueError: ``FILE:LINE: ...`` where it is broken.
        """
        if self.video.gt_path is None:
            raise FileNotFoundError(
                f'{self.video.name}: a labelled sequence without ground '
                'truth')
        digest = self.run.artifacts.fact(self._called('annotation'))
        classes = (self.run.artifacts.fact('labelled classes')
                   if self.kind == 'labelled' else None)
        path = Path(self.video.gt_path)
        if self._parsed.get(path, ('',))[0] != digest:
            rows, ids = read_truth(self.video)
            people = (rows.labels != IGNORE if classes is None
                      else np.isin(rows.labels, classes))
            seen = rle_area(rows.rles) > 0
            if (people & ~seen).any():
                print_log(
                    f'{path}: {np.count_nonzero(people & ~seen)} objects '
                    'without a pixel are left out', 'current',
                    level=logging.WARNING)
            people &= seen
            self._parsed[path] = (digest, (
                rows.take(np.flatnonzero(people)), ids[people]))
        return self._parsed[path][1]

    def crops(self, title: str) -> CropStore:
        """Crops of what the video has: fused masks, or its annotation."""
        artifacts = self.run.artifacts
        folder = self.run.folder.crops(self.kind, self.video.name)

        def cut() -> None:
            table, ids = ((self.masks(), None) if self.kind == 'target'
                          else self.truth())
            self.run.part('reid')
            cut_crops(self.images(), table, folder,
                      tuple(self.run.model.reid.crop_size), ids,
                      partial(progress,
                              title=f'{title}, crops of {self.video.name}'))
            artifacts.wrote(*sorted(folder.iterdir()))

        artifacts.make(f'crops/{self.kind}/{self.video.name}',
                       f'{title}, crops of {self.video.name}', cut,
                       keep=True)
        return CropStore(folder)

    def features(self, title: str) -> NDArray[np.float32]:
        """Features of the fused masks by the encoder in use.

        Returns:
            (N, D) float32, unit length, memory-mapped.
        """
        artifacts = self.run.artifacts
        encoder = artifacts.fact('encoder in use')
        path = self.run.folder.embeddings(self.video.name, encoder)

        def embed() -> None:
            self.run.load_encoder()
            crops = self.crops(title)
            reid = self.run.model.reid
            with atomic_path(path) as temporary:
                # On disk from the start: those of a long video are large.
                features = np.lib.format.open_memmap(
                    temporary, 'w+', np.float32,
                    (len(crops), reid.feature_dim))
                reid.embed(crops.images, out=features)
                reid.centre(features, crops.frames, self.masks().labels,
                            out=features)
                features.flush()
            artifacts.wrote(path)

        artifacts.make(f'embeddings/{self.video.name}/{encoder}',
                       f'{title}, features', embed, keep=True)
        return np.load(path, mmap_mode='r', allow_pickle=False)

    def overlaps(self, title: str) -> Overlaps:
        """Overlaps of the fused masks of adjacent frames along the flow.

        They depend on nothing that the run learns, and flow is costly. So
        they are found on first use and kept, as masks are.
        """
        path = self.run.folder.overlaps(self.video.name)

        def find() -> None:
            found = self.find_overlaps(self.masks(), title)
            self._save(path, lambda file: np.savez(file, **found._asdict()))

        def read() -> Overlaps:
            with np.load(path, allow_pickle=False) as file:
                return Overlaps(**file)

        self.run.artifacts.make(
            f'overlaps/{self.video.name}', f'{title}, flow', find, keep=True)
        return self._once(path, read, noted=False)

    def find_overlaps(self, table: Observations, title: str) -> Overlaps:
        """Overlaps of some masks of the video along the flow."""
        video, motion = self.images(), self.run.part('motion')
        wanted = frames_to_read(table.frames, video.num_frames)
        frames = (read_frame(video, t) if want else None
                  for t, want in enumerate(wanted, 1))
        flows = progress(
            motion.flows(frames, workers=self.run.threads),
            f'{title}, flow', video.num_frames - 1, 'pair')
        found = adjacent_overlaps(
            table.frames, table.rles, table.size, video.num_frames, flows)
        for _ in flows:  # None is left, but it must come to its end.
            pass
        return found

    @contextmanager
    def plot(self, name: str) -> Iterator[Path]:
        """A path to plot to, beside the video's statistics."""
        path = self.run.folder.plot(self.video.name, name)
        yield path
        self.run.artifacts.wrote(path)

    def _detections(self, path: Path) -> Observations:
        return self._once(path, lambda: read_detections(
            path, self.video.size, self.video.num_frames))

    def _called(self, fact: str) -> str:
        return f'{fact} of {self.kind} {self.video.name}'

    def _once(self, path: Path, read: Callable[[], Any], *,
              noted: bool = True) -> Any:
        """What a file holds, parsed when it is another than before."""
        if noted:
            self.run.artifacts.use(path)
        digest = self.run.artifacts.digest(path)
        if self._parsed.get(path, ('',))[0] != digest:
            self._parsed[path] = (digest, read())
        return self._parsed[path][1]

    def _save(self, path: Path, save: Callable[[Any], None]) -> None:
        with atomic_path(path) as temporary, temporary.open('wb') as file:
            save(file)
        self.run.artifacts.wrote(path)
