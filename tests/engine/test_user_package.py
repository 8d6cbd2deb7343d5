"""A package of a user's own puts in every part of ReMOTS."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from tiny_runs import files_of, run, shorten

from mmremots.config_check import build_part
from mmremots.models.mot import ReMOTS
from mmremots.models.task_modules import BaseShortTermTracker
from mmremots.registry import MODELS

PACKAGE = Path(__file__).parents[1] / 'user_package'
CONFIG = Path(__file__).parents[2] / 'configs' / 'remots_sample.py'


@pytest.mark.slow
def test_a_run_with_every_part_of_ones_own(
        tiny: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings and all, with the same bytes under any default scope."""
    monkeypatch.syspath_prepend(str(PACKAGE))
    written = {}
    for scope in ('mmremots', 'mmdet'):
        cfg = Config.fromfile(PACKAGE / 'club_remots/configs/club.py')
        shorten(cfg, tiny, tmp_path / scope)
        cfg.default_scope = scope
        cfg.test_cfg.stages[0].num_workers = 0
        scores = run(cfg)
        written[scope] = files_of(tmp_path / scope)
        assert 'mots/HOTA' in scores
    assert written['mmdet'] == written['mmremots']
    assert 'encoder_inter.pth' in written['mmdet']
    detections = written['mmdet']['detections/TINY-02.txt'].splitlines()
    tracks = written['mmdet']['tracks/TINY-02.txt'].splitlines()
    assert 0 < len(tracks) < len(detections)


@pytest.mark.parametrize(('part', 'config', 'message'), [
    ('tracker', dict(type='mmdet.ByteTracker', motion=dict(
        type='mmdet.KalmanFilter')), 'ByteTracker is no BaseShortTermTracker'
     '; .* derived from mmremots[.]models[.]task_modules'),
    ('reid', dict(type='mmdet.ResNet', depth=18),
     'ResNet is no BaseEncoder; .* derived from mmremots[.]models[.]reid'),
    ('detector', dict(type='DetectionsFromFile', path='det/*'),
     'DetectionsFromFile is no MaskFusion'),
    ('merger', dict(type='IoMNMS'), 'IoMNMS is no BaseMerger'),
    ('detector', dict(type='MaskFusion', sources=[dict(type='DenseFlow')]),
     r'sources\[0\]: DenseFlow is no BaseMaskSource')])
def test_what_cannot_be_put_in(
        part: str, config: dict, message: str) -> None:
    """Told before any work, with what it has to be."""
    cfg = Config.fromfile(CONFIG)
    cfg.model[part] = config
    with pytest.raises(ValueError, match=f'^model.{part}: .*{message}'):
        MODELS.build(cfg.model)


def test_parts_may_be_built_by_class() -> None:
    """As everywhere in mm; the model is the same."""
    cfg = Config.fromfile(CONFIG)
    cfg.model.type = ReMOTS
    assert isinstance(MODELS.build(cfg.model), ReMOTS)
    assert isinstance(build_part(
        MODELS, 'model.tracker', cfg.model.tracker, BaseShortTermTracker),
        BaseShortTermTracker)
