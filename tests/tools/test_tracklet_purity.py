"""How many masks are in a tracklet that is mostly somebody else's."""
from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import run, tiny_config

from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.formats import read_mots, write_mots

TOOL = (Path(__file__).parents[2] / 'tools' / 'benchmarks'
        / 'tracklet_purity.py')


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-2, 3))))
def test_mixed_up(tool: ModuleType, rows: list[tuple[int, int]]) -> None:
    """Mask by mask: who has more masks than his own person in it."""
    tracklets, people = np.array(rows, int).reshape(-1, 2).T
    expected = 0
    for k in set(tracklets):
        members = [p for t, p in rows if t == k and p >= 0]
        if members:
            owner = max(set(members), key=members.count)
            expected += sum(p != owner for p in members)
    assert tool.mixed_up(tracklets, people) == (
        expected, sum(p >= 0 for _, p in rows))


def test_rows(tool: ModuleType, tmp_path: Path,
              monkeypatch: pytest.MonkeyPatch,
              capsys: pytest.CaptureFixture[str]) -> None:
    """Cutting never makes tracklets less pure, and single masks are pure.

    Here the run's own tracker is the paper's.
    """
    render_sample(tmp_path / 'data', [SequenceSpec(
        'TINY-02', 'test', seed=106, num_frames=24, num_people=12)])
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'run', **{
        'test_cfg.labelled': None,
        'test_cfg.stages': [dict(type=name) for name in (
            'MaskGeneration', 'ShortTermTracking', 'TrackletSplitting',
            'TrackletSplitting', 'Merging')]})
    run(cfg)
    table, _ = read_mots(tmp_path / 'run' / 'tracklets' / 'TINY-02.txt')
    write_mots(tmp_path / 'run' / 'tracklets_split_2' / 'TINY-02.txt', table,
               np.arange(len(table)))
    cfg.dump(tmp_path / 'tiny.py')
    capsys.readouterr()
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(tmp_path / 'tiny.py'), str(tmp_path / 'run')])
    tool.main()
    head, _, row = ([cell.strip() for cell in line.split('|')[1:-1]]
                    for line in capsys.readouterr().out.splitlines()
                    if line.startswith('|'))
    assert head == ['', 'masks of known people', 'tracklets',
                    'tracklets_split', 'tracklets_split_2',
                    'tracklets of the paper']
    assert row[0] == 'TINY-02'
    assert row[5] == row[2]
    shares, counts = zip(*(cell[:-1].split(' (') for cell in row[2:5]),
                         strict=True)
    assert 0 < float(shares[1]) <= float(shares[0])
    assert float(shares[2]) == 0
    assert int(counts[0]) < int(counts[1]) < int(counts[2]) == len(table)


def test_targets_that_nobody_has_annotated(
        tool: ModuleType, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that says so, not an empty table."""
    render_sample(tmp_path / 'data', [SequenceSpec(
        'TINY-02', 'test', seed=102, num_frames=3, num_people=2)])
    (tmp_path / 'data' / 'test' / 'TINY-02' / 'gt' / 'gt.txt').unlink()
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'run', **{
        'test_cfg.labelled': None,
        'test_cfg.stages': [dict(type=name) for name in (
            'MaskGeneration', 'ShortTermTracking', 'Merging')]})
    run(cfg)
    cfg.dump(tmp_path / 'tiny.py')
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(tmp_path / 'tiny.py'), str(tmp_path / 'run')])
    with pytest.raises(ValueError, match='no target has ground truth'):
        tool.main()
