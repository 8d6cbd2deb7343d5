"""OSNet: shapes and folding.

tests/tools/test_model_converters.py has its arithmetic.
"""
from __future__ import annotations

import pytest
import torch
from mmcv.cnn import fuse_conv_bn
from torch import nn

from mmremots.models.reid import OSNet, OSNetNeck


@pytest.mark.parametrize(
    ('widen_factor', 'channels', 'weights'),
    [(0.25, 128, 201_864), (1.0, 512, 2_169_508)])
def test_widths(widen_factor: float, channels: int, weights: int) -> None:
    """Channels scale; the feature has 512 numbers at any width."""
    network = OSNet(widen_factor).eval()
    neck = OSNetNeck(network.out_channels).eval()
    with torch.no_grad():
        (out, ) = network(torch.zeros(2, 3, 256, 128))
        assert out.shape == (2, channels, 16, 8)
        assert neck(out).shape == (2, 512)
    assert sum(
        p.numel() for m in (network, neck) for p in m.parameters()) == weights


def test_folded_is_the_same_function() -> None:
    """Norms fold into convolutions; the network without norms holds them."""
    torch.manual_seed(0)
    network = OSNet(0.25)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    network.eval()
    x = torch.randn(1, 3, 64, 32)
    folded = OSNet(0.25, norm_cfg=None)
    assert not any(
        isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    with torch.no_grad():
        expected = network(x)[0]
        fused = fuse_conv_bn(network)
        folded.load_state_dict(fused.state_dict())
        torch.testing.assert_close(
            folded(x)[0], expected, rtol=1e-4, atol=1e-4)


def test_bad_options() -> None:
    """A width that torchreid has no weights for; a stage there is not."""
    with pytest.raises(ValueError, match=r'not 0\.3'):
        OSNet(0.3)
    with pytest.raises(ValueError, match='-1 to 3, not 4'):
        OSNet(0.25, frozen_stages=4)


@pytest.mark.parametrize('frozen_stages', [-1, 0, 2, 3])
def test_frozen_stages(frozen_stages: int) -> None:
    """What is frozen stays as it is, norms included; all else learns."""
    network = nn.ModuleDict(
        {'net': OSNet(0.25, frozen_stages=frozen_stages)}).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    torch.manual_seed(0)
    network['net'](torch.randn(4, 3, 64, 32))[0].square().sum().backward()
    torch.optim.SGD(
        [p for p in network.parameters() if p.requires_grad], 0.1).step()
    after = network.state_dict()
    for number, part in enumerate(
            ('conv1', 'conv2', 'conv3', 'conv4', 'conv5')):
        same = [torch.equal(after[k], before[k]) for k in before
                if k.startswith(f'net.{part}.')]
        assert all(same) == (number <= frozen_stages)


@pytest.mark.parametrize('norm_eval', [True, False])
def test_a_norm_that_keeps_its_statistics(norm_eval: bool) -> None:
    """Weights whose norms are folded are fine-tuned with all norms frozen.

    Otherwise the last norm would drift to the statistics of batches that
    are half labelled, half augmented, and training and inference see two
    networks.
    """
    neck = OSNetNeck(8, 4, norm_eval=norm_eval)
    norm = neck.fc[1]
    before = norm.running_mean.clone()
    nn.Sequential(neck).train()(torch.rand(6, 8, 2, 2) + 1)
    assert torch.equal(norm.running_mean, before) == norm_eval
    assert neck.fc[0].training
    assert norm.weight.requires_grad
