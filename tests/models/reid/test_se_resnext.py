"""SE-ResNeXt: shapes and options.

tests/tools/test_model_converters.py has its arithmetic.
"""
from __future__ import annotations

import pytest
import torch

from mmremots.models.reid import SEResNeXt, SqueezeExcitation


def test_squeeze_excitation_gates_channels() -> None:
    """Each channel is scaled by one number in (0, 1)."""
    x = torch.randn(2, 32, 5, 3)
    ratio = SqueezeExcitation(32)(x) / x
    assert ((ratio > 0) & (ratio < 1)).all()
    torch.testing.assert_close(
        ratio, ratio.mean((2, 3), keepdim=True).expand_as(ratio))


@pytest.mark.parametrize(('stride', 'size'), [(1, (16, 8)), (2, (8, 4))])
def test_size_of_map(stride: int, size: tuple[int, int]) -> None:
    """The last stride decides; the padding of the stem does not."""
    network = SEResNeXt(50, last_stride=stride)
    network.eval()
    with torch.no_grad():
        (out, ) = network(torch.zeros(1, 3, 256, 128))
    assert out.shape == (1, 2048, *size)


def test_number_of_weights() -> None:
    """As the original has without its classifier: 27,559,896 - 2,049,000."""
    weights = sum(p.numel() for p in SEResNeXt(50).parameters())
    assert weights == 25_510_896


def test_bad_options() -> None:
    """What there is no network for is told."""
    with pytest.raises(ValueError, match='50 or 101, not 34'):
        SEResNeXt(34)
    with pytest.raises(ValueError, match='1 or 2, not 3'):
        SEResNeXt(50, last_stride=3)


def test_norms_train() -> None:
    """Backbones of mmdet freeze theirs by default; an encoder's adapt."""
    network = SEResNeXt(50)
    network.train()
    assert network.bn1.training
    assert network.layer4[2].bn3.weight.requires_grad
