"""The parts of ReMOTS as one model."""
from __future__ import annotations

from typing import Any

from mmdet.models.mot import BaseMOTModel
from numpy.typing import NDArray
from torch import Tensor

from mmremots.config_check import build_part
from mmremots.models.checkpoint import differences
from mmremots.models.reid.checkpoint import OF_MODEL, fit_encoder
from mmremots.models.task_modules import Tracked
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures import Observations, Overlaps


@MODELS.register_module()
class ReMOTS(BaseMOTModel):
    """Detector, encoder, motion, tracker and merger, built from config.

    ReMOTS is offline: which of its parts runs when, and with which weights,
    is the business of :class:`mmremots.engine.ReMOTSLoop` and its stages.

    A checkpoint of an encoder alone is loaded into ``reid``, by whatever way
    it comes, ``load_from`` or mmdet's ``init_track_model``; any other has all
    weights of the model, or loading fails.

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
        self.register_load_state_dict_pre_hook(_fit)

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


def _fit(model: ReMOTS, state: dict[str, Tensor], prefix: str,
         *_: Any) -> None:
    """Make a state dict, in place, the one of the model, or fail.

    Raises:
        ValueError: If weights are missing, left over or of another shape.
    """
    reid = prefix + OF_MODEL
    parts = tuple(f'{prefix}{name}.' for name, _ in model.named_children()
                  if name != 'data_preprocessor')
    others = {key: value
              for key, value in model.state_dict(prefix=prefix).items()
              if not key.startswith(reid)}
    if any(key.startswith(parts) for key in state):
        problems = differences(others, {
            key: value for key, value in state.items()
            if not key.startswith(reid)})
        if problems:
            raise ValueError('\n'.join([
                'these weights are not of this ReMOTS', *problems]))
    else:  # An encoder's.
        for key in list(state):
            state[reid + key.removeprefix(prefix)] = state.pop(key)
        state.update(others)
    fit_encoder(model.reid, state, reid)
