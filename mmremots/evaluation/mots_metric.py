"""The MOTS metric in the way of mmdet."""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import numpy as np
from mmdet.evaluation.metrics import BaseVideoMetric
from mmengine.logging import print_log

from mmremots.datasets.annotation_files import find_annotation
from mmremots.datasets.layouts import place_of_image
from mmremots.formats.ground_truth import read_truth
from mmremots.formats.image_names import image_run
from mmremots.formats.observation_files import write_mots
from mmremots.registry import METRICS
from mmremots.structures.classes import CAR, PEDESTRIAN
from mmremots.structures.masks import (
    RLE,
    encode_mask,
    resolve_overlaps,
    rle_area,
    rle_bbox,
)
from mmremots.structures.observations import Observations
from mmremots.structures.video import DEFAULT_FRAME_RATE, Video

from .mots_evaluation import COMBINED, evaluate_mots, format_tables
from .mots_files import check_truth_file
from .submission import write_submission


@METRICS.register_module()
class MOTSChallengeMetric(BaseVideoMetric):
    """MOTS scores of tracked masks by TrackEval, and the files to submit.

    For a model of mmdet's: takes ``pred_track_instances`` of each frame
    (``instances_id``, ``masks``, ``labels``, ``scores``), image by image or
    video by video. The sequence is known from the image path, like
    ``<root>/<sequence>/img1/000001.jpg``; its ground truth is sought where
    data sets have it, see
    :func:`mmremots.datasets.annotation_files.find_annotation`. In MOTS masks
    must not overlap: a pixel that several claim goes to the best score, and
    a mask that is left with none is dropped.

    Where the files are already written, :meth:`evaluate_tracks` scores them.

    Args:
        outfile_prefix: Folder for ``<sequence>.txt``, each written when its
            video is complete; other files in it are left alone. Defaults to
            None, a temporary folder.
        format_only: Write the files and a ``submission.zip`` beside them,
            and do not evaluate. Needs ``outfile_prefix``. Defaults to False.
        class_ids: MOTS class to label of the model, as in
            :class:`MOTSChallengeDataset`; other labels are left out.
            Defaults to ``{2: 0}``.
        collect_device: Only 'cpu', as in mmdet. Defaults to 'cpu'.
        prefix: Of the keys. Defaults to None, which is 'mots'.
    """

    default_prefix: str | None = 'mots'
    #: What scores, see :func:`evaluate_mots`.
    benchmark = 'MOTSChallenge'
    #: MOTS class to label of the model.
    CLASS_IDS: Mapping[int, int] = MappingProxyType({PEDESTRIAN: 0})

    def __init__(self,
                 outfile_prefix: str | os.PathLike[str] | None = None,
                 format_only: bool = False,
                 class_ids: Mapping[int, int] | None = None,
                 collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if format_only and outfile_prefix is None:
            raise ValueError(
                'format_only writes files: say where with outfile_prefix')
        self.outfile_prefix = outfile_prefix
        self.format_only = format_only
        self.class_of_label = {
            label: class_id
            for class_id, label in (class_ids or self.CLASS_IDS).items()}
        self._frames: dict[Path, list[_Frame]] = {}
        self._told = ''

    def evaluate_tracks(self, sequences: Iterable[Video],
                        tracks_dir: str | os.PathLike[str]
                        ) -> dict[str, float]:
        """Score MOTS files, see :func:`evaluate_mots`.

        Args:
            sequences: The sequences. Those without ground truth are left
                out, and the log says which.
            tracks_dir: Folder with ``<sequence>.txt``.

        Returns:
            Scores by ``mots/<name>`` for all sequences together and by
            ``mots/<sequence>/<name>`` for each; empty without any ground
            truth.
        """
        scores = self._evaluate(sequences, tracks_dir)
        return {f'{self.prefix}/{key}': value
                for key, value in scores.items()}

    def process(self, data_batch: Any,
                data_samples: Sequence[Any]) -> None:
        """Take the data samples of one step, videos or single frames."""
        super().process(data_batch, [_as_dict(s) for s in data_samples])

    def process_image(self, data_samples: Sequence[Any],
                      video_len: int) -> None:
        """Take the next frame of a video; the last one finishes it."""
        for sample in data_samples:
            frame = self._read_frame(_as_dict(sample))
            if frame.number == 1:
                self._check_truth(frame)
                self._frames[frame.folder] = []
            frames = self._frames.setdefault(frame.folder, [])
            if frame.number != len(frames) + 1:
                raise ValueError(
                    f'{frame.img_path}: frame {frame.number} came where '
                    f'frame {len(frames) + 1} was due; frames of a video '
                    'must come in order, all to one process')
            frames.append(frame)
            if frame.number == video_len:
                self._finish_video(frame.folder)

    def process_video(self, data_samples: Sequence[Any]) -> None:
        """Take all frames of a video."""
        self.process_image(data_samples, len(data_samples))

    def compute_metrics(
            self, results: list[tuple[Video, Observations, np.ndarray]]
    ) -> dict[str, float]:
        """Score the videos processed; called on the main process."""
        if self._frames:
            raise ValueError('the last frames are missing of '
                             + ', '.join(sorted(map(str, self._frames))))
        sequences = [sequence for sequence, _, _ in results]
        if self.format_only:
            assert self.outfile_prefix is not None
            write_submission(
                self.outfile_prefix, sequences,
                Path(self.outfile_prefix, 'submission.zip'))
            return {}
        with ExitStack() as stack:
            tracks_dir = self.outfile_prefix
            if tracks_dir is None:
                tracks_dir = stack.enter_context(TemporaryDirectory())
                for sequence, table, ids in results:
                    write_mots(
                        Path(tracks_dir, f'{sequence.name}.txt'), table, ids)
            scores = self._evaluate(sequences, tracks_dir)
        if scores:
            print_log('\n' + format_tables(
                {'result': {f'mots/{k}': v for k, v in scores.items()}}),
                'current')
        return scores

    def _evaluate(self, sequences: Iterable[Video],
                  tracks_dir: str | os.PathLike[str]) -> dict[str, float]:
        sequences = list(sequences)
        without = ', '.join(s.name for s in sequences if s.gt_path is None)
        if without != self._told:  # Once, not for each stage of a run.
            self._told = without
            print_log(f'not evaluated, no ground truth: {without}', 'current')
        scores = evaluate_mots(sequences, tracks_dir, self.benchmark)
        combined = scores.pop(COMBINED, {})
        return combined | {
            f'{sequence}/{name}': value
            for sequence, row in scores.items()
            for name, value in row.items()}

    def _read_frame(self, sample: Mapping[str, Any]) -> _Frame:
        """Check one data sample and make its masks disjoint."""
        img_path = sample['img_path']
        folder = place_of_image(Path(img_path)).folder
        if not folder.name:
            raise ValueError(
                f'{img_path}: the path must name the sequence, like '
                'MOTS20-02/img1/000001.jpg')
        if 'pred_track_instances' not in sample:
            raise ValueError(
                f'{img_path}: no pred_track_instances; is the model a '
                'tracker?')
        try:
            ids, labels, rles = _disjoint_masks(
                _as_dict(sample['pred_track_instances']),
                sample['ori_shape'][:2], self.class_of_label)
        except ValueError as error:
            raise ValueError(f'{img_path}: {error}') from error
        height, width = sample['ori_shape'][:2]
        return _Frame(folder, int(sample['frame_id']) + 1, img_path,
                      (height, width), ids, labels, rles)

    def _check_truth(self, frame: _Frame) -> None:
        """Find before the video what would fail after the last one."""
        gt_path = _truth_path(frame)
        if not self.format_only and gt_path is not None:
            check_truth_file(gt_path, frame.size)

    def _finish_video(self, folder: Path) -> None:
        """Make the table of a video and write its file."""
        frames = self._frames.pop(folder)
        last = frames[-1]
        images = image_run(Path(frame.img_path) for frame in frames)
        sequence = Video(
            folder.name, tuple(frame.img_path for frame in frames),
            *last.size, DEFAULT_FRAME_RATE, _truth_path(last),
            tuple(images.numbers), str(folder))
        try:
            read_truth(sequence)
        except ValueError as error:
            raise ValueError(
                f'{last.img_path} came as frame {last.number}, the last one; '
                'ground truth cannot score a part of a sequence: '
                f'{error}') from None
        rles = [rle for frame in frames for rle in frame.rles]
        table = Observations(
            frames=np.repeat(
                np.array([frame.number for frame in frames]),
                [len(frame.ids) for frame in frames]),
            boxes=rle_bbox(rles).astype(np.float32),
            scores=np.ones(len(rles), np.float32),
            labels=np.concatenate([frame.labels for frame in frames]),
            rles=rles,
            size=last.size)
        ids = np.concatenate([frame.ids for frame in frames])
        if self.outfile_prefix is not None:
            write_mots(
                Path(self.outfile_prefix, f'{folder.name}.txt'), table, ids)
        self.results.append((sequence, table, ids))


@METRICS.register_module()
class KittiMOTSMetric(MOTSChallengeMetric):
    """Scores of KITTI MOTS, cars and pedestrians each for themselves.

    Keys are ``mots/car_sMOTSA``, ``mots/0002/pedestrian_IDF1`` and so on.
    The submission numbers frames from 0, as the images are named.
    """

    benchmark = 'KittiMOTS'
    CLASS_IDS = MappingProxyType({CAR: 0, PEDESTRIAN: 1})


@dataclass(frozen=True)
class _Frame:
    """One frame of a video: disjoint masks with an id each."""

    folder: Path
    number: int
    img_path: str
    size: tuple[int, int]
    ids: np.ndarray
    labels: np.ndarray
    rles: list[RLE]


def _truth_path(frame: _Frame) -> str | None:
    place = place_of_image(Path(frame.img_path))
    found = find_annotation(place.folder.name, place.folder, place.root)
    return None if found.path is None else str(found.path)


def _disjoint_masks(
        instances: Mapping[str, Any], size: tuple[int, int],
        class_of_label: Mapping[int, int]
) -> tuple[np.ndarray, np.ndarray, list[RLE]]:
    """Ids, MOTS classes and masks of mmdet's instances, masks disjoint."""
    ids = _as_array(instances['instances_id']).astype(np.int64)
    labels = _as_array(instances['labels']).astype(np.int64)
    scores = _as_array(instances.get('scores', np.ones(len(ids))))
    masks = instances.get('masks', [] if not len(ids) else None)
    if masks is None:
        raise ValueError(
            'pred_track_instances has no masks; MOTS needs a tracker and a '
            'detector that give them')
    rles = [mask if isinstance(mask, dict) else encode_mask(_as_array(mask))
            for mask in masks]
    if (ids < 0).any() or len(np.unique(ids)) < len(ids):
        raise ValueError(
            f'ids of a frame must differ and be at least 0, got {ids}')
    for rle in rles:
        if list(rle['size']) != list(size):
            raise ValueError(
                f'a mask is {rle["size"][0]} x {rle["size"][1]} (h x w), '
                f'the image {size[0]} x {size[1]}; were masks not rescaled?')
    kept = [index for index, label in enumerate(labels)
            if int(label) in class_of_label]
    rles = resolve_overlaps(
        [rles[index] for index in kept], scores[kept])
    areas = rle_area(rles)
    rles = [rle for rle, area in zip(rles, areas, strict=True) if area]
    kept = [index for index, area in zip(kept, areas, strict=True) if area]
    classes = np.array(
        [class_of_label[int(labels[index])] for index in kept], np.int64)
    return ids[kept], classes, rles


def _as_dict(element: Any) -> Mapping[str, Any]:
    return element.to_dict() if hasattr(element, 'to_dict') else element


def _as_array(values: Any) -> np.ndarray:
    return np.asarray(values.cpu() if hasattr(values, 'cpu') else values)
