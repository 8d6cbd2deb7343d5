"""One least score against two."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_runs import SPECS, tiny_config

from mmremots.datasets.sample.build import render_sample

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_row_a_threshold(tmp_path: Path) -> None:
    """Weak masks only add to what the same strong ones give."""
    render_sample(tmp_path / 'data', SPECS)
    config = tmp_path / 'tiny.py'
    tiny_config(tmp_path / 'data', tmp_path / 'unused').dump(config)
    result = subprocess.run(
        [sys.executable, 'tools/benchmarks/score_thresholds.py', str(config),
         'det/alpha.txt', '0.7', '0.3', '--work-dir', str(tmp_path / 'run')],
        cwd=ROOT, text=True, capture_output=True, timeout=300, check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert result.returncode == 0, result.stderr
    rows = {cells[1].strip(): [float(x) for x in cells[2:-1]]
            for cells in (line.split('|') for line in
                          result.stdout.split('\nall\n')[1].splitlines()[3:])}
    assert list(rows) == [*(f'from 0.{k}' for k in range(1, 9)),
                          'from 0.7, weak from 0.3',
                          'from 0.7, no track continued']
    misses = 5
    assert rows['from 0.7'][misses] <= (
        rows['from 0.7, no track continued'][misses])
    assert rows['from 0.7, weak from 0.3'][misses] <= rows['from 0.7'][misses]
    assert rows['from 0.8'][misses] >= rows['from 0.1'][misses]
