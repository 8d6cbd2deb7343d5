"""The table of what fusion is worth."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from tiny_runs import ROOT, SPECS, run, tiny_config

import mmremots
from mmremots.datasets.sample import render_sample

TOOL = ROOT / 'tools/benchmarks/fusion_table.py'
SPEC = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
fusion_table = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(fusion_table)


@pytest.mark.slow
def test_scores_are_those_of_a_run(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks, tracking and merging as the stages do them."""
    mmremots.register_all_modules()
    render_sample(tmp_path / 'data', SPECS)
    stages = [dict(type=name) for name in (
        'MaskGeneration', 'ShortTermTracking', 'Merging')]
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'run',
                      **{'test_cfg.stages': stages})
    expected = run(cfg)
    cfg.load_from = str(tmp_path / 'run' / 'encoder_start.pth')
    cfg.model.detector.sources = [
        dict(type='DetectionsFromFile', path=path, score_thr=0.5)
        for path in ('det/alpha.txt', 'det/beta.json')]
    monkeypatch.setattr(fusion_table, 'THRESHOLDS', (0.5, 0.8))
    results = fusion_table.measure(cfg, ['alpha', 'beta'])
    fused = results['alpha + beta', 'IoM', 0.5]
    for name in ('sMOTSA', 'IDF1', 'TP', 'FP', 'IDSW'):
        assert fused[name] == pytest.approx(expected[f'mots/{name}'])
    assert len(results) == 3 * 2 * 2
    first, second = fusion_table.tables(results).split('\n\n')
    assert len(first.splitlines()) == 2 + 3 * 2
    assert len(second.splitlines()) == 2 + 3
