"""Settings of trainings: merged, shrunk, and checked before any work."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS
from tiny_runs import ROOT

from mmremots.datasets.triplets import IntraFrameTriplets
from mmremots.engine.training_settings import (
    check_settings,
    optimizer_here,
    schedule_of,
    training_settings,
    what_matters,
)

GOOD = Config.fromfile(
    ROOT / 'configs' / 'remots_mots20.py').test_cfg.training.to_dict()


def check(training: dict[str, Any], key: str = 'intra',
          **overrides: Any) -> None:
    """Check the settings of a training of a small network."""
    check_settings(training, key, overrides, 'Stage',
                   torch.nn.Linear(2, 2), IntraFrameTriplets)


def rates(schedulers: list[dict[str, Any]], length: int) -> list[float]:
    """Rate of each iteration, as mmengine's schedulers set it."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    built = [PARAM_SCHEDULERS.build(dict(config, optimizer=optimizer))
             for config in schedulers]
    found = []
    for _ in range(length):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in built:
            scheduler.step()
    return found


def test_reference_schedule() -> None:
    """Up over the first tenth of the way, down after 1/3 and 7/12."""
    found = rates(schedule_of(GOOD['param_scheduler'], 120, 12000), 120)
    assert found[0] == pytest.approx(0.01)
    assert found[4] == pytest.approx(0.01 + 0.99 * 4 / 9)
    assert found[9:40] == pytest.approx([1.0] * 31)
    assert found[40:70] == pytest.approx([0.1] * 30)
    assert found[70:] == pytest.approx([0.01] * 50)


@pytest.mark.parametrize('length', range(2, 40))
def test_every_training_reaches_its_rate(length: int) -> None:
    """However short: a warm-up of one iteration would never end."""
    found = rates(schedule_of(GOOD['param_scheduler'], length, 12000), length)
    assert max(found) == pytest.approx(1.0)
    assert found[-1] == pytest.approx(0.01)


def test_any_scheduler_is_shrunk() -> None:
    """Times in iterations, alone and in lists; nothing else."""
    assert schedule_of(
        dict(type='CosineAnnealingLR', T_max=100, eta_min=10, begin=20,
             end=100), 50, 100) == [
        dict(type='CosineAnnealingLR', T_max=50, eta_min=10, begin=10,
             end=50)]
    assert schedule_of([dict(type='CosineRestartLR', periods=[30, 70],
                             restart_weights=[1, 0.5])], 10, 100) == [
        dict(type='CosineRestartLR', periods=[3, 7],
             restart_weights=[1, 0.5])]


def test_mixed_precision_needs_a_gpu() -> None:
    """What belongs to it goes, too; any other wrapper stays."""
    given = dict(type='AmpOptimWrapper', loss_scale='dynamic',
                 accumulative_counts=2)
    plain = dict(type='OptimWrapper', accumulative_counts=2)
    assert optimizer_here(given) == (
        given if torch.cuda.is_available() else plain)
    assert optimizer_here(plain) == plain


def test_the_stage_has_the_last_word() -> None:
    """Shared, of one training, of the stage; dicts are merged."""
    training = dict(GOOD, max_iters=1, intra=dict(
        max_iters=2, optim_wrapper=dict(optimizer=dict(lr=1.0))))
    assert training_settings(training, 'inter', {})['max_iters'] == 1
    assert training_settings(training, 'intra', {})['max_iters'] == 2
    found = training_settings(training, 'intra', dict(max_iters=3))
    assert found['max_iters'] == 3
    assert found['optim_wrapper']['optimizer'] == dict(
        type='Adam', lr=1.0, weight_decay=5e-4)
    assert 'intra' not in found
    assert training['optim_wrapper']['optimizer']['lr'] == 3.5e-4
    check(training, max_iters=3)


def test_what_changes_no_weight() -> None:
    """A training is not done again for another interval of its log."""
    other = training_settings(GOOD, 'intra', dict(
        train_dataloader=dict(num_workers=9), visualizer=dict(type='A'),
        default_hooks=dict(logger=dict(interval=1))))
    settings = training_settings(GOOD, 'intra', {})
    assert what_matters(other) == what_matters(settings)
    for change in (dict(train_dataloader=dict(batch_size=9)),
                   dict(default_hooks=dict(ema=dict(type='EMAHook'))),
                   dict(optim_wrapper=dict(optimizer=dict(lr=1)))):
        assert what_matters(training_settings(GOOD, 'intra', change)) != (
            what_matters(settings))


