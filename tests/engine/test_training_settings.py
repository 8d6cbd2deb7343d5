"""Settings of trainings that are none or make no sense."""
from __future__ import annotations

from typing import Any

import pytest
from mmengine.config import Config
from tiny_runs import ROOT

from mmremots.engine.training_settings import (
    check_settings,
    training_settings,
)

GOOD = Config.fromfile(
    ROOT / 'configs' / 'remots_mots20.py').test_cfg.training.to_dict()


def test_the_stage_has_the_last_word() -> None:
    """Shared, of one training, of the stage."""
    training = dict(GOOD, max_iters=1, intra=dict(max_iters=2, amp=False))
    assert training_settings(training, 'inter', {})['max_iters'] == 1
    assert training_settings(training, 'intra', {})['max_iters'] == 2
    found = training_settings(training, 'intra', dict(max_iters=3))
    assert (found['max_iters'], found['amp']) == (3, False)
    assert 'intra' not in found
    check_settings(training, 'intra', dict(max_iters=3), 'Stage')


@pytest.mark.parametrize(('shared', 'own', 'overrides', 'message'), [
    (dict(max_iter=5), {}, {}, r'test_cfg.training.max_iter: no such .*iters'),
    ({}, dict(lr=1), {}, r'test_cfg.training.intra.lr: no such setting'),
    ({}, {}, dict(maxiters=1), 'Stage.maxiters: no such setting'),
    (dict(max_iters='x'), {}, {}, "training.max_iters='x' is not a whole"),
    (dict(batch_size=0), {}, {}, 'batch_size=0 is not a whole number of 1'),
    (dict(group_size=1), {}, {}, 'group_size=1 is not a whole number of 2'),
    (dict(max_iters=True), {}, {}, 'max_iters=True is not'),
    ({}, dict(start_share=1.5), {}, r'intra.start_share=1.5 is not .* to 1'),
    ({}, {}, dict(max_views=0), 'Stage.max_views=0 is not a number above 0'),
    ({}, {}, dict(max_views=float('nan')), 'Stage.max_views=nan is not'),
    (dict(amp=1), {}, {}, 'amp=1 is not True or False'),
    (dict(schedule=None), {}, {}, 'schedule=None is not a dict'),
    (dict(intra=3), {}, {}, 'training.intra is 3, not a dict')])
def test_a_mistake_has_its_full_name(
        shared: dict[str, Any], own: dict[str, Any],
        overrides: dict[str, Any], message: str) -> None:
    """Key, value, and what it must be."""
    with pytest.raises(ValueError, match=message):
        check_settings(dict(GOOD, **dict(intra=own) | shared), 'intra',
                       overrides, 'Stage')


@pytest.mark.parametrize('name', sorted(GOOD.keys() - {'max_views'}))
def test_what_is_missing_is_said(name: str) -> None:
    """Before a training fails on it."""
    training = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(ValueError, match=f'test_cfg.training has no {name}'):
        check_settings(training, 'inter', {}, 'Stage')
