"""Several processes leave what one leaves, whatever happens to them."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmdet.apis import init_detector
from mmengine.runner import save_checkpoint
from tiny_runs import ROOT, SPECS, files_of, tiny_config

from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec

pytestmark = pytest.mark.slow

STAGES = ('MaskGeneration', 'ShortTermTracking', 'TrackletSplitting',
          'Merging', 'TrackPruning', 'TrackExtension', 'GapFilling')
NETWORK = ROOT / 'tests' / 'data' / 'tiny_segmenter.py'


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long and a short video, and the weights of a detector."""
    root = tmp_path_factory.mktemp('data')
    render_sample(root, [*SPECS[:2], SequenceSpec(
        'TINY-04', 'test', seed=104, num_frames=43, num_people=4)])
    torch.manual_seed(0)
    save_checkpoint(dict(state_dict=init_detector(
        str(NETWORK), device='cpu').state_dict()), str(root / 'net.pth'))
    return root


def start(ranks: int, data: Path, folder: Path,
          resume: bool = False) -> subprocess.Popen[str]:
    """A run without trainings, with weak masks, by so many processes.

    A training is another one with another batch; it is left out.
    """
    cfg = tiny_config(data, folder / 'run', resume=resume)
    cfg.model.detector.sources = [
        dict(type='DetectionsFromFile', path='det/*', score_thr=0.5,
             weak_thr=0.3),
        dict(type='InstanceSegmenter', config=str(NETWORK), batch_size=3,
             checkpoint=str(data / 'net.pth'), scale=(64, 64), score_thr=0.,
             score_weight=0.1, classes=dict.fromkeys(range(80), 2))]
    cfg.test_cfg.stages = [dict(type=name) for name in STAGES]
    cfg.test_cfg.stages[0].num_workers = 0
    folder.mkdir(exist_ok=True)
    cfg.dump(folder / 'config.py')
    return subprocess.Popen(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         f'--nproc_per_node={ranks}', 'tools/test.py',
         str(folder / 'config.py'), '--launcher', 'pytorch'],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})


def finish(*args: object, **options: bool) -> dict[str, bytes]:
    """Files of such a run, what it would read again among them."""
    process = start(*args, **options)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    root = args[2] / 'run'
    return {**files_of(root), **{
        str(path.relative_to(root)): path.read_bytes()
        for name in ('detections', 'crops', 'embeddings', 'overlaps',
                     'records', '.processes')
        for path in (root / name).rglob('*') if path.is_file()}}


@pytest.fixture(scope='module')
def one(data: Path, tmp_path_factory: pytest.TempPathFactory,
        ) -> dict[str, bytes]:
    """What one process leaves."""
    found = finish(1, data, tmp_path_factory.mktemp('one') / 'run')
    assert len(found) > 50
    assert not [name for name in found if 'parts' in name]
    return found


def different(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of files that are not the same, if they are there."""
    return [name for name in {*one, *other}
            if one.get(name) != other.get(name)]


@pytest.mark.parametrize('ranks', [2, 3])
def test_any_number_of_processes(
        one: dict[str, bytes], data: Path, tmp_path: Path,
        ranks: int) -> None:
    """From masks to records, also with more processes than videos."""
    assert different(one, finish(ranks, data, tmp_path / 'run')) == []


# The others are alike, and each takes a minute and a half.
@pytest.mark.parametrize('kind', ['detections', 'crops'])
def test_one_dies_and_others_go_on(
        one: dict[str, bytes], data: Path, tmp_path: Path,
        kind: str) -> None:
    """The run ends, and says so; another number of processes goes on."""
    process = start(2, data, tmp_path / 'run')
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None and not list(
            (tmp_path / 'run' / 'run' / kind).rglob('.*.parts/0*')):
        time.sleep(0.005)
    children = Path(f'/proc/{process.pid}/task/{process.pid}/children')
    os.kill(int(children.read_text().split()[-1]), signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert 'Signal 9 (SIGKILL)' in said
    found = finish(3, data, tmp_path / 'run', resume=True)
    assert different(one, found) == []
