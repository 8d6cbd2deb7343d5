"""What a short-term tracker and a merger are, for those who write one."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmremots.models.task_modules.thresholds import Evidence
from mmremots.structures import Observations, Overlaps


class Tracked(NamedTuple):
    """The tracklets or tracks of a video.

    Attributes:
        ids: (N,) int64 id of each mask, from 1.
        evidence: Of each class the threshold that was used, and the
            similarities it was taken from, which the run plots; empty where
            appearance was not looked at.
    """

    ids: NDArray[np.int64]
    evidence: dict[int, Evidence]


class BaseShortTermTracker(metaclass=ABCMeta):
    """Links the masks of a video into tracklets of one person each."""

    @abstractmethod
    def track(self, table: Observations, features: NDArray,
              overlaps: Overlaps, frame_rate: float) -> Tracked:
        """Give each mask its tracklet.

        Args:
            table: The N fused masks of the video.
            features: (N, D) features of unit length; may be a memory map.
            overlaps: The overlaps of masks of adjacent frames along the
                flow.
            frame_rate: Frames a second.

        Returns:
            Ids, of one class each and once in a frame, and thresholds.
        """


class BaseMerger(metaclass=ABCMeta):
    """Merges the tracklets of a video into tracks."""

    @abstractmethod
    def merge(self, table: Observations, features: NDArray,
              tracklets: NDArray[np.int64], overlaps: Overlaps,
              frame_rate: float) -> Tracked:
        """Give each mask its track.

        Args:
            table: The N fused masks of the video.
            features: (N, D) features of unit length; may be a memory map.
            tracklets: (N,) tracklet of each mask.
            overlaps: As of :meth:`BaseShortTermTracker.track`.
            frame_rate: Frames a second.

        Returns:
            Ids, of one class each and once in a frame, and thresholds.
        """

    def split(self, table: Observations, features: NDArray,
              tracklets: NDArray[np.int64]) -> Tracked:
        """Cut tracklets whose parts would not be merged.

        Only the stage ``TrackletSplitting`` asks for it.

        Args:
            table: As of :meth:`merge`.
            features: As of :meth:`merge`.
            tracklets: As of :meth:`merge`.

        Returns:
            The parts, and thresholds.
        """
        raise TypeError(
            f'{type(self).__name__} cannot split tracklets; leave '
            'TrackletSplitting out of the stages')
