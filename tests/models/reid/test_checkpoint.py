"""Weights are loaded whole, or the reason is told; no code is run."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint

from mmremots.models.reid import (
    ReIDEncoder,
    checkpoint,
    differences,
    load_encoder,
    read_state_dict,
)
from mmremots.registry import MODELS


def tiny_encoder(num_classes: int | None = None, seed: int = 0,
                 **options: Any) -> ReIDEncoder:
    torch.manual_seed(seed)
    encoder = MODELS.build(
        dict(
            type='ReIDEncoder',
            backbone=dict(
                type='mmdet.ResNet', depth=18, base_channels=4,
                out_indices=(3, ), norm_eval=False),
            head=dict(
                type='BNNeckHead', in_channels=32, num_classes=num_classes),
            **options))
    torch.nn.init.normal_(encoder.head.bn.running_mean)
    return encoder


def same_weights(a: ReIDEncoder, b: ReIDEncoder,
                 but: tuple[str, ...] = ()) -> bool:
    theirs = b.state_dict()
    return all(
        torch.equal(value, theirs[key])
        for key, value in a.state_dict().items()
        if key in theirs and not key.startswith(but))


@pytest.mark.parametrize('wrap', [
    lambda state: state,
    lambda state: dict(state_dict=state, meta=dict(epoch=3)),
    lambda state: dict(state_dict={f'module.{k}': v
                                   for k, v in state.items()}),
])
def test_forms_of_checkpoints(tmp_path: Path, wrap: Any) -> None:
    """Bare, as mmengine writes them, and from DataParallel."""
    source, target = tiny_encoder(5), tiny_encoder(5, seed=1)
    path = tmp_path / 'a.pth'
    torch.save(wrap(source.state_dict()), path)
    assert not same_weights(target, source)
    load_encoder(target, path)
    assert same_weights(target, source)
    assert same_weights(source, target)


def test_logged_numbers_are_read(tmp_path: Path) -> None:
    """A runner of mmengine saves its log beside the weights."""
    import numpy as np
    history = HistoryBuffer()
    history.update(np.float64(0.5))
    path = tmp_path / 'epoch_1.pth'
    torch.save(
        dict(
            state_dict=tiny_encoder().state_dict(),
            message_hub=dict(log_scalars=dict(loss=history)),
            meta=dict(seed=np.int64(3), lr=np.float32(1e-3))), path)
    assert 'head.bn.weight' in read_state_dict(path)
    # The log of this process has its methods still.
    assert history.statistics('mean') == 0.5


@pytest.mark.parametrize(('theirs', 'ours'), [(5, 7), (5, None), (None, 7)])
def test_other_identities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                          theirs: int | None, ours: int | None) -> None:
    """Classifier and centers stay behind, with one line that says so."""
    source, target = tiny_encoder(theirs), tiny_encoder(ours, seed=1)
    path = tmp_path / 'a.pth'
    torch.save(source.state_dict(), path)
    before = {k: v.clone() for k, v in target.state_dict().items()}
    lines: list[str] = []
    monkeypatch.setattr(checkpoint, 'print_log',
                        lambda line, *_, **__: lines.append(line))
    load_encoder(target, path)
    own = ('head.classifier.', 'head.loss_center.')
    assert same_weights(target, source, but=own)
    for key, value in target.state_dict().items():
        if key.startswith(own):
            assert torch.equal(value, before[key])
    told, loaded = lines
    assert 'head.classifier.weight' in told
    assert str(path) in loaded


def test_weights_without_a_neck(tmp_path: Path) -> None:
    """ImageNet's have none: the neck stays as it was initialised."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    path = tmp_path / 'a.pth'
    torch.save({
        k: v for k, v in source.state_dict().items()
        if k.startswith('backbone.')
    }, path)
    neck = target.head.bn.running_mean.clone()
    load_encoder(target, path)
    assert torch.equal(target.head.bn.running_mean, neck)
    assert same_weights(target, source, but=('head.', ))


