"""Detections that some detector left in files."""
from __future__ import annotations

import glob
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray
from torch import nn

from mmremots.registry import MODELS
from mmremots.structures.coco_results import read_coco_results
from mmremots.structures.files import file_sha256
from mmremots.structures.observation_files import read_detections
from mmremots.structures.observations import Observations
from mmremots.structures.video import sequence_folder

if TYPE_CHECKING:
    from mmremots.structures.video import Video

#: Class maps for people: TrackR-CNN counts as MOTS does, COCO from person.
_PERSON = {'.txt': {2: 2}, '.json': {1: 2}}
#: The same for whichever classes have a threshold: cars, too.
_OF_MOTS = {'.txt': {1: 1, 2: 2}, '.json': {3: 1, 1: 2}}


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
class DetectionsFromFile(nn.Module):
    """A source of :class:`~.mask_fusion.MaskFusion` that reads files.

    TrackR-CNN text (``.txt``, :func:`~mmremots.structures.read_detections`)
    and COCO results (``.json``,
    :func:`~mmremots.structures.read_coco_results`) are understood.

    Args:
        path: Where a sequence's detections are. ``{sequence}`` stands for
            its name; without it the path lies in the sequence's folder, as
            in ``'det/det.txt'``. Wildcards may match several files, each the
            work of one detector.
        score_thr: Least score; or that of each MOTS class, as ``{1: 0.5,
            2: 0.2}``, which then are the classes that are taken.
        classes: MOTS class of each class in the file; others are left out.
            Default: people alone, {2: 2} in text and {1: 2} in COCO results;
            cars, too (1 in text, 3 in COCO results), where ``score_thr``
            has one for them.
        score_weight: Scores are multiplied by this, after the threshold, to
            make those of different detectors comparable.
        weak_thr: Least score of weak masks, which are no observations but
            may continue a track, see ``TrackExtension``. Defaults to None,
            no weak masks.

    Raises:
        ValueError: If an argument is out of range.
    """

    needs_image = False

    def __init__(
            self, path: str, score_thr: float | Mapping[int, float] = 0.0,
            classes: Mapping[int, int] | None = None,
            score_weight: float = 1.0,
            weak_thr: float | None = None) -> None:
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
            int(theirs): int(ours) for theirs, ours in classes.items()}
        self.score_weight = score_weight
        self.weak_thr = weak_thr
        self._opened: Video | None = None
        self._table = Observations.empty()

    def check(self, sequence: Video) -> None:
        """Read all of a sequence's files; warn where they hold nothing.

        Raises:
            FileNotFoundError: If there is no file.
            ValueError: If one is not as it should be; names file and line.
        """
        for path in self._files(sequence):
            found = self._read(path, sequence)
            if not (found.scores >= self._least(found)).any():
                print_log(
                    f'{path}: none of {len(found)} detections of sequence '
                    f'{sequence.name} has a score of {self.score_thr} or '
                    'more', 'current', logging.WARNING)

    def fingerprint(self, sequence: Video) -> dict[str, Any]:
        """Names and SHA-256 of the files, and what is made of them."""
        classes = self.classes and sorted(self.classes.items())
        return {
            'score_thr': (
                sorted(self.score_thr.items())
                if isinstance(self.score_thr, dict) else self.score_thr),
            'classes': classes,
            'score_weight': self.score_weight, 'weak_thr': self.weak_thr,
            'files': [[path.name, file_sha256(path)]
                      for path in self._files(sequence)]}

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
                self._read(path, sequence) for path in self._files(sequence)])
            self._opened = sequence
        return self._table.take(self._table.of_frame(frame))

    def _files(self, sequence: Video) -> list[Path]:
        """The sequence's files, sorted by name."""
        if '{sequence}' in self.path:
            pattern = Path(self.path.replace('{sequence}', sequence.name))
            # The name is text: its brackets and stars match themselves.
            wildcard = Path(self.path).name.replace(
                '{sequence}', glob.escape(sequence.name))
        else:
            pattern = sequence_folder(sequence) / self.path
            wildcard = pattern.name
        matches = [pattern] if pattern.is_file() else (
            pattern.parent.glob(wildcard))
        files = sorted(
            path for path in matches
            if path.suffix in _PERSON and not path.name.startswith('.'))
        if not files:
            raise FileNotFoundError(
                f'{pattern}: no detections (.txt or .json) of sequence '
                f'{sequence.name}')
        return files

    def _read(self, path: Path, sequence: Video) -> Observations:
        """All detections of the classes asked for, labels mapped."""
        classes = self.classes
        if classes is None:
            classes = _PERSON[path.suffix]
            if isinstance(self.score_thr, dict):
                classes = {
                    theirs: ours
                    for theirs, ours in _OF_MOTS[path.suffix].items()
                    if ours in self.score_thr}
        if path.suffix == '.json':
            found = read_coco_results(
                path, sequence.size, sequence.num_frames, None)
        else:
            found = read_detections(
                path, sequence.size, sequence.num_frames)
        present = np.unique(found.labels).tolist()
        if present and not set(present) & set(classes):
            raise ValueError(
                f'{path}: holds classes {present}, of which the class map '
                f'{classes} takes none')
        found = found.take(np.isin(found.labels, list(classes)))
        labels = [classes[label] for label in found.labels.tolist()]
        return Observations(
            found.frames, found.boxes, found.scores,
            np.array(labels, dtype=np.int64), found.rles, found.size)

    def _weighted(self, found: Observations) -> Observations:
        return replace(
            found, scores=found.scores * np.float32(self.score_weight))
