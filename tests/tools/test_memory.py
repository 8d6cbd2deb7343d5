"""Memory of the stages, measured."""
from __future__ import annotations

import subprocess
import sys

import pytest
from tiny_runs import ROOT

pytestmark = pytest.mark.slow


def test_a_row_a_stage():
    """Each stage of a tiny video uses what Python and torch take."""
    done = subprocess.run(
        [sys.executable, 'tools/benchmarks/memory.py', '--frames', '12'],
        capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line.split(' | ') for line in done.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == [
        '| masks', '| short-term tracking', '| tracklet splitting',
        '| merging', '| track pruning', '| track extension', '| gap filling']
    assert all(50 < int(row[1].rstrip(' |')) < 2000 for row in rows)
