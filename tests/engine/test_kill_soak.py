"""Runs killed at random moments end as though they had not been.

A few kills here; for a soak of many,

    KILLS=100 pytest -s tests/engine/test_kill_soak.py
"""
from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_runs import ROOT, files_of, tiny_config

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get('KILLS', 2))
STAGES = [
    dict(type='MaskGeneration'),
    dict(type='IntraFrameTraining'),
    dict(type='ShortTermTracking'),
    dict(type='TrackletSplitting'),
    dict(type='InterTrackletTraining'),
    dict(type='TrackletSplitting'),
    dict(type='Merging'),
    dict(type='TrackPruning', min_seconds=0.0),
    dict(type='TrackExtension'),
    dict(type='GapFilling'),
]


def start(config: Path, resume: bool) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    return subprocess.Popen(
        [sys.executable, 'tools/test.py', str(config),
         *['--resume'] * resume],
        cwd=ROOT, text=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env={**os.environ, 'OMP_NUM_THREADS': '1'})


def wait_until_it_works(process: subprocess.Popen[str],
                        work_dir: Path) -> None:
    """Imports take most of a tiny run; nothing is lost while they do."""
    logs = {*work_dir.glob('*/*.log')}
    while process.poll() is None and logs == {*work_dir.glob('*/*.log')}:
        time.sleep(0.02)


def finish(config: Path, resume: bool) -> None:
    """A run to its end."""
    process = start(config, resume)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def config_of(tiny: Path, work_dir: Path, path: Path,
              **options: object) -> Path:
    """A config file with every stage, long enough to be killed in."""
    cfg = tiny_config(tiny, work_dir, **{
        'test_cfg.training.max_iters': 6, 'test_cfg.report': True,
        'test_cfg.training.default_hooks.checkpoint.interval': 1, **options})
    cfg.model.detector.sources = [dict(
        type='DetectionsFromFile', path='det/*', score_thr=0.5,
        weak_thr=0.3)]
    cfg.test_cfg.stages = STAGES
    cfg.dump(path)
    return path


def test_killed_runs_end_with_the_same_bytes(
        tiny: Path, tmp_path: Path) -> None:
    """In a new folder, a used one, and one of other settings."""
    seed = random.randrange(10**6)
    print(f'seed {seed}')
    rng = random.Random(seed)
    work_dir = tmp_path / 'run'
    config = config_of(tiny, work_dir, tmp_path / 'config.py')
    other = config_of(tiny, work_dir, tmp_path / 'other.py', **{
        'model.merger.max_gap': 2, 'test_cfg.training.max_iters': 5})
    undisturbed = tmp_path / 'undisturbed'
    begin = time.monotonic()
    finish(config_of(tiny, undisturbed, tmp_path / 'whole.py'), False)
    whole, longest = files_of(undisturbed), time.monotonic() - begin
    kills = rounds = 0
    while kills < KILLS:
        # Begin anew, or with what another config has left half done.
        rounds += 1
        steps = [(config, False)] + [(config, True)] * rng.randint(1, 4)
        if (rounds + seed) % 2 == 0:
            steps = [(other, False), (config, True), *steps[1:]]
        for file, resume in steps:
            process = start(file, resume)
            wait_until_it_works(process, work_dir)
            time.sleep(rng.uniform(0, 0.7 * longest))
            if process.poll() is None:
                process.kill()
                kills += 1
            process.communicate()
        finish(config, True)
        found = files_of(work_dir)
        wrong = [name for name in {*whole, *found}
                 if whole.get(name) != found.get(name)]
        assert not wrong, f'seed {seed}, round {rounds}: {wrong}'
    print(f'{kills} kills in {rounds} rounds')
