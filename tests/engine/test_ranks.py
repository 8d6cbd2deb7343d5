"""Several processes leave what one leaves."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_runs import ROOT, files_of, tiny_config

pytestmark = pytest.mark.slow

STAGES = ('MaskGeneration', 'ShortTermTracking', 'TrackletSplitting',
          'Merging', 'TrackPruning', 'TrackExtension', 'GapFilling')


def run_with(ranks: int, tiny: Path, folder: Path) -> dict[str, bytes]:
    """Files of a run without trainings by so many processes."""
    cfg = tiny_config(tiny, folder / 'run')
    cfg.test_cfg.stages = [dict(type=name) for name in STAGES]
    folder.mkdir()
    cfg.dump(folder / 'config.py')
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         f'--nproc_per_node={ranks}', 'tools/test.py',
         str(folder / 'config.py'), '--launcher', 'pytorch'],
        cwd=ROOT, text=True, capture_output=True, timeout=300, check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert result.returncode == 0, result.stderr
    crops = {
        str(path.relative_to(folder / 'run')): path.read_bytes()
        for name in ('crops', 'embeddings', 'overlaps', 'records')
        for path in (folder / 'run' / name).rglob('*') if path.is_file()}
    return {**files_of(folder / 'run'), **crops}


def test_more_processes_than_videos(tiny: Path, tmp_path: Path) -> None:
    """Two videos, three processes: masks to records, the same bytes.

    A training is another one with another batch; it is left out.
    """
    one = run_with(1, tiny, tmp_path / 'one')
    three = run_with(3, tiny, tmp_path / 'three')
    assert len(one) > 50
    assert one.keys() == three.keys()
    different = [name for name in one if one[name] != three[name]]
    # Which number it was is part of none of these.
    assert different == []
