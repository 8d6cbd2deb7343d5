"""What an appearance encoder is, for those who write one."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor

from .checkpoint import fit_encoder, load_encoder

#: ImageNet's normalisation of BGR images.
IMAGENET = dict(
    type='ImgDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)


class BaseEncoder(BaseModel):
    """Makes of the crops of people features that are compared by cosine.

    A subclass says what it is made of, :meth:`forward` and
    :attr:`feature_dim`. Where its config has a ``head``, the training stages
    put the number of labelled people into it as ``num_classes``, since
    weights for them are of one labelled set; what belongs to them is best
    called ``head.classifier`` and ``head.loss_center``, which are left out
    when weights are loaded for other people. Whoever loads weights into it,
    all are loaded or the reason is told, see :func:`fit_encoder`.

    Args:
        crop_size: (height, width) of a crop.
        data_preprocessor: Of crops; by default ImageNet's normalisation of
            BGR images.
        init_cfg: As in mmengine, but ``dict(type='Pretrained',
            checkpoint=...)`` goes through :func:`load_encoder`: every weight
            is loaded or the reason is told.
    """

    def __init__(
            self,
            crop_size: tuple[int, int] = (256, 128),
            data_preprocessor: dict[str, Any] = IMAGENET,
            init_cfg: Mapping[str, Any] | None = None) -> None:
        #: What ``init_cfg`` names to be loaded.
        self.pretrained: str | None = None
        if init_cfg is not None and init_cfg['type'] == 'Pretrained':
            self.pretrained = init_cfg['checkpoint']
            init_cfg = None
        super().__init__(data_preprocessor, init_cfg)
        self.crop_size = tuple(crop_size)
        self.register_load_state_dict_pre_hook(fit_encoder)

    @property
    @abstractmethod
    def feature_dim(self) -> int:
        """Length of a feature."""

    @abstractmethod
    def forward(self,
                inputs: Tensor,
                data_samples: dict[str, Tensor] | None = None,
                mode: str = 'tensor') -> Any:
        """Runs the network.

        Args:
            inputs: (B, 3, H, W) float32, preprocessed.
            data_samples: For the loss: ``people`` (B,) int64, the number
                of a labelled crop and -1 for one of an unlabelled video;
                ``relation`` (B, B) int8: 1 the same identity, -1 different
                ones, 0 unknown.
            mode: ``'tensor'`` for the feature as it is, not centred,
                ``'predict'`` for unit features, ``'loss'`` for losses.

        Returns:
            (B, D) features, or a dict of losses, as in mmengine; those that
            count have ``loss`` in their name.
        """

    def init_weights(self) -> None:
        """Initialises the weights, once; a no-op after `load_encoder`."""
        if self.is_init:
            return
        super().init_weights()
        if self.pretrained is not None:
            load_encoder(self, self.pretrained)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

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

        Here nothing; an encoder whose features need it overrides this, see
        :func:`mmremots.models.task_modules.centred_features`.

        Args:
            features: (N, D) float32, all of the video, see :meth:`embed`.
            frames: (N,) frame of each.
            labels: (N,) class of each.
            out: Where to write, ``features`` itself if it may be changed;
                None for a new array.

        Returns:
            (N, D) float32, rows of length 1: what is compared.
        """
        return features

    def _embed_batch(self, crops: np.ndarray) -> np.ndarray:
        expected = (*self.crop_size, 3)
        if crops.shape[1:] != expected or crops.dtype != np.uint8:
            raise ValueError(
                f'{type(self).__name__}: crops are uint8 of shape (N, '
                f'{expected[0]}, {expected[1]}, 3), not {crops.dtype} of '
                f'{crops.shape}')
        if not len(crops):
            return np.zeros((0, self.feature_dim), np.float32)
        inputs = torch.tensor(crops).permute(0, 3, 1, 2)
        data = self.data_preprocessor(dict(inputs=inputs))
        return self(data['inputs'], mode='predict').float().cpu().numpy()


def _slices(crops: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(crops), batch_size):
        yield crops[start:start + batch_size]
