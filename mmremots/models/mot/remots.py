"""The parts of ReMOTS as one model."""
from __future__ import annotations

from typing import Any

from mmdet.models.mot import BaseMOTModel
from numpy.typing import NDArray

from mmremots.config_check import build_part
from mmremots.models.task_modules import Tracked
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures import Observations, Overlaps


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

    def init_weights(self) -> None:
        """Load what ``reid.init_cfg`` names; random weights stay as built.

        Some tools call this before a test and others do not: a run must not
        depend on that.
        """
        if self.reid.pretrained is not None:
            self.reid.init_weights()

    def track(self, table: Observations, features: NDArray,
              overlaps: Overlaps, frame_rate: float, split: bool = False,
              merged_by: NDArray | None = None) -> tuple[Tracked, Tracked]:
        """Short-term tracking and merging of a video, in memory.

        Args:
            table: The N fused masks of the video.
            features: (N, D) features of unit length.
            overlaps: The overlaps of its masks in adjacent frames.
            frame_rate: Frames a second.
            split: Whether tracklets are cut before they are merged.
            merged_by: (N, D) features of a second encoder, for all but
                short-term tracking; None for the same ones.

        Returns:
            Tracklets and tracks.
        """
        tracklets = self.tracker.track(table, features, overlaps, frame_rate)
        merged_by = features if merged_by is None else merged_by
        if split:
            tracklets = self.merger.split(table, merged_by, tracklets.ids)
        return tracklets, self.merger.merge(
            table, merged_by, tracklets.ids, overlaps, frame_rate)

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
