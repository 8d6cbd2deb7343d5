"""The work of a run, by one process and by several together."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_runs import tiny_config

import mmremots
from mmremots.engine.finished_run import finished_run
from mmremots.engine.run_folder import RunFolder


@pytest.mark.slow
def test_joint_work_is_recorded_once(tmp_path: Path) -> None:
    """Two processes that end a training together do not race for its record.

    Each one used to write it, through one temporary file; hundreds of
    pieces make a clash all but certain.
    """
    program = Path(__file__).with_name('joint_work.py')
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         '--nproc_per_node=2', str(program), str(tmp_path), '400'],
        text=True, capture_output=True, timeout=300, check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / 'records' / 'work').iterdir())) == 400


@pytest.mark.parametrize(('stages', 'tracklets', 'tracks'), [
    (['ShortTermTracking', 'Merging'], 'tracklets', 'tracks'),
    (['ShortTermTracking', 'TrackletSplitting', 'TrackletSplitting',
      'Merging', 'TrackPruning'], 'tracklets_split_2', 'tracks'),
    (['ShortTermTracking', 'TrackletSplitting', 'ShortTermTracking'],
     'tracklets_2', None)])
def test_a_finished_run_is_read_where_it_ended(
        tiny: Path, tmp_path: Path, stages: list[str], tracklets: str,
        tracks: str | None) -> None:
    """Ids are those of the last stages that give some."""
    mmremots.register_all_modules()
    RunFolder(tmp_path).encoder('start').touch()
    run = finished_run(tiny_config(tiny, tmp_path, **{
        'test_cfg.stages': [dict(type=name) for name in stages]}), tmp_path)
    assert run.tracklet_folder == tracklets
    assert run.tracked == tracks
    assert run.encoder == tmp_path / 'encoder_start.pth'


def test_a_folder_without_a_run_is_told(tiny: Path, tmp_path: Path) -> None:
    """Reading tools name it, instead of failing at the first file."""
    mmremots.register_all_modules()
    with pytest.raises(FileNotFoundError, match='no finished run here'):
        finished_run(tiny_config(tiny, tmp_path), tmp_path)
