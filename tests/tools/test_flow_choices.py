"""The table of faster optical flow."""
from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import ROOT, SPECS, run, tiny_config

import mmremots
from mmremots.datasets.sample import render_sample
from mmremots.structures import Overlaps

TOOL = ROOT / 'tools/benchmarks/flow_choices.py'
SPEC = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
flow_choices = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(flow_choices)


def overlaps(*pairs: tuple[int, int, float]) -> Overlaps:
    """Overlaps of (previous, current, iou)."""
    previous, current, iou = zip(*pairs, strict=True)
    return Overlaps(np.array(previous), np.array(current), np.array(iou))


def test_overlap_columns() -> None:
    """Pairs of one flow alone, and lost links count as 0."""
    a = overlaps((0, 1, .6), (1, 2, .8))
    b = overlaps((0, 1, .5), (0, 2, .1))
    assert flow_choices.differing(a, b) == 2
    tracklets = np.array([1, 1, 1])
    assert flow_choices.mean_iou(a, tracklets) == pytest.approx(.7)
    assert flow_choices.mean_iou(
        overlaps((0, 1, .5)), tracklets) == pytest.approx(.25)


@pytest.mark.slow
def test_scores_are_those_of_a_run(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    """The flow of the run gives its scores; a row a choice is printed."""
    mmremots.register_all_modules()
    render_sample(tmp_path / 'data', SPECS)
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'run', **{
        'test_cfg.stages': [dict(type=name) for name in (
            'MaskGeneration', 'ShortTermTracking', 'Merging')]})
    expected = run(cfg)
    # The sample has no detections of its training sequence.
    cfg.test_cfg.labelled = dict(
        cfg.test_dataloader.dataset, sequences=['TINY-03'])
    model, videos = flow_choices.prepare(
        cfg, tmp_path / 'run', tmp_path / 'scratch')
    assert [v.video.name for v in videos] == [
        'TINY-03', 'TINY-02', 'TINY-03']
    given = videos[1]
    found, seconds = flow_choices.find_overlaps(
        model.motion, given.video, given.table)
    assert seconds > 0
    merged = flow_choices.score(model, given, found)[1]
    for name, value in zip(flow_choices.COLUMNS, merged, strict=True):
        assert value == pytest.approx(expected[f'mots/TINY-02/{name}'])

    cfg.dump(tmp_path / 'config.py')
    monkeypatch.setattr(flow_choices, 'CHOICES', {
        name: flow_choices.CHOICES[name]
        for name in (flow_choices.REFERENCE, 'DIS fast, half', 'none')})
    monkeypatch.setattr(sys, 'argv', [
        TOOL.name, str(tmp_path / 'config.py'), str(tmp_path / 'run'),
        '--draws', '2', '--every', '2', '--sequences', 'TINY-02'])
    flow_choices.main()
    rows = [line for line in capsys.readouterr().out.splitlines()
            if line.startswith('|')]
    assert len(rows) == 2 + 3 + 1
    assert len({row.count('|') for row in rows}) == 1
