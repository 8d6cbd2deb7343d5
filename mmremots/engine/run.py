"""What the stages of a run share: the videos, the model, the files."""
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dist import barrier, get_rank, get_world_size, is_main_process
from mmengine.logging import print_log

from mmremots.datasets.crops import CropStore, cut_crops
from mmremots.engine.progress import logged_warnings, progress
from mmremots.engine.run_folder import RunFolder, Task, plain
from mmremots.engine.stage_list import build_stages
from mmremots.models.mot.remots import ReMOTS
from mmremots.models.reid import load_encoder
from mmremots.models.task_modules import centred_features
from mmremots.models.trackers import (
    Overlaps,
    adjacent_overlaps,
    frames_to_read,
)
from mmremots.registry import DATASETS, MODELS
from mmremots.structures import Observations, read_detections, read_mots
from mmremots.structures.classes import IGNORE
from mmremots.structures.files import atomic_path, file_sha256
from mmremots.structures.video import Video, read_frame


def fingerprint(value: Any) -> str:
    """SHA-256 of a JSON-able value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _hash_of(path: Path, size: int, mtime: int) -> str:
    del size, mtime  # part of the cache's key alone
    return file_sha256(path)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read anew only when size or time changed."""
    status = path.stat()
    return _hash_of(path, status.st_size, status.st_mtime_ns)


def video_identity(video: Video) -> dict[str, Any]:
    """What tells the images of a video from others, without reading them.

    Names and sizes in bytes, not times: those change when data is copied.
    """
    sizes = [Path(path).stat().st_size for path in video.img_paths]
    names = [Path(path).name for path in video.img_paths]
    return dict(name=video.name, size=video.size,
                images=fingerprint([names, sizes]))


