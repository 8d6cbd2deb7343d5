"""The run configs: complete, and one model and one list of stages."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

import mmremots
from mmremots.models.reid import ReIDEncoder, SEResNeXt
from mmremots.models.task_modules import MotionVeto
from mmremots.registry import MODELS, STAGES

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
RUNS = sorted(path.name for path in CONFIGS.glob('remots_*.py'))


@pytest.mark.parametrize('name', RUNS)
def test_model_and_stages_build(name: str) -> None:
    """Every config can be built today, whatever data it needs."""
    mmremots.register_all_modules()
    cfg = Config.fromfile(CONFIGS / name)
    assert isinstance(MODELS.build(cfg.model).reid, ReIDEncoder)
    for stage in cfg.test_cfg.stages:
        STAGES.build(stage)


def test_the_papers_run() -> None:
    """The encoder, the numbers and the videos of the paper, nothing more."""
    cfg = Config.fromfile(CONFIGS / 'remots_mots20.py')
    mmremots.register_all_modules()
    model = MODELS.build(cfg.model)
    assert isinstance(model.reid.backbone, SEResNeXt)
    assert model.merger.gap(5.0) == model.merger.gap(60.0) == 15
    assert model.merger.veto is None
    assert not model.merger.retake
    assert not model.tracker.sure_only
    assert model.motion.method == 'farneback'
    assert not model.detector.has_weak
    assert cfg.model.detector.nms.type == 'IoMNMS'
    assert cfg.model.tracker.threshold.type == 'ThreeSigmaThreshold'
    assert cfg.model.merger.threshold.type == 'CrossingThreshold'
    assert [stage.type for stage in cfg.test_cfg.stages] == [
        'MaskGeneration', 'IntraFrameTraining', 'ShortTermTracking',
        'InterTrackletTraining', 'Merging']
    assert cfg.test_dataloader.dataset.sequences == [
        'MOTS20-01', 'MOTS20-06', 'MOTS20-07', 'MOTS20-12']
    assert cfg.test_cfg.labelled.sequences == [
        'MOTS20-02', 'MOTS20-05', 'MOTS20-09', 'MOTS20-11']


@pytest.mark.parametrize(
    'name', ['mots20', 'kitti_mots', 'pedestrians', 'sample'])
def test_plus_is_a_config_with_all_options(name: str) -> None:
    """Data, encoder and trainings stay; the paper's steps stay in order."""
    plain, plus = (Config.fromfile(CONFIGS / f'remots_{prefix}{name}.py')
                   for prefix in ('', 'plus_'))
    mmremots.register_all_modules()
    model = MODELS.build(plus.model)
    assert model.tracker.sure_only
    assert model.merger.retake
    assert isinstance(model.merger.veto, MotionVeto)
    assert model.merger.gap(30.0) == 75
    assert model.merger.gap(10.0) == 25
    assert model.motion.method == 'dis'
    added = {'TrackletSplitting', 'TrackPruning', 'TrackExtension',
             'GapFilling'}
    steps = [stage.type for stage in plus.test_cfg.stages]
    assert added <= set(steps)
    assert [step for step in steps if step not in added] == [
        stage.type for stage in plain.test_cfg.stages]
    for part in ('reid', 'detector'):
        assert plus.model[part] == plain.model[part]
    assert plus.test_cfg.training == plain.test_cfg.training
    assert plus.test_cfg.labelled == plain.test_cfg.labelled
    assert plus.test_dataloader == plain.test_dataloader


@pytest.mark.parametrize(
    'name', ['remots_sample.py', 'remots_pedestrians.py'])
def test_others_differ_in_data_encoder_and_schedule_only(name: str) -> None:
    """Same model, same stages, by inheritance."""
    paper = Config.fromfile(CONFIGS / 'remots_mots20.py')
    other = Config.fromfile(CONFIGS / name)
    for part in ('detector', 'motion', 'tracker'):
        assert other.model[part] == paper.model[part]
    assert other.model.merger.threshold == paper.model.merger.threshold
    assert [stage.type for stage in other.test_cfg.stages] == [
        stage.type for stage in paper.test_cfg.stages]
    assert other.test_evaluator == paper.test_evaluator
    assert other.model.reid.head.type == paper.model.reid.head.type
    assert other.model.reid.feature == paper.model.reid.feature


def test_kitti_mots_is_the_papers_run_on_other_data() -> None:
    """Cars and pedestrians by the entry's thresholds; nothing else differs."""
    paper = Config.fromfile(CONFIGS / 'remots_mots20.py')
    kitti = Config.fromfile(CONFIGS / 'remots_kitti_mots.py')
    for part in ('motion', 'tracker', 'merger', 'reid'):
        assert kitti.model[part] == paper.model[part]
    assert kitti.test_cfg.stages == paper.test_cfg.stages
    assert kitti.test_cfg.training == paper.test_cfg.training
    source, = kitti.model.detector.sources
    assert source.score_thr == {1: 0.5, 2: 0.2}
    for data in (kitti.test_dataloader.dataset, kitti.test_cfg.labelled):
        assert data.type == 'mmremots.KittiMOTSDataset'
        assert data.sequences is None
    assert kitti.test_evaluator.type == 'mmremots.KittiMOTSMetric'
