"""An encoder is trained, validated and used as any model of mm is."""
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from tiny_runs import ROOT, run, tiny_config

from mmremots.datasets.annotated_crops import AnnotatedCrops


@pytest.mark.slow
def test_train_validate_resume_and_use(tiny: Path, tmp_path: Path) -> None:
    """The sample's config on a smaller sample, as stock tools run it."""
    cfg = Config.fromfile(ROOT / 'configs' / 'reid' / 'resnet18_sample.py')
    for loader, split in ((cfg.train_dataloader, 'train'),
                          (cfg.val_dataloader, 'test'),
                          (cfg.test_dataloader, 'test')):
        loader.dataset = dict(
            type=loader.dataset.type, crop_size=(64, 32),
            folder=str(tmp_path / 'crops'),
            videos=dict(type='mmremots.MOTSChallengeDataset',
                        data_root=str(tiny / split)))
        loader.update(num_workers=0, persistent_workers=False)
    cfg.val_evaluator.min_gap = cfg.test_evaluator.min_gap = 1
    cfg.merge_from_dict({
        'work_dir': str(tmp_path / 'work'), 'model.crop_size': (64, 32),
        'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2,
        'default_hooks.checkpoint.interval': 1})
    runner = RUNNERS.build(cfg)
    runner.train()
    scores = runner.message_hub.log_scalars
    assert 0 < scores['val/reid/mAP'].current() <= 100
    cfg.resume, cfg.train_cfg.max_iters = True, 3
    runner = RUNNERS.build(cfg)
    runner.train()
    assert runner.iter == 3
    weights = tmp_path / 'work' / 'iter_3.pth'
    cfg.resume, cfg.load_from = False, str(weights)
    assert RUNNERS.build(cfg).test()['reid/rank1'] >= 0
    used = tiny_config(tiny, tmp_path / 'run', **{
        'load_from': str(weights),
        'test_cfg.stages': [dict(type='MaskGeneration')]})
    run(used)
    start, given = (torch.load(path, weights_only=False)['state_dict']
                    for path in (tmp_path / 'run' / 'encoder_start.pth',
                                 weights))
    name = 'backbone.layer4.1.conv2.weight'
    assert torch.equal(start[name], given[name])


def test_single_crops(tiny: Path, tmp_path: Path) -> None:
    """Every annotated person of every frame, once; other data, other crops."""
    videos = dict(type='mmremots.MOTSChallengeDataset',
                  data_root=str(tiny / 'test'))
    crops = AnnotatedCrops(videos, str(tmp_path), (64, 32))
    lines = sum(len(path.read_text().splitlines())
                for path in (tiny / 'test').glob('*/gt/gt.txt'))
    found = [crops[k] for k in range(len(crops))]
    assert len(found) == lines
    assert {item['data_samples']['video'] for item in found} == {0, 1}
    assert found[0]['inputs'].shape == (3, 64, 32)
    assert len({tuple(item['data_samples'].values())
                for item in found}) == lines
    before = {*tmp_path.iterdir()}
    AnnotatedCrops(videos, str(tmp_path), (64, 32))
    assert {*tmp_path.iterdir()} == before
    AnnotatedCrops(videos, str(tmp_path), (32, 32))
    assert len({*tmp_path.iterdir()}) == 2 * len(before)
