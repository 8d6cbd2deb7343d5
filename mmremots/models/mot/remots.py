"""The parts of ReMOTS as one model."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet.models.mot import BaseMOTModel
from mmdet.structures import DetDataSample, TrackDataSample
from numpy.typing import NDArray
from torch import Tensor

from mmremots.config_check import build_part
from mmremots.models.checkpoint import differences
from mmremots.models.detectors import MaskFusion
from mmremots.models.reid import BaseEncoder
from mmremots.models.reid.checkpoint import OF_MODEL, fit_encoder
from mmremots.models.task_modules import (
    BaseMerger,
    BaseShortTermTracker,
    Tracked,
)
from mmremots.models.trackers import adjacent_overlaps
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures import Observations, Overlaps
from mmremots.structures.crops import crop_boxes, cut_out
from mmremots.structures.data_samples import put_tracks, video_of
from mmremots.structures.video import Video, read_frame


@MODELS.register_module()
class ReMOTS(BaseMOTModel):
    """Detector, encoder, motion, tracker and merger, built from config.

    ReMOTS is offline: which of its parts runs when, and with which weights,
    is the business of :class:`mmremots.engine.ReMOTSLoop` and its stages.
    :meth:`predict` is what is left of it without trainings.

    A checkpoint of an encoder alone is loaded into ``reid``, by whatever way
    it comes, ``load_from`` or mmdet's ``init_track_model``; any other has all
    weights of the model, or loading fails.

    Args:
        detector: Config of the masks' source, a ``MaskFusion``; its sources
            are what is exchanged.
        reid: Config of the appearance encoder, a ``BaseEncoder``.
        motion: Config of the motion between adjacent frames, a
            ``DenseFlow``.
        tracker: Config of the ``BaseShortTermTracker``.
        merger: Config of the ``BaseMerger``.
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
        self.detector = build_part(
            MODELS, 'model.detector', detector, MaskFusion)
        self.reid = build_part(MODELS, 'model.reid', reid, BaseEncoder)
        self.motion = build_part(MODELS, 'model.motion', motion)
        self.tracker = build_part(
            MODELS, 'model.tracker', tracker, BaseShortTermTracker)
        self.merger = build_part(
            TASK_UTILS, 'model.merger', merger, BaseMerger)
        self.register_load_state_dict_pre_hook(_fit)
        #: Frames of a video that come one by one, and their images.
        self._clip: list[tuple[DetDataSample, Tensor | None]] = []

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

    def predict(self, inputs: Sequence[Any],
                data_samples: Sequence[TrackDataSample],
                **kwargs: Any) -> list[TrackDataSample]:
        """Track whole videos by the weights at hand, without trainings.

        For mmengine's ``TestLoop`` and ``mmdet.apis.inference_mot``: short-
        term tracking and merging, no stages and no files. Images are read
        one at a time from their ``img_path``; the pipeline need not load
        them.

        Frames may come one by one. ReMOTS is offline, so only the last call
        of a video, by ``ori_video_length``, gives its tracks, of all frames;
        those before give none.

        Args:
            inputs: Of each video nothing, or its frames, (T, 3, H, W) uint8,
                BGR, where they have no ``img_path``.
            data_samples: Of each video its frames.
            **kwargs: Not looked at.

        Returns:
            The data samples, with ``pred_track_instances`` in each frame.

        Raises:
            ValueError: Frames come in another order, or as floats.
        """
        del kwargs
        # A batch of nothing is collated to nothing.
        videos = inputs if len(inputs) else [None] * len(data_samples)
        return [self._predict(images, sample) for images, sample in zip(
            videos, data_samples, strict=True)]

    def _predict(self, images: Any,
                 sample: TrackDataSample) -> TrackDataSample:
        frames = sample.video_data_samples
        number = frames[0].metainfo.get('frame_id', 0)
        if number == 0:
            self._clip.clear()
        if number != len(self._clip):
            raise ValueError(
                f'frame {number} came where frame {len(self._clip)} was due; '
                'the frames of a video must come in order')
        self._clip += [
            (frame, None if 'img_path' in frame.metainfo else images[k])
            for k, frame in enumerate(frames)]
        length = frames[0].metainfo.get('ori_video_length', len(self._clip))
        if len(self._clip) < length:
            for frame in frames:
                put_tracks(frame, Observations.empty(),
                           np.zeros(0, np.int64))
            return sample
        frames = [frame for frame, _ in self._clip]
        table, ids = self._track_frames(
            video_of(frames), [image for _, image in self._clip])
        self._clip.clear()
        for number, frame in enumerate(frames, 1):
            rows = table.of_frame(number)
            put_tracks(frame, table.take(rows), ids[rows])
        sample.video_data_samples = frames
        return sample

    def _track_frames(
            self, video: Video, images: Sequence[Tensor | None],
    ) -> tuple[Observations, NDArray[np.int64]]:
        """Masks and their tracks."""
        def image(frame: int) -> NDArray[np.uint8]:
            given = images[frame - 1]
            return (read_frame(video, frame) if given is None
                    else _as_image(given))

        numbers = range(1, video.num_frames + 1)
        self.detector.check(video)
        table = Observations.concatenate([self.detector.detect(
            image(frame) if self.detector.needs_image else None, video,
            frame) for frame in numbers])
        boxes = crop_boxes(table)
        features = self.reid.centre(self.reid.embed(
            np.stack([cut_out(image(frame), box, self.reid.crop_size)
                      for box in boxes[rows]])
            for frame, rows in table.frame_slices()),
            table.frames, table.labels)
        overlaps = adjacent_overlaps(
            table.frames, table.rles, table.size, video.num_frames,
            self.motion.flows(map(image, numbers)))
        _, tracks = self.track(table, features, overlaps, video.frame_rate)
        return table, tracks.ids


def _as_image(frame: Tensor) -> NDArray[np.uint8]:
    """A frame of a data batch, (3, H, W) uint8, as an image."""
    if frame.dtype != torch.uint8:
        raise ValueError(
            f'frames are {frame.dtype}; ReMOTS takes images as they are, '
            'BGR of type uint8: no normalisation in its data_preprocessor '
            'or pipeline')
    return np.ascontiguousarray(frame.cpu().numpy().transpose(1, 2, 0))


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
