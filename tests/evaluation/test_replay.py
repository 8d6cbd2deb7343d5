"""What mm has for results, with those of a run."""
from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import mmdet
import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from tiny_runs import run, tiny_config

from mmremots.evaluation.replay import replay
from mmremots.formats import read_mots
from mmremots.registry import HOOKS
from mmremots.structures.masks import decode_mask

pytestmark = pytest.mark.slow
#: Masks, tracking and merging: all that works without a training.
UNTRAINED = {'test_cfg.stages': [
    dict(type=name) for name in (
        'MaskGeneration', 'ShortTermTracking', 'Merging')]}


@pytest.fixture(scope='module')
def told(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a metric of mmdet and a dump; drawn frames, too."""
    work_dir = tmp_path_factory.mktemp('run')
    cfg = tiny_config(tiny, work_dir, **UNTRAINED, **{
        'default_hooks.visualization.draw': True,
        'default_hooks.visualization.test_out_dir': 'drawn'})
    cfg.test_evaluator = [
        cfg.test_evaluator,
        dict(type='mmdet.MOTChallengeMetric', metric=['Identity'],
             prefix='boxes'),
        dict(type='DumpResults', out_file_path=str(work_dir / 'out.pkl'))]
    metrics = run(cfg)
    assert 0 < metrics['boxes/IDF1'] <= 1
    assert metrics['mots/IDF1'] > 0
    return work_dir


def test_each_frame_is_dumped_with_its_masks(told: Path) -> None:
    """In order, with ids, and small: masks as RLEs."""
    with (told / 'out.pkl').open('rb') as file:
        frames = pickle.load(file)
    assert len(frames) == 8 + 6
    for name, mine in (('TINY-02', frames[:8]), ('TINY-03', frames[8:])):
        table, ids = read_mots(told / 'tracks' / f'{name}.txt')
        for t, frame in enumerate(mine, 1):
            sample, = frame['video_data_samples']
            assert sample.sequence == name
            assert sample.frame_id == t - 1
            found, rows = sample.pred_track_instances, table.of_frame(t)
            assert found.instances_id.tolist() == ids[rows].tolist()
            assert found.masks == table.rles[rows]


def test_frames_are_drawn(told: Path, tiny: Path) -> None:
    """A picture a frame, tinted where the masks are and nowhere else."""
    for name, num in (('TINY-02', 8), ('TINY-03', 6)):
        drawn = sorted(told.glob(f'*/drawn/{name}/*'))
        assert [path.stem for path in drawn] == [
            f'{t:06d}' for t in range(1, num + 1)]
        table, _ = read_mots(told / 'tracks' / f'{name}.txt')
        image, bare = (cv2.imread(str(path)).astype(int) for path in (
            drawn[3], tiny / 'test' / name / 'img1' / drawn[3].name))
        inside = np.zeros(table.size, bool)
        for rle in table.rles[table.of_frame(4)]:
            inside |= decode_mask(rle).astype(bool)
        change = np.abs(image - bare).sum(axis=2)
        assert change[inside].mean() > 5 * change[~inside].mean() > 0


def test_tools_of_mmdet(tiny: Path, tmp_path: Path) -> None:
    """Its tools/test.py runs our config, dumps and draws; files are whole."""
    cfg = tiny_config(tiny, tmp_path / 'run', **UNTRAINED)
    cfg.dump(tmp_path / 'config.py')
    tool = Path(mmdet.__file__).parent / '.mim' / 'tools' / 'test.py'
    done = subprocess.run(
        [sys.executable, str(tool), str(tmp_path / 'config.py'), '',
         '--out', str(tmp_path / 'out.pkl'), '--show-dir', 'drawn'],
        capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(pickle.loads((tmp_path / 'out.pkl').read_bytes())) == 14
    assert len(list((tmp_path / 'run').glob('*/drawn/*/*'))) == 14
    assert (tmp_path / 'run' / 'submission.zip').is_file()


def test_weights_that_a_tool_loads(tiny: Path, tmp_path: Path) -> None:
    """A run by mmdet's test_tracking.py starts from the weights it loads.

    Other weights are another start, also for a run that goes on.
    """
    from_seed = tiny_config(tiny, tmp_path / 'other', **UNTRAINED)
    from_seed.randomness = dict(seed=5)
    run(from_seed)
    given = tmp_path / 'other' / 'encoder_start.pth'
    cfg = tiny_config(tiny, tmp_path / 'run', **UNTRAINED)
    cfg.randomness = dict(seed=0)
    run(cfg)
    start = tmp_path / 'run' / 'encoder_start.pth'
    assert start.read_bytes() != given.read_bytes()
    cfg.resume = True
    cfg.dump(tmp_path / 'config.py')
    tool = Path(mmdet.__file__).parent / '.mim/tools/test_tracking.py'
    done = subprocess.run(
        [sys.executable, str(tool), str(tmp_path / 'config.py'),
         '--reid', str(given)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert start.read_bytes() == given.read_bytes()


def test_nobody_listens(tiny: Path, tmp_path: Path) -> None:
    """Then nothing is decoded; a hook of one's own hears each frame."""
    heard: list[str] = []

    @HOOKS.register_module(force=True)
    class Listener(Hook):
        def after_test_iter(self, runner, batch_idx, data_batch=None,
                            outputs=None):
            sample, = outputs[0].video_data_samples
            assert sample.pred_track_instances.masks.dtype == torch.bool
            heard.append(f'{batch_idx} {sample.sequence} {sample.frame_id}')

    cfg = tiny_config(tiny, tmp_path / 'run', **UNTRAINED)
    cfg.custom_hooks = [dict(type='Listener')]
    run(cfg)
    assert heard == [f'{t} TINY-02 {t}' for t in range(8)] + [
        f'{8 + t} TINY-03 {t}' for t in range(6)]
    quiet = Runner.from_cfg(tiny_config(tiny, tmp_path / 'run', **UNTRAINED))
    assert replay(quiet, [], None, tmp_path) == {}  # It opens nothing.