@pytest.mark.parametrize('setting', [
    dict(optim_wrapper=dict(
        _delete_=True, type='OptimWrapper', clip_grad=dict(max_norm=1),
        optimizer=dict(type='SGD', lr=0.1, momentum=0.9))),
    dict(param_scheduler=[dict(
        type='CosineAnnealingLR', T_max=12000, by_epoch=False)]),
    dict(custom_hooks=[dict(type='EMAHook')]),
    dict(default_hooks=dict(checkpoint=None)),
    dict(train_dataloader=dict(dataset=dict(
        instances=2, weak=[dict(type='CropFlip')]))),
])
def test_what_mm_has(setting: dict[str, Any]) -> None:
    """Any optimizer, scheduler, hook."""
    check(GOOD, **setting)


@pytest.mark.parametrize(('shared', 'own', 'overrides', 'message'), [
    (dict(max_iter=5), {}, {}, r'test_cfg.training.max_iter: no such .*iters'),
    ({}, dict(lr=1), {}, r'test_cfg.training.intra.lr: no such setting'),
    ({}, {}, dict(maxiters=1), 'Stage.maxiters: no such setting'),
    (dict(max_iters='x'), {}, {}, "training.max_iters='x' is not a whole"),
    (dict(max_iters=True), {}, {}, 'max_iters=True is not'),
    ({}, dict(start_share=1.5), {}, r'intra.start_share=1.5 is not .* to 1'),
    ({}, {}, dict(max_views=0), 'Stage.max_views=0 is not a number above 0'),
    ({}, {}, dict(max_views=float('nan')), 'Stage.max_views=nan is not'),
    (dict(intra=3), {}, {}, 'training.intra is 3, not a dict'),
    ({}, dict(train_cfg=dict(max_iters=0)), {},
     'training.intra.train_cfg: max_iters=0 is not a whole number of 1'),
    ({}, {}, dict(train_dataloader=dict(batch_size=0)),
     'Stage.train_dataloader: batch_size should be a positive'),
    ({}, {}, dict(train_dataloader=dict(batchsize=1)),
     "Stage.train_dataloader: .*'batchsize'"),
    ({}, {}, dict(train_dataloader=dict(num_workers=-1)),
     'Stage.train_dataloader: num_workers option should be non-negative'),
    ({}, dict(train_dataloader=dict(dataset=dict(groupsize=1))), {},
     r'intra.train_dataloader.dataset.groupsize: Intra.* no such setting'),
    (dict(optim_wrapper=3), {}, {}, 'training.optim_wrapper=3 is not a dict'),
    (dict(optim_wrapper=dict(type='X')), {}, {}, 'training.optim_wrapper: '),
    ({}, dict(optim_wrapper=dict(optimizer=dict(lrr=1))), {},
     "training.intra.optim_wrapper: .*'lrr'"),
    ({}, {}, dict(param_scheduler=[dict(type='StepLR', step_size=2)]),
     'Stage.param_scheduler: StepLR counts epochs'),
    ({}, {}, dict(param_scheduler=[dict(
        type='StepLR', by_epoch=False, step=2)]),
     "Stage.param_scheduler: .*'step'"),
    ({}, dict(default_hooks=dict(logger=dict(intervall=1))), {},
     "training.intra.default_hooks.logger: .*'intervall'"),
    ({}, {}, dict(custom_hooks=[dict(type='None')]),
     'Stage.custom_hooks.0: .*None is not in')])
def test_a_mistake_has_its_full_name(
        shared: dict[str, Any], own: dict[str, Any],
        overrides: dict[str, Any], message: str) -> None:
    """Key, value, and what it must be."""
    with pytest.raises(ValueError, match=message):
        check(dict(GOOD, **dict(intra=own) | shared), **overrides)


@pytest.mark.parametrize('name', [
    'train_cfg', 'train_dataloader', 'optim_wrapper', 'param_scheduler',
    'start_share'])
def test_what_is_missing_is_said(name: str) -> None:
    """Before a training fails on it."""
    training = {key: value for key, value in GOOD.items()
                if key not in (name, 'labelled')}
    with pytest.raises(ValueError, match=f'test_cfg.training has no {name}'):
        check(training, 'inter')
