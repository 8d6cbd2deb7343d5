"""A detector's network: built, with its weights, and what it finds."""
from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from numpy.typing import NDArray
from torch import nn

from mmremots.models.checkpoint import check_finite, state_dict_of
from mmremots.structures.masks import encode_mask, rle_bbox
from mmremots.structures.observations import Observations

from .detector_config import is_detectron2, scope_of

#: Keys of weights that are computed, not learned, and stand in old files.
_COMPUTED = ('num_batches_tracked', 'pixel_mean', 'pixel_std', 'cell_anchors')
#: How many keys that do not fit an error names.
_KEYS_NAMED = 4


class ImageTransform:
    """From an image to what the network takes; runs in loader workers.

    Args:
        pipeline: Config of the transforms.
        scope: Package whose registry they stand in.
        flip: Whether to give a second view, the image mirrored.
    """

    def __init__(
            self, pipeline: Sequence[ConfigDict], scope: str,
            flip: bool = False) -> None:
        with DefaultScope.overwrite_default_scope(scope):
            self.pipeline = Compose(pipeline)
        self.flip = flip

    def __call__(self, image: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """A dict of ``inputs`` and ``data_samples`` for each view.

        Args:
            image: (H, W, 3) uint8, BGR.
        """
        views = [image, image[:, ::-1]] if self.flip else [image]
        return [self.pipeline({
            'img': np.ascontiguousarray(view), 'img_id': 0, 'img_path': ''})
            for view in views]


def build_network(
        cfg: Config, model: ConfigDict, initialise: bool) -> nn.Module:
    """Build a network in its test mode.

    Args:
        cfg: The detector's config.
        model: Its part for the network, from
            :func:`~.detector_config.model_config`.
        initialise: Whether to give it random weights as for training, always
            the same; else they must be loaded.
    """
    _forget_wrapped_models()
    with DefaultScope.overwrite_default_scope(scope_of(cfg)), \
            torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = revert_sync_batchnorm(MODELS.build(model))
        if initialise and not is_detectron2(cfg):  # that would download
            network.init_weights()
    return network.eval()


def load_weights(
        network: nn.Module, checkpoint: Any, place: str,
        strict: bool = True) -> None:
    """Load all weights of a network, or tell why not.

    Args:
        network: The network.
        checkpoint: What :func:`~mmremots.models.checkpoint.read_checkpoint`
            returned.
        place: Where that was from, for the error.
        strict: False: keys that are missing or left over are logged, not an
            error. Needed for some weights of older versions of mmdet.

    Raises:
        ValueError: If weights and network do not fit.
    """
    state = state_dict_of(checkpoint, place)
    try:
        check_finite(state)
    except ValueError as error:
        raise ValueError(f'{place}: {error}') from None
    prefix = 'd2_model.'
    if hasattr(network, 'd2_model') and not any(
            key.startswith(prefix) for key in state):
        state = {prefix + key: value for key, value in state.items()}
    own = network.state_dict()
    problems = _named('of another shape', (
        f'{key} {tuple(value.shape)}, not {tuple(own[key].shape)}'
        for key, value in state.items()
        if key in own and own[key].shape != value.shape))
    if not problems:
        result = network.load_state_dict(state, strict=False)
        problems = [
            *_named('missing', result.missing_keys),
            *_named('unexpected', result.unexpected_keys)]
        if problems and not strict and any(key in own for key in state):
            print_log(f'{place}: loaded, but {"; ".join(problems)}',
                      'current', logging.WARNING)
            return
    if problems:
        raise ValueError(
            f'{place}: these weights are not of this network: '
            f'{"; ".join(problems)}')


def infer(
        network: nn.Module, scope: str,
        inputs: Sequence[dict[str, Any]]) -> list[DetDataSample]:
    """Run a network on a batch of transformed images of one size."""
    samples = [entry['data_samples'] for entry in inputs]
    if hasattr(network, 'd2_model'):
        for sample in samples:  # the wrapper reads them in test, too
            sample.gt_instances = InstanceData(
                bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    with torch.no_grad(), DefaultScope.overwrite_default_scope(scope):
        return network.test_step({
            'inputs': [entry['inputs'] for entry in inputs],
            'data_samples': samples})


def to_observations(
        found: InstanceData | None, frame: int, size: tuple[int, int],
        score_thr: float, classes: Mapping[int, int],
        max_rows: int | None = None,
        mirrored: bool = False) -> Observations:
    """Make rows of what a network found in one image.

    Masks leave the network's device one by one and become RLEs at once.

    Args:
        found: With ``scores`` (N,), ``labels`` (N,) and ``masks``
            (N, H, W), bool; or None if there is no such result.
        frame: 1-based.
        size: (H, W) of the image.
        score_thr: Least score.
        classes: MOTS class of each label that is wanted.
        max_rows: Most detections, of all labels; None for any number.
        mirrored: Whether the image was.

    Raises:
        ValueError: If there are no masks, or they are not of the image's
            size, or a score is no number.
    """
    if found is not None and len(found.scores) == 0:
        return Observations.empty(size)
    if found is None or 'masks' not in found:
        raise ValueError(
            'the detector gives boxes or a panoptic map, but no masks of '
            'instances; ReMOTS needs an instance segmenter')
    if tuple(found.masks.shape[1:]) != size:
        height, width = found.masks.shape[1:]
        raise ValueError(
            f'the detector makes masks of {width}x{height} pixels for an '
            f'image of {size[1]}x{size[0]}')
    scores = found.scores.float().cpu().numpy()
    if not np.isfinite(scores).all():
        raise ValueError('the detector gives scores that are no numbers')
    labels = found.labels.cpu().numpy()
    best = np.sort(np.argsort(-scores, kind='stable')[:max_rows])
    rows = best[(scores[best] >= score_thr)
                & np.isin(labels[best], list(classes))]
    rles = []
    for row in rows:
        mask = found.masks[row].cpu().numpy()
        rles.append(encode_mask(mask[:, ::-1] if mirrored else mask))
    return Observations(
        np.full(len(rows), frame, np.int64),
        rle_bbox(rles).astype(np.float32), scores[rows],
        np.array([classes[label] for label in labels[rows]], np.int64),
        rles, size)


def _named(what: str, keys: Iterable[str]) -> list[str]:
    """One line on some keys, if there are any that matter."""
    names = sorted(
        key for key in keys if not any(part in key for part in _COMPUTED))
    more = len(names) - _KEYS_NAMED
    return [f'{len(names)} {what}: ' + ', '.join(names[:_KEYS_NAMED])
            + (f' and {more} more' if more > 0 else '')] if names else []


def _forget_wrapped_models() -> None:
    """Empty a list in mmdet that carries settings from model to model.

    It is the default of an argument that is appended to, so a second
    Detectron2Wrapper would be built with the first one's settings, too.
    """
    from mmdet.models.detectors import d2_wrapper
    for default in d2_wrapper._to_cfgnode_list.__defaults__ or ():
        if isinstance(default, list):
            default.clear()
