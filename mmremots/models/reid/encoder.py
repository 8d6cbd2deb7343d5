"""The appearance encoder: crops of people to features."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor
from torch.nn import functional as F

from mmremots.models.task_modules import centred_features
from mmremots.registry import MODELS

from .checkpoint import fit_encoder, load_encoder

_IMAGENET = dict(
    type='ImgDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)


@MODELS.register_module()
class ReIDEncoder(BaseModel):
    """Backbone, pooling neck and :class:`BNNeckHead`.

    Which feature is compared decides whether mean + 3 sigma of the cosine
    of different people is a threshold at all. Pooled features after a ReLU
    share a large mean: those of an untrained ResNet-18 have cosines of 0.986
    with a deviation of 0.016, and nobody is above 1.035. The batch norm of
    the head takes a mean away, but that of its training batches, half of them
    labelled crops of other videos. So the mean that counts, that of the video
    at hand, is what ``'centred'`` takes away; ``'bnneck'`` is the reference's
    feature, ``'pooled'`` the paper's. docs/encoder.md compares them.

    Whoever loads weights into it, all are loaded or the reason is told, see
    :func:`fit_encoder`.

    Args:
        backbone: Config of any backbone that returns feature maps; the last
            one is used.
        head: Config of the head.
        neck: Config of what makes a vector of a map.
        feature: Which feature is compared: ``'centred'``, the pooled one
            without what it has in common over a video, see
            :func:`mmremots.models.task_modules.centred_features`;
            ``'bnneck'``, after the batch norm of the head; or ``'pooled'``,
            before it.
        crop_size: (height, width) of a crop.
        data_preprocessor: Of crops; by default ImageNet's normalisation of
            BGR images.
        init_cfg: As in mmengine, but ``dict(type='Pretrained',
            checkpoint=...)`` goes through :func:`load_encoder`: every weight
            is loaded or the reason is told.
    """

    def __init__(
            self,
            backbone: dict[str, Any],
            head: dict[str, Any],
            neck: dict[str, Any] = dict(  # noqa: B006
                type='mmdet.GlobalAveragePooling'),
            feature: str = 'centred',
            crop_size: tuple[int, int] = (256, 128),
            data_preprocessor: dict[str, Any] = _IMAGENET,
            init_cfg: dict[str, Any] | None = None) -> None:
        #: What ``init_cfg`` names to be loaded.
        self.pretrained: str | None = None
        if init_cfg is not None and init_cfg['type'] == 'Pretrained':
            self.pretrained = init_cfg['checkpoint']
            init_cfg = None
        super().__init__(data_preprocessor, init_cfg)
        if feature not in ('centred', 'bnneck', 'pooled'):
            raise ValueError(
                "ReIDEncoder: feature is 'centred', 'bnneck' or 'pooled', "
                f'not {feature!r}')
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.head = MODELS.build(head)
        self.feature = feature
        self.crop_size = tuple(crop_size)
        self.register_load_state_dict_pre_hook(fit_encoder)

    def init_weights(self) -> None:
        """Initialises the weights, once; a no-op after `load_encoder`."""
        if self.is_init:
            return
        super().init_weights()
        if self.pretrained is not None:
            load_encoder(self, self.pretrained)

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""
        return self.head.in_channels

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self,
                inputs: Tensor,
                data_samples: dict[str, Tensor] | None = None,
                mode: str = 'tensor') -> Any:
        """Runs the network.

        Args:
            inputs: (B, 3, H, W) float32, preprocessed.
            data_samples: For the loss: ``labels`` (B,) int64, the identity
                of a labelled crop and -1 for one of an unlabelled video;
                ``relation`` (B, B) int8: 1 the same identity, -1 different
                ones, 0 unknown.
            mode: ``'tensor'`` for the feature as it is, not centred,
                ``'predict'`` for unit features, ``'loss'`` for losses.

        Returns:
            (B, D) features, or the dict of :meth:`BNNeckHead.loss`.
        """
        pooled = self.neck(self.backbone(inputs)[-1])
        if mode == 'loss':
            if data_samples is None:
                raise ValueError('ReIDEncoder: no data_samples for the loss')
            return self.head.loss(
                pooled, data_samples['labels'], data_samples['relation'])
        features = self.head(pooled) if self.feature == 'bnneck' else pooled
        if mode == 'tensor':
            return features
        if mode == 'predict':
            return F.normalize(features)
        raise ValueError(f'ReIDEncoder: unknown mode {mode!r}')

    @torch.no_grad()
    def embed(self,
              crops: np.ndarray | Iterable[np.ndarray],
              batch_size: int = 64,
              out: np.ndarray | None = None) -> np.ndarray:
        """Computes unit features of crops, in evaluation mode.

        Args:
            crops: (N, H, W, 3) uint8 BGR, in memory or memory-mapped: it is
                read a batch at a time. Or an iterable of such arrays, each
                of which is one batch.
            batch_size: Crops in a batch, where ``crops`` is one array.
            out: (N, D) float32 array to write to, such as a memory map;
                None for a new one.

        Returns:
            (N, D) float32, rows of length 1.

        Raises:
            ValueError: If crops are not uint8 of ``crop_size``.
        """
        batches: Iterable[np.ndarray] = (
            _slices(crops, batch_size)
            if isinstance(crops, np.ndarray) else crops)
        was_training = self.training
        self.eval()
        rows = [np.zeros((0, self.feature_dim), np.float32)]
        done = 0
        try:
            for batch in batches:
                found = self._embed_batch(batch)
                if out is None:
                    rows.append(found)
                else:
                    out[done:done + len(found)] = found
                done += len(found)
        finally:
            self.train(was_training)
        return np.concatenate(rows) if out is None else out

    def centre(self, features: np.ndarray, frames: np.ndarray,
               labels: np.ndarray, out: np.ndarray | None = None,
               ) -> np.ndarray:
        """Take away what the features of a video have in common.

        Only where ``feature`` is ``'centred'``; any other stays as it is.

        Args:
            features: (N, D) float32, all of the video, see :meth:`embed`.
            frames: (N,) frame of each.
            labels: (N,) class of each.
            out: Where to write, ``features`` itself if it may be changed;
                None for a new array.

        Returns:
            (N, D) float32, rows of length 1: what is compared.
        """
        if self.feature != 'centred':
            return features
        return centred_features(features, frames, labels, out)

    def _embed_batch(self, crops: np.ndarray) -> np.ndarray:
        expected = (*self.crop_size, 3)
        if crops.shape[1:] != expected or crops.dtype != np.uint8:
            raise ValueError(
                f'ReIDEncoder: crops are uint8 of shape (N, {expected[0]}, '
                f'{expected[1]}, 3), not {crops.dtype} of {crops.shape}')
        if not len(crops):
            return np.zeros((0, self.feature_dim), np.float32)
        inputs = torch.tensor(crops).permute(0, 3, 1, 2)
        data = self.data_preprocessor(dict(inputs=inputs))
        return self(data['inputs'], mode='predict').float().cpu().numpy()


def _slices(crops: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(crops), batch_size):
        yield crops[start:start + batch_size]
