"""How much merging could gain with an encoder that is never wrong."""
from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tiny_runs import run, tiny_config

from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec

TOOL = (Path(__file__).parents[2] / 'tools' / 'benchmarks'
        / 'merging_ceiling.py')


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_owners(tool: ModuleType) -> None:
    """Tracklets of one person are one, those of nobody each their own."""
    tracklets = np.array([1, 1, 1, 2, 2, 3, 4])
    people = np.array([7, 7, 8, 7, -2, -1, -1])
    found = tool.owners(tracklets, people)
    same = found @ found.T
    expected = np.array([0, 0, 0, 0, 0, 1, 2])
    assert (same == (expected[:, None] == expected)).all()
    assert len(tool.owners(np.zeros(0, int), np.zeros(0, int))) == 0


@pytest.mark.parametrize('cut', [False, True])
def test_rows(tool: ModuleType, tmp_path: Path,
              monkeypatch: pytest.MonkeyPatch,
              capsys: pytest.CaptureFixture[str], cut: bool) -> None:
    """Across a gap of 0 nothing merges, whoever decides.

    What is left are the tracklets that the run merged, cut ones where it
    cuts them; and its own gap is no matter.
    """
    render_sample(tmp_path / 'data', [SequenceSpec(
        'TINY-02', 'test', seed=104, num_frames=24, num_people=10)])
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'run', **{
        'test_cfg.labelled': None,
        'model.merger.max_seconds': 2.5,
        'test_cfg.stages': [
            dict(type='MaskGeneration'), dict(type='ShortTermTracking'),
            *[dict(type='TrackletSplitting')] * cut, dict(type='Merging')]})
    run(cfg)
    scores = json.loads(
        (tmp_path / 'run' / 'metrics.json').read_text())['stages']
    tracklets = {name: ' / '.join(f'{row[f"mots/{m}"]:.1f}'
                                  for m in tool.METRICS)
                 for name, row in scores.items()}
    last = 'tracklet splitting' if cut else 'short-term tracking'
    assert len(set(tracklets.values())) == 2 + cut
    cfg.dump(tmp_path / 'tiny.py')
    capsys.readouterr()
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(tmp_path / 'tiny.py'), str(tmp_path / 'run'),
        '--gaps', '0', '15'])
    tool.main()
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in capsys.readouterr().out.splitlines()
            if line.startswith(('| 0', '| 15'))]
    assert [row[:2] for row in rows] == [
        [gap, name] for gap in ('0', '15')
        for name in ('its encoder', 'a perfect encoder')]
    assert rows[0][2:] == rows[1][2:] == [tracklets[last]] * 2
    assert rows[2] != rows[3] or rows[0][2:] != rows[2][2:]
