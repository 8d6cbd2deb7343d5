"""Runs side by side."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TOOL = (Path(__file__).parents[2] / 'tools' / 'analysis_tools'
        / 'compare_runs.py')


def test_a_row_a_run(tmp_path: Path) -> None:
    """Named by folder; a run without scores is one line of error."""
    for name, idf1 in (('paper', 60.0), ('plus', 70.25)):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'metrics.json').write_text(json.dumps({
            'mots/IDF1': idf1, 'mots/V/IDF1': idf1,
            'stages': {'merging': {'mots/IDF1': 1.0}}}))
    done = subprocess.run(
        [sys.executable, TOOL, tmp_path / 'paper', tmp_path / 'plus'],
        capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ['paper', '-', '60.0'] in [row[:3] for row in rows]
    assert ['plus', '-', '70.2'] in [row[:3] for row in rows]
    assert 'merging' not in done.stdout

    done = subprocess.run(
        [sys.executable, TOOL, tmp_path / 'none'],
        capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert 'no metrics.json' in done.stderr.splitlines()[-1]
