"""Runs on a tiny rendered sample, in seconds: what tests of them share."""
from __future__ import annotations

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import RUNNERS

from mmremots.datasets.sample.render import SequenceSpec

ROOT = Path(__file__).resolve().parents[1]
SPECS = (
    SequenceSpec('TINY-01', 'train', seed=101, num_frames=6, num_people=4),
    SequenceSpec('TINY-02', 'test', seed=102, num_frames=8, num_people=4),
    SequenceSpec('TINY-03', 'test', seed=103, num_frames=6, num_people=4),
)


def tiny_config(data: Path, work_dir: Path, **options: object) -> Config:
    """The sample's config on other data, a few iterations long."""
    return shorten(Config.fromfile(ROOT / 'configs' / 'remots_sample.py'),
                   data, work_dir, **options)


def shorten(cfg: Config, data: Path, work_dir: Path,
            **options: object) -> Config:
    """Put other data into a config, and few iterations."""
    dataset = dict(type='mmremots.MOTSChallengeDataset', test_mode=True)
    cfg.test_dataloader.dataset = dict(
        dataset, data_root=str(data / 'test'), pipeline=cfg.frames_pipeline)
    cfg.test_cfg.labelled = dict(dataset, data_root=str(data / 'train'))
    cfg.work_dir = str(work_dir)
    # Runs that begin in one second would share a log.
    cfg.experiment_name = '-'.join(work_dir.parts[-2:])
    cfg.merge_from_dict({
        'model.reid.crop_size': (64, 32),
        'test_dataloader.num_workers': 0,
        'test_cfg.training.max_iters': 4,
        'test_cfg.training.train_dataloader': dict(
            batch_size=1, num_workers=0, dataset=dict(group_size=8)),
        'test_cfg.training.labelled.train_dataloader.batch_size': 2,
        'test_cfg.training.default_hooks.checkpoint.interval': 2,
        'test_cfg.report': False, **options})
    return cfg


def run(cfg: Config) -> dict[str, float]:
    """Run a config as tools/test.py does."""
    return RUNNERS.build(cfg).test()


def files_of(folder: Path) -> dict[str, bytes]:
    """What a run is judged by: every result file's bytes."""
    patterns = ('detections/*', 'weak/*', 'tracklets*/*', 'tracks/*',
                'encoder_*.pth', 'statistics/*', 'metrics.json',
                'submission.zip')
    return {str(path.relative_to(folder)): path.read_bytes()
            for pattern in patterns for path in folder.glob(pattern)
            if path.is_file()}