@dataclass
class Run:
    """One run of ReMOTS: what every stage reads and where it writes.

    Attributes:
        folder: Where the run's files stand.
        videos: The target videos.
        labelled: The labelled videos; may be empty.
        model: The model, on its device.
        model_cfg: Its configuration, plain.
        training: Settings the two trainings share.
        seed: Seed of everything random.
        resume: Whether finished work of an earlier run is kept.
        encoder: Weights the next stage is to use.
        tracklet_folder: Folder of the tracklets the next stage is to use.
        tracked: Folder of the tracks the next stage is to use.
    """

    folder: RunFolder
    videos: Sequence[Video]
    labelled: Sequence[Video]
    model: ReMOTS
    model_cfg: dict[str, Any]
    training: dict[str, Any]
    seed: int
    resume: bool
    launcher: str = 'none'
    runtime: dict[str, Any] = field(default_factory=dict)
    encoder: Path | None = None
    tracklet_folder: str = 'tracklets'
    tracked: str | None = None
    _loaded: tuple[Path, str] | None = None

    def share(self, items: Sequence[Any]) -> Sequence[Any]:
        """The items that this process works on."""
        return items[get_rank()::get_world_size()]

    def do(self, title: str, task: Task, work: Callable[[], None], *,
           keep: bool | None = None, joint: bool = False) -> None:
        """Do a piece of work unless its output is there and valid.

        Args:
            title: Stage and sequence, for the log.
            task: The work's stamp.
            work: Writes the task's outputs, each whole or not at all.
            keep: Whether valid output of an earlier run is kept; None for
                as the run was asked to (``resume``).
            joint: Whether all processes do this work together; one of them
                stamps it then.
        """
        if self.resume if keep is None else keep:
            changed = task.changed()
            if changed == []:
                print_log(f'{title}: done before, kept', 'current')
                return
            if changed:
                print_log(f'{title}: {", ".join(changed)} changed, '
                          'done again', 'current')
        task.stamp.unlink(missing_ok=True)
        with logged_warnings(title):
            work()
        if joint:
            barrier()  # none clears the stamp that another has written
        if not joint or is_main_process():
            task.finish()

    def require_encoder(self) -> Path:
        """Path of the weights in use."""
        if self.encoder is None:
            raise RuntimeError('the run has not set its starting encoder')
        return self.encoder

    def observations(self, video: Video) -> Observations:
        """The fused masks of a target video.

        Raises:
            FileNotFoundError: No stage has left them.
        """
        path = self.folder.detections(video.name)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no masks of {video.name}; run MaskGeneration '
                'before this stage, or put a file there')
        return read_detections(path, video.size, video.num_frames)

    def tracklet_path(self, video: Video) -> Path:
        """File of the tracklets the next stage is to use."""
        return self.folder.tracklets(video.name, self.tracklet_folder)

    def tracklets(self, video: Video) -> np.ndarray:
        """Short-term tracklet id of each observation of a video.

        Raises:
            FileNotFoundError: No stage has left them.
            ValueError: They are not the observations of the video.
        """
        path = self.tracklet_path(video)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no tracklets of {video.name}; run '
                'ShortTermTracking before this stage, or put a file there')
        rows, ids = read_mots(path, video.size, video.num_frames)
        table = self.observations(video)
        wanted = row_keys(table)
        given = dict(zip(row_keys(rows), ids.tolist(), strict=True))
        if len(given) != len(wanted) or not all(k in given for k in wanted):
            raise ValueError(
                f'{path}: its masks are not those of '
                f'{self.folder.detections(video.name)}')
        return np.array([given[k] for k in wanted], np.int64)

    def track_path(self, video: Video) -> Path:
        """File of the tracks the next stage is to use.

        Raises:
            FileNotFoundError: No stage has left them.
        """
        if self.tracked is None:
            raise FileNotFoundError(
                f'no tracks of {video.name}; run Merging before this stage')
        return self.folder.tracks(video.name, self.tracked)

    def tracks(self, video: Video) -> tuple[Observations, np.ndarray]:
        """The masks of a video that are in tracks, and their ids.

        Returns:
            The table, with box and score of each mask that a detector gave;
            any other has the box around it and score 0. And (N,) int64 ids.
        """
        rows, ids = read_mots(
            self.track_path(video), video.size, video.num_frames)
        table = self.observations(video)
        place = {key: k for k, key in enumerate(row_keys(table))}
        found = np.array(
            [place.get(key, -1) for key in row_keys(rows)], np.int64)
        known = found >= 0
        boxes, scores = rows.boxes.copy(), np.zeros_like(rows.scores)
        boxes[known] = table.boxes[found[known]]
        scores[known] = table.scores[found[known]]
        return replace(rows, boxes=boxes, scores=scores), ids

    def ground_truth(self, video: Video) -> tuple[Observations, np.ndarray]:
        """Annotated masks and ids of a labelled video, no ignore regions."""
        if video.gt_path is None:
            raise FileNotFoundError(
                f'{video.name}: a labelled sequence without gt/gt.txt')
        rows, ids = read_mots(
            Path(video.gt_path), video.size, video.num_frames)
        people = rows.labels != IGNORE
        return rows.take(np.flatnonzero(people)), ids[people]

    def target_crops(self, video: Video, title: str) -> CropStore:
        """Crops of a target video's observations, cut on first use."""
        key = fingerprint([
            video_identity(video), self._crop_size,
            file_hash(self.folder.detections(video.name))])
        return self._crops('target', video, key, title,
                           lambda: (self.observations(video), None))

    def labelled_crops(self, video: Video, title: str) -> CropStore:
        """Crops of a labelled video's annotation, cut on first use."""
        if video.gt_path is None:
            raise FileNotFoundError(
                f'{video.name}: a labelled sequence without gt/gt.txt')
        key = fingerprint([video_identity(video), self._crop_size,
                           file_hash(Path(video.gt_path))])
        return self._crops('labelled', video, key, title,
                           lambda: self.ground_truth(video))

    @property
    def threads(self) -> int:
        """Threads this process may use beside its own."""
        processes = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
        return max(1, (os.cpu_count() or 1) // processes)

    @property
    def _crop_size(self) -> tuple[int, int]:
        return tuple(self.model.reid.crop_size)

    def _crops(self, kind: str, video: Video, key: str, title: str,
               rows: Callable[[], tuple[Observations, np.ndarray | None]],
               ) -> CropStore:
        folder = self.folder.crops(kind, video.name)
        try:
            return CropStore.open(folder, key)
        except (FileNotFoundError, ValueError):  # none, or of other masks
            observations, identities = rows()
            return cut_crops(
                video, observations, folder, self._crop_size, key,
                identities, partial(
                    progress, title=f'{title}, crops of {video.name}'))

    def features(self, video: Video, title: str) -> np.ndarray:
        """Features of a target video's observations by the encoder in use.

        Returns:
            (N, D) float32, unit length, memory-mapped.
        """
        encoder = self.require_encoder()
        key = fingerprint([
            file_hash(encoder), self.model_cfg['reid'],
            file_hash(self.folder.detections(video.name)),
            video_identity(video)])
        path = self.folder.embeddings(video.name, key)
        if not path.is_file():
            crops = self.target_crops(video, title)
            self._load(encoder)
            features = self.model.reid.embed(crops.images)
            if self.model.reid.centred:
                features = centred_features(
                    features, crops.frames, self.observations(video).labels)
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as temporary, temporary.open('wb') as f:
                np.save(f, features, allow_pickle=False)
        return np.load(path, mmap_mode='r', allow_pickle=False)

    def overlaps_task(self, video: Video) -> Task:
        """The stamp of a target video's overlaps."""
        return self.folder.task(
            f'overlaps/{video.name}',
            dict(motion=self.model_cfg['motion'],
                 detections=file_hash(self.folder.detections(video.name)),
                 images=video_identity(video)),
            [self.folder.overlaps(video.name)])

    def overlaps(self, video: Video, title: str) -> Overlaps:
        """Overlaps of a target video's masks along the flow.

        They depend on nothing that the run learns, and flow is costly. So
        they are found on first use and kept, as masks are.
        """
        path = self.folder.overlaps(video.name)

        def find() -> None:
            found = self.find_overlaps(
                video, self.observations(video), title)
            with atomic_path(path) as temporary, temporary.open('wb') as f:
                np.savez(f, **found._asdict())

        self.do(f'{title}, flow', self.overlaps_task(video), find, keep=True)
        with np.load(path, allow_pickle=False) as file:
            return Overlaps(**file)

    def find_overlaps(self, video: Video, table: Observations,
                      title: str) -> Overlaps:
        """Overlaps of some masks of a target video along the flow."""
        wanted = frames_to_read(table.frames, video.num_frames)
        frames = (read_frame(video, t) if want else None
                  for t, want in enumerate(wanted, 1))
        flows = progress(
            self.model.motion.flows(frames, workers=self.threads),
            f'{title}, flow', video.num_frames - 1, 'pair')
        found = adjacent_overlaps(
            table.frames, table.rles, table.size, video.num_frames, flows)
        for _ in flows:  # None is left, but it must come to its end.
            pass
        return found

    def _load(self, encoder: Path) -> None:
        mark = (encoder, file_hash(encoder))
        if self._loaded != mark:
            load_encoder(self.model.reid, encoder)
            self._loaded = mark

    @staticmethod
    def wait() -> None:
        """Wait until all processes are here."""
        barrier()


def finished_run(cfg: Config, root: Path) -> Run:
    """Open a run that is done, to read what it left.

    Args:
        cfg: Its config.
        root: Its work directory.

    Returns:
        The run after its last stage: its encoder is the last one there is.

    Raises:
        FileNotFoundError: There is no encoder, so no run.
    """
    run = Run(
        folder=RunFolder(root),
        videos=DATASETS.build(cfg.test_dataloader.dataset).sequences,
        labelled=[], model=MODELS.build(cfg.model),
        model_cfg=plain(cfg.model.to_dict()), training={}, seed=0,
        resume=True)
    for stage in build_stages(cfg.test_cfg.stages):
        stage.hand_over(run)
    for name in ('inter', 'intra', 'start'):
        if run.folder.encoder(name).is_file():
            run.encoder = run.folder.encoder(name)
            return run
    raise FileNotFoundError(f'{root}: no finished run here, no encoder')


def row_keys(rows: Observations) -> list[tuple[int, str]]:
    """What a mask is known by in another table: frame and pixels."""
    return [(int(frame), _counts(rle['counts']))
            for frame, rle in zip(rows.frames, rows.rles, strict=True)]


def _counts(counts: bytes | str) -> str:
    return counts.decode() if isinstance(counts, bytes) else counts
