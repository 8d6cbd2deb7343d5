"""Arrays as callers have them: of numpy or PyTorch, of any type."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmremots.structures.masks import encode_mask
from mmremots.structures.rle import RLE, sound_rles

from .segmentations import parse_segmentation


def whole_numbers(values: Any, name: str) -> NDArray[np.int64]:
    """Integers, or floats that are whole.

    Args:
        values: Numbers, of any shape.
        name: Of what they are, for the error.

    Raises:
        ValueError: If one is not whole, or too large for 64 bits.
    """
    array = _array(values)
    try:
        with np.errstate(invalid='ignore'):  # NaN is told of below.
            numbers = array.astype(np.int64)
        wrong = numbers != (array if array.dtype.kind in 'iuf'
                            else array.astype(np.float64))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f'{name} are not whole numbers: {array.ravel()[:3]}') from None
    if wrong.any():
        raise ValueError(f'{name} {array[wrong][0]} is not a whole number')
    return numbers


def mask_rle(mask: Any) -> RLE:
    """The RLE of a mask, checked.

    Args:
        mask: An RLE, compressed or not; or (H, W) of 0 and 1, of booleans,
            or of integers, 0 for the background.

    Raises:
        ValueError: If it is none of these; a probability is no pixel.
    """
    if isinstance(mask, Mapping):
        return sound_rles([parse_segmentation(dict(mask), None)[0]])[0]
    array = _array(mask)
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    if array.ndim != 2:
        raise ValueError(
            f'a mask of shape {array.shape}, not (height, width)')
    if array.dtype.kind not in 'biu' and not np.isin(array, (0, 1)).all():
        other = array[~np.isin(array, (0, 1))][0]
        raise ValueError(
            f'a mask with the number {other:.3g}, where 0 and 1 belong: mask '
            '> 0.5 makes such a mask of probabilities')
    return encode_mask(array)


def _array(values: Any) -> NDArray:
    if hasattr(values, 'detach'):  # A tensor, perhaps on a GPU.
        values = values.detach().cpu()
    return np.asarray(values)
