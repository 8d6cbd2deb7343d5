"""Scores of encoders where masks are missing."""
from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import SPECS, run, tiny_config

from mmremots.datasets.sample.build import render_sample

TOOL = Path(__file__).parents[2] / 'tools' / 'benchmarks' / 'missing_masks.py'
SPEC = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
missing_masks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(missing_masks)


def test_table_is_over_draws() -> None:
    """Runs are averaged first: they share what is left out."""
    values = np.array([[[1.0, 0, 0, 0], [3, 0, 0, 0]],
                       [[3, 0, 0, 0], [5, 0, 0, 0]]])
    row = missing_masks.table({'start': values}).splitlines()[-1]
    assert row.split('|')[2].strip() == '3.0 ± 1.0'


def test_nothing_left_out_is_the_run(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    """Then each draw has the scores of the run, for equal encoders."""
    render_sample(tmp_path / 'data', SPECS)
    folder = tmp_path / 'run'
    cfg = tiny_config(tmp_path / 'data', folder, **{
        'test_cfg.stages': [
            dict(type='MaskGeneration'), dict(type='ShortTermTracking'),
            dict(type='Merging')]})
    expected = run(cfg)
    for name in ('intra', 'inter'):
        shutil.copy(folder / 'encoder_start.pth',
                    folder / f'encoder_{name}.pth')
    cfg.dump(tmp_path / 'tiny.py')
    monkeypatch.setattr(missing_masks, 'LEFT_OUT', 0.0)
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(tmp_path / 'tiny.py'), str(folder), '--draws', '2'])
    capsys.readouterr()
    missing_masks.main()
    out = capsys.readouterr().out.split('\nCOMBINED\n')[1]
    assert out.count('| start ') == len(SPECS)
    for name in ('start', '+ intra-frame', '+ inter-tracklet'):
        line = next(x for x in out.splitlines()
                    if x.startswith(f'| {name} '))
        assert line.split('|')[3].strip() == (
            f'{expected["mots/IDF1"]:.1f} ± 0.0')
