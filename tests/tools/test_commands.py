"""The commands as a user types them."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from tiny_runs import SPECS, files_of, tiny_config

from mmremots.apis.command_line import markdown_table
from mmremots.datasets.sample.build import render_sample

ROOT = Path(__file__).resolve().parents[2]


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout."""
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, text=True,
        capture_output=True, timeout=300, check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})


@pytest.fixture(scope='module')
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config file of a run that takes seconds."""
    root = tmp_path_factory.mktemp('commands')
    render_sample(root / 'data', SPECS)
    cfg = tiny_config(root / 'data', root / 'unused')
    cfg.work_dir = None
    path = root / 'tiny.py'
    cfg.dump(path)
    return path


def test_missing_config_is_one_line(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    result = command('tools/test.py', tmp_path / 'none.py')
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f'error: {tmp_path}/none.py: no such config file')
    assert 'Traceback' not in result.stderr


@pytest.mark.slow
def test_missing_data_is_one_line(config: Path, tmp_path: Path) -> None:
    """The folder is named, the traceback is in the log file."""
    result = command(
        'tools/test.py', config, '--work-dir', tmp_path / 'run',
        '--cfg-options', f'test_dataloader.dataset.data_root={tmp_path}/no')
    assert result.returncode == 1
    assert f'{tmp_path}/no' in result.stderr.splitlines()[-1]
    assert 'Traceback' not in result.stderr
    log = re.search(r'the traceback is in (\S+)', result.stderr)
    assert log is not None
    assert 'Traceback' in Path(log[1]).read_text()


@pytest.mark.slow
def test_missing_checkpoint_stops_before_any_work(
        config: Path, tmp_path: Path) -> None:
    """A wrong path of the encoder is found first of all."""
    result = command('tools/test.py', config, tmp_path / 'none.pth',
                     '--work-dir', tmp_path / 'run')
    assert result.returncode == 1
    assert f'{tmp_path}/none.pth' in result.stderr.splitlines()[-1]
    assert files_of(tmp_path / 'run') == {}


@pytest.mark.slow
def test_train_then_test_and_show(config: Path, tmp_path: Path) -> None:
    """tools/train.py makes a checkpoint that tools/test.py starts from."""
    result = command('tools/train.py', config,
                     '--work-dir', tmp_path / 'train')
    assert result.returncode == 0, result.stderr
    # A remark of mmengine on mmengine is in the log file alone.
    assert 'Checkpoints will be saved to' in result.stdout
    assert 'will be deprecated' not in result.stdout + result.stderr
    checkpoint = tmp_path / 'train' / 'encoder_labelled.pth'
    assert checkpoint.is_file()
    result = command('tools/test.py', config, checkpoint,
                     '--work-dir', tmp_path / 'run',
                     '--show-dir', tmp_path / 'show')
    assert result.returncode == 0, result.stderr
    assert 'ReMOTS' in result.stdout
    assert str(tmp_path / 'run' / 'metrics.json') in result.stdout
    assert len(list((tmp_path / 'show' / 'TINY-02').iterdir())) == 8


@pytest.mark.slow
def test_two_processes_give_the_same_masks_and_tracks(
        config: Path, tmp_path: Path) -> None:
    """Invariant 3: the number of processes does not show in the files.

    The trainings are left out: their batches do depend on it.
    """
    cfg = Config.fromfile(config)
    cfg.test_cfg.stages = [
        stage for stage in cfg.test_cfg.stages
        if 'Training' not in stage['type']]
    untrained = tmp_path / 'untrained.py'
    cfg.dump(untrained)
    result = command('tools/test.py', untrained, '--work-dir',
                     tmp_path / 'one')
    assert result.returncode == 0, result.stderr
    result = command(
        '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2', 'tools/test.py', untrained, '--launcher',
        'pytorch', '--work-dir', tmp_path / 'two')
    assert result.returncode == 0, result.stderr
    one, two = files_of(tmp_path / 'one'), files_of(tmp_path / 'two')
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


@pytest.mark.slow
def test_two_processes_train(config: Path, tmp_path: Path) -> None:
    """The trainings go through mmengine's distributed training."""
    result = command(
        '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2', 'tools/test.py', config, '--launcher',
        'pytorch', '--work-dir', tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'encoder_inter.pth').is_file()
    assert (tmp_path / 'submission.zip').is_file()


def test_markdown_table() -> None:
    """What the tables of the docs are pasted from."""
    assert markdown_table(['a', 'b'], [['1', ''], ['2', 'x']]) == (
        '| a | b |\n| --- | --- |\n| 1 |  |\n| 2 | x |')