def test_counters_may_be_missing(tmp_path: Path) -> None:
    """Weights from before PyTorch 0.4.1 count no batches."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    path = tmp_path / 'a.pth'
    torch.save({
        k: v for k, v in source.state_dict().items()
        if not k.endswith('num_batches_tracked')
    }, path)
    load_encoder(target, path)
    assert same_weights(target, source)


def test_misfits_are_listed_and_nothing_is_loaded(tmp_path: Path) -> None:
    """Missing, left over and reshaped: all are named at once."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    state = source.state_dict()
    del state['backbone.conv1.weight']
    del state['head.bn.running_var']
    state['backbone.extra'] = torch.zeros(1)
    state['backbone.bn1.bias'] = torch.zeros(9)
    path = tmp_path / 'a.pth'
    torch.save(state, path)
    before = {k: v.clone() for k, v in target.state_dict().items()}
    with pytest.raises(ValueError, match='not of this encoder') as error:
        load_encoder(target, path)
    assert str(path) in str(error.value)
    assert ('missing: backbone.conv1.weight, head.bn.running_var'
            in str(error.value))
    assert 'unexpected: backbone.extra' in str(error.value)
    assert 'backbone.bn1.bias (9,) instead of (4,)' in str(error.value)
    for key, value in target.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_loaded_weights_survive_initialisation(tmp_path: Path) -> None:
    """A runner of mmengine initialises a model before it trains."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    path = tmp_path / 'a.pth'
    torch.save(source.state_dict(), path)
    load_encoder(target, path)
    target.init_weights()
    assert same_weights(target, source)


def test_whoever_loads(tmp_path: Path) -> None:
    """The way of mmengine, too, which would go on with a warning."""
    source, target = tiny_encoder(5), tiny_encoder(7, seed=1)
    path = tmp_path / 'a.pth'
    torch.save(source.state_dict(), path)
    load_checkpoint(target, str(path))
    assert same_weights(target, source, but=checkpoint.OF_IDENTITIES)
    torch.save({'backbone.conv1.weight': torch.zeros(1)}, path)
    with pytest.raises(ValueError, match='missing: backbone'):
        load_checkpoint(target, str(path))


def test_the_encoder_of_a_whole_model(tmp_path: Path) -> None:
    """What is of its other parts is left out."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    state = {f'reid.{k}': v for k, v in source.state_dict().items()}
    torch.save(dict(state, **{'detector.x': torch.zeros(1)}),
               tmp_path / 'a.pth')
    load_encoder(target, tmp_path / 'a.pth')
    assert same_weights(target, source)


def test_pretrained_in_the_config_is_strict(tmp_path: Path) -> None:
    """The way of mmengine would keep random weights with a warning."""
    source = tiny_encoder()
    path = tmp_path / 'a.pth'
    torch.save(source.state_dict(), path)
    pretrained = dict(type='Pretrained', checkpoint=str(path))
    target = tiny_encoder(seed=1, init_cfg=pretrained)
    target.init_weights()
    assert same_weights(target, source)
    torch.save({'backbone.conv1.weight': torch.zeros(1)}, path)
    with pytest.raises(ValueError, match='not of this encoder'):
        tiny_encoder(init_cfg=pretrained).init_weights()


class _Attack:

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command, )


def test_checkpoints_run_no_code(tmp_path: Path) -> None:
    """A whole-model pickle is refused, with a way to make weights of it."""
    victim = tmp_path / 'ran'
    path = tmp_path / 'a.pth'
    torch.save(_Attack(f'touch {victim}'), path)
    with pytest.raises(ValueError, match='weights_only=False') as error:
        read_state_dict(path)
    assert str(path) in str(error.value)
    assert not victim.exists()
    torch.save(tiny_encoder(), path)
    with pytest.raises(ValueError, match='save its weights'):
        read_state_dict(path)


@pytest.mark.parametrize(('content', 'message'), [
    (b'PK\x03\x04 cut off', 'not a checkpoint of weights'),
    (b'', 'no file of PyTorch.*: it is empty'),
    (b'not a checkpoint', "it begins with b'not a checkpoint'$"),
    (b'\n<!DOCTYPE html>', ': a page, not the file'),
    (b'version https://git-lfs', ': git lfs pull'),
    (b'\x40\0\0\0\0\0\0\0{"w":{"dtype":"F32"', ': safetensors; torch.save')])
def test_files_that_are_no_checkpoints(
        tmp_path: Path, content: bytes, message: str) -> None:
    """One error that says what the file is, whatever torch makes of it."""
    path = tmp_path / 'a.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf'a\.pth: .*{message}'):
        read_state_dict(path)


@pytest.mark.parametrize('change', [
    lambda value: value.to_sparse(), lambda value: value.to(torch.complex64),
    lambda value: value.to('meta')])
def test_tensors_of_other_kinds(tmp_path: Path, change: Any) -> None:
    """Named, in place of what PyTorch says when it copies them."""
    state = {key: change(value) if key == 'backbone.conv1.weight' else value
             for key, value in tiny_encoder().state_dict().items()}
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth: backbone.conv1.weight is'):
        load_encoder(tiny_encoder(), tmp_path / 'a.pth')


@pytest.mark.parametrize(('change', 'fits'), [
    (lambda value: value.half(), True), (lambda value: value.double(), True),
    (lambda value: (100 * value).to(torch.int8), False)])
