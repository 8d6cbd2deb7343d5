"""The parts of ReMOTS as one model."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.models.mot import BaseMOTModel
from numpy.typing import NDArray

from mmremots.config_check import build_part
from mmremots.models.task_modules.tracklet_merger import Merged
from mmremots.models.trackers import Overlaps, sure_links
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures import Observations


@MODELS.register_module()
class ReMOTS(BaseMOTModel):
    """Detector, encoder, motion, tracker and merger, built from config.

    ReMOTS is offline: which of its parts runs when, and with which weights,
    is the business of :class:`mmremots.engine.ReMOTSLoop` and its stages.

    Args:
        detector: Config of the masks' source, a ``MaskFusion``.
        reid: Config of the appearance encoder, a ``ReIDEncoder``.
        motion: Config of the motion between adjacent frames, a
            ``DenseFlow``.
        tracker: Config of the short-term tracker.
        merger: Config of the merger of tracklets.
        data_preprocessor: Unused by the stages; mm's slot for it.
        init_cfg: Initialisation of the whole, as in mmengine.
    """

    def __init__(self,
                 detector: dict,
                 reid: dict,
                 motion: dict,
                 tracker: dict,
                 merger: dict,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.detector = build_part(MODELS, 'model.detector', detector)
        self.reid = build_part(MODELS, 'model.reid', reid)
        self.motion = build_part(MODELS, 'model.motion', motion)
        self.tracker = build_part(MODELS, 'model.tracker', tracker)
        self.merger = build_part(TASK_UTILS, 'model.merger', merger)

    def track(self, table: Observations, tracked_by: NDArray,
              merged_by: NDArray, overlaps: Overlaps, frame_rate: float,
              split: bool = False,
              ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Short-term tracking and merging of a video, with its thresholds.

        What the stages of a run do, in memory and without any file.

        Args:
            table: The N fused masks of the video.
            tracked_by: (N, D) features for short-term tracking.
            merged_by: (N, D) features for merging.
            overlaps: The overlaps of its masks in adjacent frames.
            frame_rate: Frames a second.
            split: Whether tracklets are cut before they are merged.

        Returns:
            (N,) tracklet and (N,) track of each mask.
        """
        tracklets = self.tracker.track(
            table.frames, table.labels, tracked_by, overlaps).ids
        if split:
            tracklets = self.merger.split(
                merged_by, table.frames, tracklets, table.labels).ids
        return tracklets, self.merge(
            table, merged_by, tracklets, overlaps, frame_rate).ids

    def merge(self, table: Observations, features: NDArray,
              tracklets: NDArray[np.int64], overlaps: Overlaps,
              frame_rate: float) -> Merged:
        """Merging of a video's tracklets, with the threshold it gives.

        Args:
            table: The N fused masks of the video.
            features: (N, D) features.
            tracklets: (N,) tracklet of each mask.
            overlaps: As of :meth:`track`.
            frame_rate: Frames a second.

        Returns:
            (N,) track of each mask, and thresholds.
        """
        sure = sure_links(overlaps, table.labels)
        return self.merger.merge(
            features, table.frames, tracklets, table.labels, frame_rate,
            table.boxes, np.stack(
                [overlaps.previous[sure], overlaps.current[sure]], axis=1))

    def loss(self, inputs: Any, data_samples: Any, **kwargs: Any) -> dict:
        """Not here: the encoder is trained by the training stages."""
        raise NotImplementedError(
            'ReMOTS trains its encoder in the stages IntraFrameTraining and '
            'InterTrackletTraining; train a detector or an encoder alone '
            'with tools/train.py')

    def predict(self, inputs: Any, data_samples: Any, **kwargs: Any) -> Any:
        """Not here: a whole video takes several passes."""
        raise NotImplementedError(
            'ReMOTS looks at whole videos several times; run it with '
            'test_cfg=dict(type="ReMOTSLoop", stages=[...])')
