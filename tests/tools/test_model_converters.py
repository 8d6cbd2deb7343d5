"""Converted weights compute what the original networks compute.

The originals are written out here, as functions of their own state dicts:
nothing is shared with the code under test but PyTorch's functions.
"""
from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from mmengine.runner import load_checkpoint
from torch import Tensor
from torch.nn import functional as F

from mmremots.models.reid import ReIDEncoder, load_encoder, read_state_dict
from mmremots.registry import MODELS

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'model_converters'
State = dict[str, Tensor]


class Weights:
    """Random weights under the names of the original."""

    def __init__(self, seed: int = 0) -> None:
        self.state: State = {}
        self.generator = torch.Generator().manual_seed(seed)

    def conv(self, name: str, *shape: int, bias: bool = False) -> None:
        fan_in = shape[1] * (shape[2] * shape[3] if len(shape) > 2 else 1)
        self.state[f'{name}.weight'] = torch.randn(
            shape, generator=self.generator) * (2 / fan_in)**0.5
        if bias:
            self.state[f'{name}.bias'] = torch.randn(
                shape[0], generator=self.generator)

    def norm(self, name: str, channels: int) -> None:
        for key in ('weight', 'running_var'):
            self.state[f'{name}.{key}'] = 0.5 + torch.rand(
                channels, generator=self.generator)
        for key in ('bias', 'running_mean'):
            self.state[f'{name}.{key}'] = 0.2 * torch.randn(
                channels, generator=self.generator)


def norm(s: State, name: str, x: Tensor) -> Tensor:
    return F.batch_norm(
        x, s[f'{name}.running_mean'], s[f'{name}.running_var'],
        s[f'{name}.weight'], s[f'{name}.bias'])


def gate(s: State, name: str, x: Tensor) -> Tensor:
    y = F.adaptive_avg_pool2d(x, 1)
    y = F.conv2d(y, s[f'{name}.fc1.weight'], s[f'{name}.fc1.bias']).relu()
    y = F.conv2d(y, s[f'{name}.fc2.weight'], s[f'{name}.fc2.bias'])
    return x * y.sigmoid()


SE_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


