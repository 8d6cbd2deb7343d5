"""Parts within parts are ours, wherever names are looked up first."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mmdet.models
import pytest
from mmengine.registry import DefaultScope, Registry
from torch import nn

from mmremots.models.reid import BNNeckHead, CenterLoss, TripletLoss
from mmremots.models.task_modules import (
    CrossingThreshold,
    ThreeSigmaThreshold,
)
from mmremots.registry import (
    DATASETS,
    FUNCTIONS,
    LOOPS,
    METRICS,
    MODELS,
    STAGES,
    TASK_UTILS,
    TRANSFORMS,
    current_scope,
    qualified,
)

DATA = Path(__file__).parent / 'data'
SCOPES = ['mmremots', 'mmdet', 'mmengine', 'elsewhere']


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third package can be imported, in which all names are others'."""
    monkeypatch.syspath_prepend(str(DATA))


@contextmanager
def scope_of(name: str) -> Iterator[None]:
    """What a runner does with ``default_scope``."""
    with DefaultScope.overwrite_default_scope(name):
        yield


@pytest.mark.parametrize('scope', SCOPES)
def test_losses_of_the_head(scope: str) -> None:
    """Mmdet has a TripletLoss, too, which takes unknown pairs for known."""
    with scope_of(scope):
        head = MODELS.build(dict(
            type='BNNeckHead', in_channels=4, num_classes=2))
    assert type(head) is BNNeckHead
    assert type(head.loss_triplet) is TripletLoss
    assert type(head.loss_center) is CenterLoss
    assert type(head.loss_cls) is nn.CrossEntropyLoss


@pytest.mark.parametrize('scope', SCOPES)
def test_thresholds_that_nobody_has_named(scope: str) -> None:
    """Defaults are looked up like what stands in a config."""
    with scope_of(scope):
        tracker = MODELS.build(dict(type='ShortTermTracker'))
        merger = TASK_UTILS.build(dict(type='TrackletMerger'))
    assert type(tracker.threshold) is ThreeSigmaThreshold
    assert type(merger.threshold) is CrossingThreshold
    assert type(merger.threshold.fallback) is ThreeSigmaThreshold


@pytest.mark.parametrize('own', [
    MODELS, TASK_UTILS, DATASETS, TRANSFORMS, FUNCTIONS, LOOPS, METRICS,
    STAGES], ids=lambda own: own.name)
def test_every_name_is_ours_for_runners_too(own: Registry) -> None:
    """With its scope before it, mmengine's registries find it anywhere."""
    own.import_from_location()
    assert own.module_dict
    root = own.parent or own
    for name, module in own.module_dict.items():
        config = qualified(own, dict(type=name))
        assert config['type'] == f'mmremots.{name}'
        for scope in SCOPES:
            with scope_of(scope), root.switch_scope_and_registry(
                    None) as asked:
                assert asked.get(config['type']) is module


def test_others_are_looked_up_in_the_default_scope() -> None:
    """As everywhere in mm, so a package may put in its own by name."""
    with scope_of('mmdet'):
        pool = MODELS.build(dict(type='GlobalAveragePooling'))
        focal = MODELS.build(dict(type='TripletLoss', _scope_='mmdet'))
    assert type(pool) is mmdet.models.GlobalAveragePooling
    assert type(focal) is mmdet.models.TripletLoss


@pytest.mark.parametrize('config', [
    dict(type='mmdet.TripletLoss'), dict(type='ResNet'),
    dict(type=TripletLoss), dict(type='TripletLoss', _scope_='mmdet'),
    dict(margin=1), None])
def test_what_has_no_name_of_ours_stays(config: object) -> None:
    """Neither others' names nor what says for itself where to look."""
    assert qualified(MODELS, config) is config


def test_a_config_that_was_given_stays() -> None:
    """It is of the user, and compared with that of an earlier run."""
    config = dict(type='TripletLoss')
    assert qualified(MODELS, config) == dict(type='mmremots.TripletLoss')
    assert config == dict(type='TripletLoss')


@pytest.mark.parametrize('scope', ['mmdet', 'elsewhere'])
def test_stages_build_without_a_warning(
        scope: str, caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str]) -> None:
    """No other scope has stages: nothing to tell a user of."""
    with scope_of(scope):
        STAGES.build(dict(type='Merging'))
    assert 'workaround' not in caplog.text + ''.join(capsys.readouterr())


def test_stages_of_a_package_of_its_own() -> None:
    """A child of ours is asked when its scope is the default."""
    stages = Registry('stage', parent=STAGES, scope='elsewhere')
    try:
        stages.register_module(name='Own', module=dict)
        with scope_of('elsewhere'):
            assert STAGES.build(dict(type='Own', setting=1)) == {'setting': 1}
            assert type(STAGES.build(dict(type='Merging'))).__name__ == (
                'Merging')
    finally:
        STAGES.children.pop('elsewhere')


def test_current_scope() -> None:
    """What an inner runner is to have, too."""
    with scope_of('elsewhere'):
        assert current_scope() == 'elsewhere'


def test_every_registry_has_its_parents_way_to_build() -> None:
    """A list of models is a sequence of them, as in mmengine."""
    layers = MODELS.build([
        dict(type='TripletLoss'), dict(type='BNNeckHead', in_channels=2)])
    assert isinstance(layers, nn.Sequential)
