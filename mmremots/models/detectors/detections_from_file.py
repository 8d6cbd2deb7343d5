"""Detections that some detector left in files."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmremots.formats.row_tables import (
    NoMasksError,
    Reading,
    ReadingOptions,
)
from mmremots.registry import MODELS
from mmremots.structures.classes import PEDESTRIAN
from mmremots.structures.files import file_sha256
from mmremots.structures.observations import Observations

from .base import BaseMaskSource
from .detection_files import (
    check_scores,
    class_map,
    find_ann_file,
    find_files,
    images_beside,
    known_names,
    read_file,
    scaled,
)

if TYPE_CHECKING:
    from mmremots.structures.video import Video


def check_thresholds(score_thr: float, weak_thr: float | None) -> None:
    """Check the two thresholds of a source, or of one class of it.

    Raises:
        ValueError: If one is no number, or weak masks would be strong ones.
    """
    if not np.isfinite(score_thr):
        raise ValueError(f'score_thr is {score_thr}, not a number')
    if weak_thr is not None and not weak_thr < score_thr:
        raise ValueError(
            f'weak_thr is {weak_thr}, not below score_thr, {score_thr}')


@MODELS.register_module()
class DetectionsFromFile(BaseMaskSource):
    """A source of :class:`~.mask_fusion.MaskFusion` that reads files.

    TrackR-CNN text (``.txt``, :func:`~mmremots.formats.read_detections`)
    and COCO's JSON (``.json``, ``.jsonl``,
    :func:`~mmremots.formats.coco_results.detections_in_coco`) are
    understood, packed by gzip (``.gz``) or not.

    Args:
        path: Where a sequence's detections are. ``{sequence}`` stands for
            its name; without it the path lies in the sequence's folder, as
            in ``'det/det.txt'``. Wildcards may match several files, each the
            work of one detector.
        score_thr: Least score; or that of each MOTS class, as ``{1: 0.5,
            2: 0.2}``, which then are the classes that are taken.
        classes: MOTS class of each class in the file; others are left out.
            By number, or by name where the file or ``ann_file`` has names.
            Default: people alone, {2: 2} in text and {1: 2} in COCO results,
            or by the names person and pedestrian; cars, too (1 in text, 3
            in COCO results, or by the name), where ``score_thr`` has one
            for them.
        score_weight: Scores are multiplied by this, after the threshold, to
            make those of different detectors comparable.
        weak_thr: Least score of weak masks, which are no observations but
            may continue a track, see ``TrackExtension``. Defaults to None,
            no weak masks.
        first_frame: What the files call the first frame. Defaults to None,
            as the sequence's images and ground truth do: 1 in MOTSChallenge,
            0 in KITTI MOTS.
        ann_file: COCO JSON with the list of images that ``image_id`` numbers,
            as over all sequences; as ``path``, or relative to where the
            command runs. Defaults to None: a list in the file itself, or in
            a JSON beside it that ``path`` matches, too; without one,
            ``image_id`` is the frame.
        score_scale: What the files have for a score of 1, 100 if they are in
            percent; scores are divided by it before anything else. Defaults
            to None, 1, and scores like percent are an error.
        fix_counts: Read RLEs that were spoilt when they were written
            (``b'...'``, doubled backslashes), which else are an error.
        resize_masks: Scale masks to the images' size, another one of which
            else is an error.
        strict: Whether polygons of fewer than three corners are an error;
            else they are left out and counted.

    Raises:
        ValueError: If an argument is out of range.
    """

    needs_image = False

    def __init__(
            self, path: str, score_thr: float | Mapping[int, float] = 0.0,
            classes: Mapping[int | str, int] | None = None,
            score_weight: float = 1.0,
            weak_thr: float | None = None,
            first_frame: int | None = None,
            ann_file: str | None = None,
            score_scale: float | None = None,
            fix_counts: bool = False,
            resize_masks: bool = False,
            strict: bool = False) -> None:
        super().__init__()
        self.score_thr: float | dict[int, float]
        if isinstance(score_thr, Mapping):
            self.score_thr = {
                int(label): float(thr) for label, thr in score_thr.items()}
            for thr in self.score_thr.values():
                check_thresholds(thr, weak_thr)
        else:
            check_thresholds(score_thr, weak_thr)
            self.score_thr = float(score_thr)
        if not (np.isfinite(score_weight) and score_weight > 0):
            raise ValueError(f'score_weight is {score_weight}, not above 0')
        self.path = path
        self.classes = None if classes is None else {
            _number_or_name(theirs): int(ours)
            for theirs, ours in classes.items()}
        self.score_weight = score_weight
        self.weak_thr = weak_thr
        if score_scale is not None and not (
                np.isfinite(score_scale) and score_scale > 0):
            raise ValueError(f'score_scale is {score_scale}, not above 0')
        self.first_frame = first_frame
        self.ann_file = ann_file
        self.score_scale = score_scale
        self.options = ReadingOptions(
            fix_counts=fix_counts, resize_masks=resize_masks, strict=strict)
        self._opened: Video | None = None
        self._table = Observations.empty()

    def check(self, sequence: Video) -> None:
        """Read all of a sequence's files; warn where they hold nothing.

        Raises:
            FileNotFoundError: If there is no file.
            ValueError: If one is not as it should be; names file and line.
        """
        for path, reading in self._readings(sequence):
            first = (sequence.first_frame if self.first_frame is None
                     else self.first_frame)
            print_log(f'{sequence.name}: {path}: '
                      f'{reading.line(first, known_names(reading))}',
                      'current')
            for doubt in reading.doubts:
                print_log(doubt, 'current', logging.WARNING)
            found = self._taken(reading, path)
            if not (found.scores >= self._least(found)).any():
                print_log(
                    f'{path}: none of {len(found)} detections of sequence '
                    f'{sequence.name} has a score of {self.score_thr} or '
                    'more', 'current', logging.WARNING)

    def fingerprint(self, sequence: Video) -> dict[str, Any]:
        """Names and SHA-256 of the files, and what is made of them."""
        classes = self.classes and sorted(
            self.classes.items(), key=lambda pair: str(pair[0]))
        return {
            'score_thr': (
                sorted(self.score_thr.items())
                if isinstance(self.score_thr, dict) else self.score_thr),
            'classes': classes,
            'score_weight': self.score_weight, 'weak_thr': self.weak_thr,
            'first_frame': self.first_frame, 'score_scale': self.score_scale,
            'options': asdict(self.options),
            'images': None if self.ann_file is None else file_sha256(
                find_ann_file(self.ann_file, sequence)),
            'files': [[path.name, file_sha256(path)]
                      for path in find_files(self.path, sequence)]}

    def detect(
            self, image: NDArray[np.uint8] | None, sequence: Video,
            frame: int) -> Observations:
        """The detections of one frame.

        Args:
            image: Not looked at.
            sequence: The sequence; its files are read when the one before
                was another.
            frame: 1-based.
        """
        found = self._of_frame(sequence, frame)
        return self._weighted(
            found.take(found.scores >= self._least(found)))

    def detect_weak(self, sequence: Video, frame: int) -> Observations:
        """The weak masks of one frame: below ``score_thr``."""
        found = self._of_frame(sequence, frame)
        least = np.inf if self.weak_thr is None else self.weak_thr
        return self._weighted(found.take(
            (found.scores < self._least(found)) & (found.scores >= least)))

    def _least(self, found: Observations) -> Any:
        """Least score, of each mask where classes have their own."""
        if not isinstance(self.score_thr, dict):
            return self.score_thr
        return np.array([self.score_thr.get(label, np.inf)
                         for label in found.labels.tolist()])

    def _of_frame(self, sequence: Video, frame: int) -> Observations:
        """All that the files hold of one frame."""
        if self._opened != sequence:
            self._table = Observations.concatenate([
                self._taken(found, path)
                for path, found in self._readings(sequence)])
            self._opened = sequence
        return self._table.take(self._table.of_frame(frame))

    def _readings(self, sequence: Video) -> list[tuple[Path, Reading]]:
        """What the sequence's files hold.

        A file of boxes, or of a list of images, beside others is none.
        """
        files = find_files(self.path, sequence)
        images = images_beside(files) if self.ann_file is None else (
            find_ann_file(self.ann_file, sequence))
        readings: list[tuple[Path, Reading]] = []
        boxes: list[NoMasksError] = []
        for path in files:
            if path == images:
                continue
            try:
                found = read_file(
                    path, sequence, self.first_frame, images, self.options)
            except NoMasksError as error:
                boxes.append(error)
                continue
            if self.score_scale is None:
                found.doubts += check_scores(found, path)
            else:
                scaled(found, self.score_scale)
            readings.append((path, found))
        if boxes and not readings:
            raise boxes[0]
        if boxes:
            readings[0][1].doubts += [f'{error}: left out' for error in boxes]
        return readings

    def _taken(self, found: Reading, path: Path) -> Observations:
        """All detections of the classes asked for, labels mapped."""
        classes = class_map(
            found, self.classes, self.score_thr
            if isinstance(self.score_thr, dict) else (PEDESTRIAN,), path)
        table = found.table
        present = np.unique(table.labels).tolist()
        if present and not set(present) & set(classes):
            first = found.names.get(present[0], present[0])
            raise ValueError(
                f'{path}: holds classes {present}, of which the class map '
                f'{classes} takes none; classes={{{first!r}: 2}} takes '
                f'{first} for pedestrians')
        table = table.take(np.isin(table.labels, list(classes)))
        labels = [classes[label] for label in table.labels.tolist()]
        return replace(table, labels=np.array(labels, dtype=np.int64))

    def _weighted(self, found: Observations) -> Observations:
        return replace(
            found, scores=found.scores * np.float32(self.score_weight))


def _number_or_name(name: int | str) -> int | str:
    """A class as the user has it: a number, if it looks like one."""
    try:
        return int(name)
    except ValueError:
        return str(name)
