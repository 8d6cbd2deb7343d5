"""Arrays of callers: what they mean, or an error, never other pixels."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mmremots.formats.given_arrays import mask_rle, whole_numbers
from mmremots.structures.masks import encode_mask, rle_runs

PIXELS = np.zeros((5, 7), np.uint8)
PIXELS[1:4, 2:5] = 1
RLE = encode_mask(PIXELS)


@pytest.mark.parametrize('mask', [
    PIXELS, PIXELS.astype(bool), 255 * PIXELS, PIXELS.astype(np.float32),
    PIXELS.tolist(), PIXELS[None], np.asfortranarray(PIXELS),
    torch.from_numpy(PIXELS), torch.from_numpy(PIXELS) > 0,
    torch.ones(5, 7, requires_grad=True) * torch.from_numpy(PIXELS),
    RLE, {'size': (5, 7), 'counts': RLE['counts'].decode()},
    {'size': np.array([5, 7]), 'counts': rle_runs(RLE).tolist()}])
def test_masks(mask: Any) -> None:
    """Of any type that holds 0 and 1, in any memory."""
    assert mask_rle(mask) == RLE


@pytest.mark.parametrize(('mask', 'message'), [
    (0.9 * PIXELS + 0.05, '0.05, where 0 and 1 belong: mask > 0.5'),
    (torch.from_numpy(PIXELS) * 10.0 - 5, 'the number -5, where'),
    (np.where(PIXELS, 1, np.nan), 'the number nan'),
    (PIXELS[None, None], r'shape \(1, 1, 5, 7\), not \(height, width\)'),
    (np.stack([PIXELS, PIXELS]), r'shape \(2, 5, 7\)'), ('PPY', r'shape \(\)'),
    ({'size': [5, 7], 'counts': 'PPY'}, 'RLE')])
def test_what_is_no_mask(mask: Any, message: str) -> None:
    """Everything above 0 of probabilities would be the whole image."""
    with pytest.raises(ValueError, match=message):
        mask_rle(mask)


@pytest.mark.parametrize('values', [
    [1, 2], (1.0, 2.0), np.array([1, 2], np.uint8), torch.tensor([1, 2]),
    ['1', '2'], np.array([1, 2], object)])
def test_numbers(values: Any) -> None:
    """Whole ones, however they come."""
    assert whole_numbers(values, 'ids').tolist() == [1, 2]
    assert whole_numbers(values, 'ids').dtype == np.int64


@pytest.mark.parametrize(('values', 'message'), [
    ([1, 2.5], 'ids 2.5 is not a whole number'),
    ([1, float('nan')], 'ids nan is not'), ([1, float('inf')], 'ids inf is'),
    (np.array([2**63 + 5], np.uint64), 'ids 9223372036854775813 is not'),
    (np.array([1, 2.5], object), 'ids 2.5 is not'), (None, 'ids are not'),
    (['p1'], r"ids are not whole numbers: \['p1'\]")])
def test_what_is_no_number(values: Any, message: str) -> None:
    """Two ids that differ behind the point are two people."""
    with pytest.raises(ValueError, match=message):
        whole_numbers(values, 'ids')
