"""A detector that runs on the frames: any instance segmenter of mmdet."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.device import get_device
from mmengine.logging import print_log
from torch import nn

from mmremots.models.checkpoint import fetch, read_checkpoint
from mmremots.registry import MODELS
from mmremots.structures.files import file_sha256
from mmremots.structures.observations import Observations

from .detector_config import (
    class_names,
    image_pipeline,
    load_config,
    model_config,
    pretrained_of,
    scope_of,
)
from .detector_network import (
    ImageTransform,
    build_network,
    infer,
    load_weights,
    to_observations,
)
from .live_detector import LiveDetector

if TYPE_CHECKING:
    from mmremots.structures.video import Video

#: What most detectors are trained on: COCO's person is a pedestrian.
_PERSON = {'person': 2}


@MODELS.register_module()
class InstanceSegmenter(LiveDetector):
    """A live source of :class:`~.mask_fusion.MaskFusion`.

    The network is built when it is first needed, in
    :meth:`check` or :meth:`detect`: a run whose detections are there
    already does without.

    Args:
        config: Config file of an mmdet model, with its ``test_dataloader``;
            ``mmdet::...`` names one that mmdet came with. Or its content.
        checkpoint: Path or address of the weights; None for the config's
            ``model.init_cfg``, as mm's trackers name their detectors'
            weights, and random weights if there is none. (Its ``load_from``
            is where its own training starts.)
        score_thr: Least score.
        classes: MOTS class of each class of the detector, by name or number
            (from 0); others are left out.
        score_weight: Scores are multiplied by this, after the threshold, to
            make those of different detectors comparable.
        scale: (long side, short side) in pixels that frames are resized to
            for the network; None for what the config says.
        flip: Whether to look at the mirrored frame, too. What is found twice
            is for the fusion to suppress.
        max_per_image: Most detections of a frame (and view), of all classes;
            None for what the config says.
        batch_size: Frames the network takes at once.
        strict: Whether every weight must fit; see
            :func:`~.detector_network.load_weights`.
        cfg_options: Settings that replace those of ``config``.
        weak_thr: Least score of weak masks, which are no observations but
            may continue a track; None for no weak masks.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If an argument is out of range or the config not one of
            a detector.
    """

    def __init__(
            self, config: str | dict[str, Any],
            checkpoint: str | None = None, score_thr: float = 0.5,
            classes: Mapping[str | int, int] | None = None,
            score_weight: float = 1.0, scale: Sequence[int] | None = None,
            flip: bool = False, max_per_image: int | None = None,
            batch_size: int = 1, strict: bool = True,
            cfg_options: dict[str, Any] | None = None,
            weak_thr: float | None = None) -> None:
        self.cfg = load_config(config, cfg_options)
        self.classes = dict(_PERSON if classes is None else classes)
        super().__init__(
            Path(config.partition('::')[2] or config).stem
            if isinstance(config, str) else 'detector',
            score_thr, sorted(set(self.classes.values())), score_weight,
            batch_size, weak_thr)
        self.checkpoint = checkpoint or pretrained_of(self.cfg)
        self.flip = flip
        self.max_per_image = max_per_image
        self.strict = strict
        self._pipeline = image_pipeline(self.cfg, scale)
        self._transform = ImageTransform(
            self._pipeline, scope_of(self.cfg), flip)
        self.network: nn.Module | None = None
        self._labels: dict[int, int] = {}

    @property
    def transform(self) -> ImageTransform:
        """The config's test pipeline, on an image in memory."""
        return self._transform

    def check(self, sequence: Video) -> None:
        """Build the network and load its weights, if that is not done.

        Raises:
            FileNotFoundError: If there is no checkpoint.
            ValueError: If it does not fit, or a class is not one of the
                detector's.
        """
        self.load()

    def load(self) -> nn.Module:
        """Build the network and load its weights, if that is not done."""
        if self.network is not None:
            return self.network
        device = get_device()
        network = build_network(self.cfg, model_config(
            self.cfg, self.least_score, self.max_per_image, device),
            initialise=self.checkpoint is None)
        content = None
        if self.checkpoint is not None:
            content = read_checkpoint(fetch(self.checkpoint))
        self._labels = self._label_map(class_names(self.cfg, content))
        if content is None:
            print_log(
                f'{self.name}: NO CHECKPOINT is given, so the weights are '
                'random and its detections mean nothing', 'current',
                logging.WARNING)
        else:
            load_weights(
                network, content, str(self.checkpoint), self.strict)
        self.network = network.to(device)
        return self.network

    def unload(self) -> None:
        """Let go of the network."""
        self.network = None

    def raw_fingerprint(self) -> dict[str, Any]:
        """Config, as far as it matters, and hash of the checkpoint."""
        return {
            'model': model_config(
                self.cfg, self.least_score, self.max_per_image).to_dict(),
            'pipeline': [step.to_dict() for step in self._pipeline],
            'flip': self.flip, 'least_score': self.least_score,
            'max_per_image': self.max_per_image,
            'classes': sorted([str(k), v] for k, v in self.classes.items()),
            'checkpoint': self._checkpoint_hash}

    @cached_property
    def _checkpoint_hash(self) -> str | None:
        if self.checkpoint is None:
            return None
        return file_sha256(fetch(self.checkpoint))

    def detect_batch(
            self, inputs: Sequence[list[dict[str, Any]]],
            frames: Sequence[int]) -> list[Observations]:
        """The detections of frames, scores as the network gives them.

        Args:
            inputs: What :attr:`transform` made of each frame.
            frames: Their numbers, from 1.
        """
        network = self.load()
        found: list[list[Observations]] = [[] for _ in frames]
        for view in range(len(inputs[0])):
            samples = infer(
                network, scope_of(self.cfg), [entry[view] for entry in inputs])
            for k, frame in enumerate(frames):
                try:
                    found[k].append(to_observations(
                        samples[k].get('pred_instances'), frame,
                        samples[k].ori_shape, self.least_score, self._labels,
                        self.max_per_image, mirrored=view > 0))
                except ValueError as error:
                    raise ValueError(f'{self.name}: {error}') from None
                samples[k] = None  # its masks need not wait for the others
        return [Observations.concatenate(views) for views in found]

    def _label_map(self, names: Sequence[str]) -> dict[int, int]:
        """MOTS class of each of the network's labels.

        Raises:
            ValueError: If a class is not one of the detector's.
        """
        labels = {}
        for key, label in self.classes.items():
            number = names.index(key) if key in names else key
            if not (isinstance(number, int) and 0 <= number < len(names)):
                raise ValueError(
                    f'{self.name}: no class {key!r} in this detector; it '
                    f'knows {", ".join(names)}')
            labels[number] = label
        return labels
