"""The configs that train a detector."""
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from tiny_runs import SPECS

from mmremots.datasets.sample import render_sample
from mmremots.models.checkpoint import differences
from mmremots.models.detectors import InstanceSegmenter

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
SAMPLE = ('mask-rcnn_r18_sample', 'cascade-mask-rcnn_r18_sample')


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('data')
    render_sample(root, SPECS[:1])
    return root / 'train'


@pytest.mark.slow
@pytest.mark.parametrize('name', SAMPLE)
def test_trains_and_detects(name: str, data: Path, tmp_path: Path) -> None:
    """A step of training leaves weights that a run can take."""
    cfg = Config.fromfile(CONFIGS / 'detectors' / f'{name}.py')
    cfg.work_dir = str(tmp_path)
    cfg.train_dataloader.num_workers = 0
    cfg.train_dataloader.persistent_workers = False
    cfg.train_dataloader.batch_size = 2
    cfg.train_dataloader.dataset.videos = dict(
        type='MOTSChallengeDataset', data_root=str(data))
    cfg.train_dataloader.dataset.indices = 2
    cfg.train_cfg.max_epochs = 1
    with DefaultScope.overwrite_default_scope('mmdet'):
        Runner.from_cfg(cfg).train()
    source = InstanceSegmenter(
        str(CONFIGS / 'detectors' / f'{name}.py'),
        checkpoint=str(tmp_path / 'epoch_1.pth'), score_thr=0.0,
        classes={'pedestrian': 2})
    source.load()


def test_live_run_takes_what_they_leave() -> None:
    """The checkpoints of the run are those that the trainings write."""
    sources = Config.fromfile(
        CONFIGS / 'remots_sample_live.py').model.detector.sources
    assert len(sources) == len(SAMPLE)
    for source, name in zip(sources, SAMPLE, strict=True):
        cfg = Config.fromfile(source.config)
        assert source.checkpoint == (
            f'work_dirs/{name}/epoch_{cfg.train_cfg.max_epochs}.pth')
        assert source.config == str(CONFIGS / 'detectors' / f'{name}.py')


def test_live_run_without_training(tmp_path: Path) -> None:
    """One error that names the missing file, before any work."""
    source = InstanceSegmenter(
        str(CONFIGS / 'detectors' / f'{SAMPLE[0]}.py'),
        checkpoint=str(tmp_path / 'epoch_12.pth'), classes={'pedestrian': 2})
    with pytest.raises(FileNotFoundError, match=r'epoch_12\.pth'):
        source.check(None)


def test_mots20_starts_as_coco() -> None:
    """All weights of the COCO network fit but those of its 80 classes."""
    states = []
    for name in ('mask-rcnn_x101-64x4d', 'mask-rcnn_x101-64x4d_fpn_mots20'):
        cfg = Config.fromfile(CONFIGS / 'detectors' / f'{name}.py')
        with DefaultScope.overwrite_default_scope(
                'mmdet'), torch.device('meta'):
            states.append(MODELS.build(cfg.model).state_dict())
        checkpoint = cfg.load_from or cfg.model.init_cfg.checkpoint
        assert checkpoint.endswith('2x_coco_20200509_224208-39d6f70c.pth')
    coco, mots = states
    line, = differences(mots, coco)
    assert line.startswith('  reshaped: ')
    parts = ('bbox_head.fc_cls', 'bbox_head.fc_reg', 'mask_head.conv_logits')
    expected = {f'roi_head.{part}.{kind}' for part in parts
                for kind in ('weight', 'bias')}
    assert {key for key in mots
            if mots[key].shape != coco[key].shape} == expected


def test_mots20_ignores_regions() -> None:
    """Anchors and proposals in what was not annotated teach nothing."""
    cfg = Config.fromfile(
        CONFIGS / 'detectors/mask-rcnn_x101-64x4d_fpn_mots20.py')
    assert cfg.default_scope == 'mmdet'
    for part in ('rpn', 'rcnn'):
        assert cfg.model.train_cfg[part].assigner.ignore_iof_thr == 0.5