def se_resnext_weights(depth: int) -> State:
    """Names and shapes of se_resnext50_32x4d and se_resnext101_32x4d."""
    w = Weights()
    w.conv('layer0.conv1', 64, 3, 7, 7)
    w.norm('layer0.bn1', 64)
    channels = 64
    for stage, blocks in enumerate(SE_BLOCKS[depth]):
        planes = 64 * 2**stage
        for block in range(blocks):
            name = f'layer{stage + 1}.{block}'
            width, out = planes * 2, planes * 4
            w.conv(f'{name}.conv1', width, channels, 1, 1)
            w.norm(f'{name}.bn1', width)
            w.conv(f'{name}.conv2', width, width // 32, 3, 3)
            w.norm(f'{name}.bn2', width)
            w.conv(f'{name}.conv3', out, width, 1, 1)
            w.norm(f'{name}.bn3', out)
            w.conv(f'{name}.se_module.fc1', out // 16, out, 1, 1, bias=True)
            w.conv(f'{name}.se_module.fc2', out, out // 16, 1, 1, bias=True)
            if block == 0:
                w.conv(f'{name}.downsample.0', out, channels, 1, 1)
                w.norm(f'{name}.downsample.1', out)
            channels = out
    w.conv('last_linear', 1000, 2048, bias=True)
    return w.state


def se_resnext(s: State, x: Tensor, depth: int, last_stride: int) -> Tensor:
    """Cadene's SENet with SEResNeXtBottleneck, up to its last map."""
    x = F.conv2d(x, s['layer0.conv1.weight'], stride=2, padding=3)
    x = norm(s, 'layer0.bn1', x).relu()
    x = F.max_pool2d(x, 3, stride=2, ceil_mode=True)
    for stage, blocks in enumerate(SE_BLOCKS[depth]):
        for block in range(blocks):
            name = f'layer{stage + 1}.{block}'
            stride = (1, 2, 2, last_stride)[stage] if block == 0 else 1
            y = F.conv2d(x, s[f'{name}.conv1.weight'])
            y = norm(s, f'{name}.bn1', y).relu()
            y = F.conv2d(y, s[f'{name}.conv2.weight'], stride=stride,
                         padding=1, groups=32)
            y = norm(s, f'{name}.bn2', y).relu()
            y = F.conv2d(y, s[f'{name}.conv3.weight'])
            y = gate(s, f'{name}.se_module', norm(s, f'{name}.bn3', y))
            if block == 0:
                x = F.conv2d(
                    x, s[f'{name}.downsample.0.weight'], stride=stride)
                x = norm(s, f'{name}.downsample.1', x)
            x = (y + x).relu()
    return x


def osnet_weights(width: float) -> State:
    """Names and shapes of torchreid's osnet_x1_0 and narrower ones."""
    w = Weights(1)
    stem, *stages = (int(width * c) for c in (64, 256, 384, 512))

    def conv_norm(name: str, out: int, channels: int, size: int) -> None:
        w.conv(f'{name}.conv', out, channels, size, size)
        w.norm(f'{name}.bn', out)

    conv_norm('conv1', stem, 3, 7)
    channels = stem
    for stage, out in zip((2, 3, 4), stages, strict=True):
        for block in range(2):
            name, mid = f'conv{stage}.{block}', out // 4
            conv_norm(f'{name}.conv1', mid, channels, 1)
            for stream, length in zip('abcd', (1, 2, 3, 4), strict=True):
                for k in range(length):
                    at = f'{name}.conv2{stream}' + (f'.{k}' * (length > 1))
                    w.conv(f'{at}.conv1', mid, mid, 1, 1)
                    w.conv(f'{at}.conv2', mid, 1, 3, 3)
                    w.norm(f'{at}.bn', mid)
            w.conv(f'{name}.gate.fc1', mid // 16, mid, 1, 1, bias=True)
            w.conv(f'{name}.gate.fc2', mid, mid // 16, 1, 1, bias=True)
            conv_norm(f'{name}.conv3', out, mid, 1)
            if channels != out:
                conv_norm(f'{name}.downsample', out, channels, 1)
            channels = out
        if stage < 4:
            conv_norm(f'conv{stage}.2.0', out, out, 1)
    conv_norm('conv5', channels, channels, 1)
    w.conv('fc.0', 512, channels, bias=True)
    w.norm('fc.1', 512)
    w.conv('classifier', 10, 512, bias=True)
    return w.state


def osnet(s: State, x: Tensor) -> Tensor:
    """OSNet of torchreid in inference: the feature v."""

    def conv_norm(name: str, x: Tensor, **options: int) -> Tensor:
        return norm(s, f'{name}.bn', F.conv2d(
            x, s[f'{name}.conv.weight'], **options))

    def light(name: str, x: Tensor) -> Tensor:
        x = F.conv2d(x, s[f'{name}.conv1.weight'])
        x = F.conv2d(x, s[f'{name}.conv2.weight'], padding=1,
                     groups=x.shape[1])
        return norm(s, f'{name}.bn', x).relu()

    x = conv_norm('conv1', x, stride=2, padding=3).relu()
    x = F.max_pool2d(x, 3, stride=2, padding=1)
    for stage in (2, 3, 4):
        for block in range(2):
            name = f'conv{stage}.{block}'
            x1 = conv_norm(f'{name}.conv1', x).relu()
            total = gate(s, f'{name}.gate', light(f'{name}.conv2a', x1))
            for stream, length in zip('bcd', (2, 3, 4), strict=True):
                y = x1
                for k in range(length):
                    y = light(f'{name}.conv2{stream}.{k}', y)
                total = total + gate(s, f'{name}.gate', y)
            x3 = conv_norm(f'{name}.conv3', total)
            if f'{name}.downsample.conv.weight' in s:
                x = conv_norm(f'{name}.downsample', x)
            x = (x3 + x).relu()
        if stage < 4:
            x = conv_norm(f'conv{stage}.2.0', x).relu()
            x = F.avg_pool2d(x, 2)
    x = conv_norm('conv5', x).relu()
    v = F.linear(x.mean((2, 3)), s['fc.0.weight'], s['fc.0.bias'])
    return norm(s, 'fc.1', v).relu()


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Convert = Callable[..., Path]


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Saves weights and runs a converter on them, as from a shell."""

    def run(name: str, content: Any, *options: str) -> Path:
        source, target = tmp_path / 'theirs.pth', tmp_path / 'ours.pth'
        if isinstance(content, Path):
            source = content
        else:
            torch.save(content, source)
        monkeypatch.setattr(
            sys, 'argv', [name, str(source), str(target), *options])
        tool(name).main()
        return target

    return run


def encoder(backbone: dict[str, Any], channels: int,
            **options: Any) -> ReIDEncoder:
    return MODELS.build(
        dict(
            type='ReIDEncoder',
            backbone=backbone,
            head=dict(type='BNNeckHead', in_channels=channels),
            **options)).eval()


def se_encoder(depth: int = 50, **options: Any) -> ReIDEncoder:
    return encoder(
        dict(type='SEResNeXt', depth=depth, **options), 2048)


def osnet_encoder(width: float) -> ReIDEncoder:
    neck = dict(type='OSNetNeck', in_channels=int(512 * width))
    return encoder(
        dict(type='OSNet', widen_factor=width), 512, neck=neck)


def images(*size: int) -> Tensor:
    return torch.randn(
        2, 3, *size, generator=torch.Generator().manual_seed(9))


@torch.no_grad()
@pytest.mark.parametrize(('depth', 'last_stride', 'size'), [
    (50, 1, (128, 64)),
    (50, 2, (127, 70)),
    pytest.param(101, 1, (64, 32), marks=pytest.mark.slow),
])
def test_imagenet_se_resnext(
        convert: Convert, capsys: pytest.CaptureFixture[str], depth: int,
        last_stride: int, size: tuple[int, int]) -> None:
    """Cadene's weights: the last feature map is the original's."""
    state = se_resnext_weights(depth)
    path = convert('seresnext2mmremots', state, f'--depth={depth}')
    assert 'ignored: last_linear.weight, last_linear.bias' in (
        capsys.readouterr().out)
    ours = se_encoder(depth, last_stride=last_stride)
    load_encoder(ours, path)
    x = images(*size)
    expected = se_resnext(state, x, depth, last_stride)
    assert float(expected.std()) > 0.1
    torch.testing.assert_close(
        ours.backbone(x)[-1], expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_strong_baseline_se_resnext(convert: Convert) -> None:
    """A trained person network: the feature after its neck."""
    state = {
        f'base.{k}': v for k, v in se_resnext_weights(50).items()
        if not k.startswith('last_linear')
    }
    w = Weights(3)
    w.norm('bottleneck', 2048)
    w.conv('classifier', 751, 2048)
    path = convert('seresnext2mmremots', {**state, **w.state})
    ours = se_encoder()
    load_encoder(ours, path)
    ours.feature = 'bnneck'
    x = images(64, 32)
    base = {k.removeprefix('base.'): v for k, v in state.items()}
    pooled = F.adaptive_avg_pool2d(se_resnext(base, x, 50, 1), 1).flatten(1)
    torch.testing.assert_close(
        ours(x), norm(w.state, 'bottleneck', pooled), rtol=1e-4, atol=1e-4)
    ours.feature = 'pooled'
    torch.testing.assert_close(ours(x), pooled, rtol=1e-4, atol=1e-4)
    assert torch.equal(
        read_state_dict(path)['head.classifier.weight'],
        w.state['classifier.weight'])


@torch.no_grad()
@pytest.mark.parametrize('width', [0.25, 0.5, 0.75, 1.0])
def test_torchreid_osnet(
        convert: Convert, capsys: pytest.CaptureFixture[str],
        width: float) -> None:
    """All widths, as torchreid saves them; the classifier is reported."""
    state = osnet_weights(width)
    content = dict(
        state_dict={f'module.{k}': v for k, v in state.items()}, epoch=60)
    path = convert('osnet2mmremots', content)
    assert 'ignored: classifier.weight, classifier.bias' in (
        capsys.readouterr().out)
    ours = osnet_encoder(width)
    load_encoder(ours, path)
    ours.feature = 'pooled'
    # In double precision: the two sum up in another order.
    x = images(128, 64).double()
    expected = osnet({
        k: v.double() if v.is_floating_point() else v
        for k, v in state.items()}, x)
    assert float(expected.std()) > 0.1
    torch.testing.assert_close(
        ours.double()(x), expected, rtol=1e-9, atol=1e-9)


@torch.no_grad()
@pytest.mark.parametrize('prefix', ['', 'module.', 'model.'])
def test_osnet_as_it_is(
        convert: Convert, tmp_path: Path, prefix: str,
        told: list[str]) -> None:
    """Loaded as it is, it is what the converter makes of it."""
    state = osnet_weights(0.25)
    converted, direct = osnet_encoder(0.25), osnet_encoder(0.25)
    load_encoder(converted, convert('osnet2mmremots', state))
    path = tmp_path / 'as_it_is.pth'
    torch.save({f'{prefix}{k}': v for k, v in state.items()}, path)
    by_mm = osnet_encoder(0.25)  # As in mmdet's init_track_model.
    load_encoder(direct, path)
    assert any(line.startswith(f'{path}: weights of another project')
               for line in told)
    load_checkpoint(by_mm, str(path))
    x = images(64, 32)
    assert torch.equal(converted(x), direct(x))
    assert torch.equal(converted(x), by_mm(x))
    torch.save({k: v for k, v in state.items() if k != 'fc.0.bias'}, path)
    with pytest.raises(ValueError, match=r'it_is\.pth: .*(\n.*)*fc\.0\.bias'):
        load_encoder(direct, path)


@torch.no_grad()
def test_se_resnext_as_it_is(convert: Convert, tmp_path: Path) -> None:
    """The same for Cadene's and reid-strong-baseline's."""
    state = se_resnext_weights(50)
    path = convert('seresnext2mmremots', state)
    for prefix in ('', 'base.'):
        direct = tmp_path / 'as_it_is.pth'
        torch.save({f'{prefix}{k}': v for k, v in state.items()}, direct)
        ours = se_encoder()
        load_encoder(ours, direct)
        theirs = read_state_dict(path)
        assert all(torch.equal(value, theirs[key])
                   for key, value in ours.state_dict().items()
                   if key in theirs)


@torch.no_grad()
def test_onnx_osnet(
        convert: Convert, osnet_onnx: Path, told: list[str]) -> None:
    """The tool and the encoder read the same weights from an ONNX file."""
    pytest.importorskip('onnx')
    config = dict(type='OSNet', widen_factor=0.25, norm_cfg=None)
    neck = dict(type='OSNetNeck', in_channels=128)
    converted, direct = (encoder(config, 512, neck=neck) for _ in range(2))
    load_encoder(converted, convert('osnet2mmremots', osnet_onnx))
    load_encoder(direct, osnet_onnx)
    assert f'{osnet_onnx}: an ONNX network' in '\n'.join(told)
    x = images(128, 64)
    assert torch.equal(converted(x), direct(x))


@pytest.mark.parametrize(('name', 'state', 'part'), [
    ('seresnext2mmremots', se_resnext_weights(50), 'layer3.1.conv2.weight'),
    ('osnet2mmremots', osnet_weights(0.25), 'conv3.1.conv2b.1.bn.bias'),
])
def test_misfits_are_refused(
        convert: Convert, tmp_path: Path, name: str, state: State,
        part: str) -> None:
    """A missing, a left-over and a reshaped weight: named, none written."""
    broken = dict(state, surprise=torch.zeros(3))
    with pytest.raises(SystemExit, match=r'unexpected: backbone\.surprise'):
        convert(name, broken)
    broken = {k: v for k, v in state.items() if k != part}
    with pytest.raises(SystemExit, match=f'missing: backbone.{part}'):
        convert(name, broken)
    with pytest.raises(SystemExit, match=rf'{part} \(5,\) instead of'):
        convert(name, {**state, part: torch.zeros(5)})
    assert not (tmp_path / 'ours.pth').exists()


def test_other_depth_is_refused(convert: Convert) -> None:
    """Blocks of a 101 do not fit a 50."""
    with pytest.raises(SystemExit, match=r'unexpected: backbone\.layer3\.10'):
        convert('seresnext2mmremots', se_resnext_weights(101))


def test_variants_of_osnet_are_refused(convert: Convert) -> None:
    """osnet_ibn has instance norms: other arithmetic, other keys."""
    state = osnet_weights(1.0)
    state['conv2.0.IN.weight'] = torch.ones(256)
    with pytest.raises(SystemExit, match=r'unexpected: .*IN\.weight'):
        convert('osnet2mmremots', state)
    with pytest.raises(SystemExit, match=r'conv1\.conv\.weight is \(0,\)'):
        convert('osnet2mmremots', dict(weight=torch.zeros(2)))


@pytest.mark.parametrize('name', ['seresnext2mmremots', 'osnet2mmremots'])
def test_whole_models_are_refused(convert: Convert, name: str) -> None:
    """They would run code when read; the error tells the way round."""
    with pytest.raises(SystemExit, match='save its weights'):
        convert(name, torch.nn.Conv2d(1, 1, 1))
