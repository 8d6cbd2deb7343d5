"""What each option beyond the paper is worth."""
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
def test_a_row_an_option(tmp_path: Path) -> None:
    """Every option runs alone; leaving tracks out cannot add masks."""
    render_sample(tmp_path / 'data', SPECS)
    config = tmp_path / 'tiny.py'
    tiny_config(tmp_path / 'data', tmp_path / 'unused').dump(config)
    result = subprocess.run(
        [sys.executable, 'tools/benchmarks/plus_options.py', str(config),
         '--work-dir', str(tmp_path / 'run')],
        cwd=ROOT, text=True, capture_output=True, timeout=300, check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert result.returncode == 0, result.stderr
    table = result.stdout.split('\nall\n')[1]
    rows = {cells[1].strip(): [float(x) for x in cells[2:-1]]
            for cells in (line.split('|') for line in table.splitlines()[3:])}
    assert len(rows) == 10
    paper, pruned, extended, filled = (rows[name] for name in (
        'ReMOTS', 'weak tracks left out', 'the same, then tracks continued',
        'gaps filled by flow'))
    false_positives, misses = 4, 5
    assert pruned[false_positives] <= paper[false_positives]
    assert pruned[misses] >= paper[misses]
    assert extended[misses] <= pruned[misses]
    assert filled[misses] <= paper[misses]
    # What gives ids alone has the masks of the paper's method.
    for name in ('links flow alone is sure of', 'tracklets cut before merging',
                 'gaps up to 2.5 s merged', 'motion veto',
                 'theta_merge retaken'):
        assert rows[name][4:] == paper[4:]