def test_types_of_numbers(tmp_path: Path, change: Any, fits: bool) -> None:
    """Floats of any precision; whole numbers lack the scale."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    torch.save({key: change(value) if value.is_floating_point() else value
                for key, value in source.state_dict().items()},
               tmp_path / 'a.pth')
    if not fits:
        with pytest.raises(ValueError, match=r'retyped: .* of torch\.int8 in'):
            load_encoder(target, tmp_path / 'a.pth')
        return
    load_encoder(target, tmp_path / 'a.pth')
    torch.testing.assert_close(
        target.backbone.conv1.weight, source.backbone.conv1.weight,
        atol=1e-3, rtol=1e-3)


def test_variances_below_zero(tmp_path: Path) -> None:
    """Would give NaN after all masks are made."""
    state = tiny_encoder().state_dict()
    state['head.bn.running_var'] -= 2
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'head\.bn\.running_var: vari'):
        load_encoder(tiny_encoder(), tmp_path / 'a.pth')


def test_weights_of_nothing(tmp_path: Path) -> None:
    """Zeros, of a file that was preallocated: nobody is like anybody."""
    state = {key: torch.zeros_like(value)
             for key, value in tiny_encoder().state_dict().items()}
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth: .* all are 0'):
        load_encoder(tiny_encoder(), tmp_path / 'a.pth')


def test_no_weights_in_a_checkpoint(tmp_path: Path) -> None:
    """A list, numbers, an empty dict; and a file that is not there."""
    path = tmp_path / 'a.pth'
    for content in ([1], {}, dict(epoch=1), torch.zeros(2),
                    {1: torch.zeros(2)}, {b'w': torch.zeros(2)}):
        torch.save(content, path)
        with pytest.raises(ValueError, match='holds no state dict'):
            read_state_dict(path)
    with pytest.raises(FileNotFoundError, match=r'no checkpoint at .*b\.pth'):
        read_state_dict(tmp_path / 'b.pth')


def test_differences() -> None:
    """Nothing to tell of what fits; sorted keys of what does not."""
    one, two = torch.zeros(1), torch.zeros(2)
    assert differences(dict(a=one), dict(a=one)) == []
    assert differences(
        dict(b=one, a=one, c=one, **{'n.num_batches_tracked': one}),
        dict(c=two, d=one)) == [
            '  missing: a, b', '  unexpected: d',
            '  reshaped: c (2,) instead of (1,)']


@pytest.mark.parametrize(('prefix', 'nest'), [
    *((prefix, lambda state: state) for prefix in (
        'module.module.', '_orig_mod.', 'module._orig_mod.',
        '_orig_mod.module.', 'model.', 'reid.', 'module.reid.',
        'model.reid.', 'student.encoder.')),
    *(('module.', nest) for nest in (
        lambda state: dict(model=dict(state_dict=state, epoch=3)),
        lambda state: dict(state_dict=dict(model=state)),
        lambda state: dict(epoch=3, model_state_dict=state),
        lambda state: dict(net=state)))])
def test_what_wrappers_put_into_names(
        tmp_path: Path, prefix: str, nest: Any) -> None:
    """Of several processes, of torch.compile, of a whole model; nested."""
    source, target = tiny_encoder(5), tiny_encoder(5, seed=1)
    path = tmp_path / 'a.pth'
    torch.save(nest({f'{prefix}{key}': value
                     for key, value in source.state_dict().items()}), path)
    load_encoder(target, path)
    assert same_weights(target, source)


def test_a_compiled_part(tmp_path: Path) -> None:
    """torch.compile on the backbone alone."""
    source, target = tiny_encoder(), tiny_encoder(seed=1)
    path = tmp_path / 'a.pth'
    torch.save({key.replace('backbone.', 'backbone._orig_mod.'): value
                for key, value in source.state_dict().items()}, path)
    load_encoder(target, path)
    assert same_weights(target, source)


def test_a_prefix_is_said(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the line on what was made of the weights."""
    path = tmp_path / 'a.pth'
    torch.save({f'net.{key}': value
                for key, value in tiny_encoder().state_dict().items()}, path)
    lines: list[str] = []
    monkeypatch.setattr(checkpoint, 'print_log',
                        lambda line, *_, **__: lines.append(line))
    load_encoder(tiny_encoder(seed=1), path)
    assert 'all named with a prefix, taken off: net.' in lines[0]


def test_names_that_differ_in_wrappers_alone(tmp_path: Path) -> None:
    """An average beside the weights: not whichever comes last."""
    state = tiny_encoder().state_dict()
    path = tmp_path / 'a.pth'
    torch.save({**state, **{f'module.{k}': v for k, v in state.items()}},
               path)
    with pytest.raises(ValueError, match=r'a\.pth: weights that differ in w'):
        load_encoder(tiny_encoder(), path)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('key', ['backbone.conv1.weight',
                                 'head.bn.running_var'])
def test_weights_that_are_no_numbers(
        tmp_path: Path, value: float, key: str) -> None:
    """At loading, with the tensor's name; nothing is loaded."""
    state, target = tiny_encoder().state_dict(), tiny_encoder(seed=1)
    before = {k: v.clone() for k, v in target.state_dict().items()}
    state[key].view(-1)[1] = value
    path = tmp_path / 'a.pth'
    torch.save(state, path)
    with pytest.raises(ValueError, match=rf'a\.pth: {key}: 1 of \d+ weights '
                                         'are not finite'):
        load_encoder(target, path)
    assert all(torch.equal(v, before[k])
               for k, v in target.state_dict().items())


def test_numbers_of_other_identities_do_not_matter(tmp_path: Path) -> None:
    """A classifier that is left out may hold anything."""
    source = tiny_encoder(5)
    source.head.classifier.weight.data.fill_(float('nan'))
    path = tmp_path / 'a.pth'
    torch.save(source.state_dict(), path)
    load_encoder(tiny_encoder(7), path)
