"""What every detector that runs on the frames has in common."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmremots.structures.observations import Observations

from .base import BaseMaskSource
from .detections_from_file import DetectionsFromFile, check_thresholds

if TYPE_CHECKING:
    from mmremots.structures.video import Video


class LiveDetector(BaseMaskSource):
    """A source of :class:`~.mask_fusion.MaskFusion` that looks at frames.

    A subclass says what it is made of and detects on batches; that is all it
    takes to put a detector from elsewhere into ReMOTS.

    Args:
        name: Short, fit for a folder.
        score_thr: Least score.
        labels: The MOTS classes it finds.
        score_weight: Scores are multiplied by this, after the threshold, to
            make those of different detectors comparable.
        batch_size: Frames that are detected on at once.
        weak_thr: Least score of weak masks, which are no observations but
            may continue a track; None for no weak masks.

    Raises:
        ValueError: If an argument is out of range.
    """

    needs_image = True

    def __init__(
            self, name: str, score_thr: float, labels: Sequence[int],
            score_weight: float = 1.0, batch_size: int = 1,
            weak_thr: float | None = None) -> None:
        super().__init__()
        check_thresholds(score_thr, weak_thr)
        if not (np.isfinite(score_weight) and score_weight > 0):
            raise ValueError(f'score_weight is {score_weight}, not above 0')
        if batch_size < 1:
            raise ValueError(f'batch_size is {batch_size}, not 1 or more')
        self.name = name
        self.score_thr = float(score_thr)
        self.labels = tuple(labels)
        self.score_weight = float(score_weight)
        self.batch_size = batch_size
        self.weak_thr = weak_thr

    @property
    def least_score(self) -> float:
        """Least score of what :meth:`detect_batch` gives, weak or not."""
        return self.score_thr if self.weak_thr is None else self.weak_thr

    @abstractmethod
    def raw_fingerprint(self) -> dict[str, Any]:
        """JSON-able: all that :meth:`detect_batch` depends on but frames.

        That is settings and the hash of weights, not where they lie.
        """

    @abstractmethod
    def detect_batch(
            self, inputs: Sequence[Any],
            frames: Sequence[int]) -> list[Observations]:
        """The detections of frames, scores not weighted.

        Args:
            inputs: What :meth:`transform` made of each frame.
            frames: Their numbers, from 1.
        """

    @property
    def transform(self) -> Any:
        """Callable that makes of an image what :meth:`detect_batch` takes.

        It runs in loader workers and must pickle, without the network.
        """
        return _unchanged

    def unload(self) -> None:
        """Let go of memory until the next detection."""

    def fingerprint(self, sequence: Video) -> dict[str, Any]:
        """JSON-able: all that the detections depend on but the frames."""
        return {**self.raw_fingerprint(), 'score_weight': self.score_weight,
                'score_thr': self.score_thr, 'weak_thr': self.weak_thr}

    def detect(
            self, image: NDArray[np.uint8] | None, sequence: Video,
            frame: int) -> Observations:
        """The detections of one frame.

        Args:
            image: (H, W, 3) uint8, BGR.
            sequence: Not looked at.
            frame: 1-based.
        """
        found, = self.detect_batch([self.transform(image)], [frame])
        found = found.take(found.scores >= self.score_thr)
        return replace(
            found, scores=found.scores * np.float32(self.score_weight))

    def stored(self, path: Path) -> DetectionsFromFile:
        """This detector, what :meth:`detect_batch` found being in a file."""
        return DetectionsFromFile(
            str(path), self.score_thr, {label: label for label in self.labels},
            self.score_weight, self.weak_thr, first_frame=1, score_scale=1)


def _unchanged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image
