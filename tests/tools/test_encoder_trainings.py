"""The table of what each training is worth."""
from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from tiny_runs import tiny_config

from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.models.reid.losses import TripletLoss
from mmremots.registry import MODELS

TOOL = (Path(__file__).parents[2] / 'tools' / 'benchmarks'
        / 'encoder_trainings.py')


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    """The tool, imported once: it registers a loss."""
    sys.path.insert(0, str(TOOL.parent))  # where the module it shares lies
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[TOOL.stem] = module
    spec.loader.exec_module(module)
    sys.path.remove(str(TOOL.parent))
    return module


def test_across_frames_unknown_pairs_are_negatives(tool) -> None:
    """The usual loss of a batch whose groups are taken for identities."""
    features = torch.randn(
        12, 3, generator=torch.Generator().manual_seed(0))
    groups = torch.arange(12) // 2
    known = torch.where(groups[:, None] == groups, 1, 0)
    all_pairs = torch.where(groups[:, None] == groups, 1, -1)
    loss = MODELS.build(dict(type='TripletLossAcrossFrames', margin=0.3))
    assert loss(features, known) == TripletLoss(0.3)(features, all_pairs) > 0
    assert TripletLoss(0.3)(features, known) == 0, 'no known negative'


def test_table_and_interrupted_results(tool, tmp_path) -> None:
    """Mean and deviation over seeds; a line that was cut off is done again."""
    path = tmp_path / 'results.jsonl'
    row = dict.fromkeys(tool.COLUMNS, 50.0)
    results = [
        dict(key=f'{seed}{step}', step=step, scores=dict(all=dict(
            row, mAP=40.0 + 10 * seed + len(step))))
        for seed in (0, 1) for step in tool.STEPS]
    path.write_text('\n'.join(map(json.dumps, results))[:-3])
    found = tool.read_results(path)
    assert list(found.values()) == results[:-1]
    assert tool.cut_off(path)
    lines = tool.table(results, 'all').splitlines()
    assert lines[0] == ('| encoder | rank-1 | mAP | strict mAP | overlap '
                        '| IDF1 | sMOTSA |')
    assert lines[2] == ('| start | 50.0 ± 0.0 | 50.0 ± 7.1 | 50.0 ± 0.0 '
                        '| 50.0 ± 0.0 | 50.0 ± 0.0 | 50.0 ± 0.0 |')
    one = tool.table(results[:1], 'all').splitlines()
    assert one[2] == '| start | 50.0 | 45.0 | 50.0 | 50.0 | 50.0 | 50.0 |'


@pytest.mark.slow
def test_every_cell_is_run_once(
        tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    """The second call only prints; masks and flow are of one run alone."""
    render_sample(tmp_path / 'data', [
        SequenceSpec('LONG-01', 'train', seed=1, num_frames=3, num_people=4),
        SequenceSpec('LONG-02', 'test', seed=2, num_frames=14, num_people=4)])
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'unused', **{
        'test_cfg.training.max_iters': 2})
    cfg.test_cfg.stages = [
        dict(type='LabelledTraining'), *cfg.test_cfg.stages]
    config = tmp_path / 'tiny.py'
    cfg.dump(config)
    work_dir = tmp_path / 'work'
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(config), '--work-dir', str(work_dir), '--seeds', '3'])
    tool.main()
    first = capsys.readouterr().out
    path = work_dir / 'results.jsonl'
    lines = path.read_text().splitlines()
    assert [(r['loss'], r['step']) for r in map(json.loads, lines)] == [
        ('known', 'start'), ('known', '+ intra-frame'),
        ('known', '+ inter-tracklet'), ('across', '+ intra-frame'),
        ('across', '+ inter-tracklet')]
    for name in ('detections', 'overlaps'):
        files = [p for p in work_dir.rglob(f'{name}/LONG-02.*')
                 if 'records' not in p.parts]
        assert len({p.resolve() for p in files}) == 1
    assert first.count('LONG-02, flow: 14 frames') == 1

    times = path.stat().st_mtime_ns
    tool.main()
    again = capsys.readouterr().out
    assert path.stat().st_mtime_ns == times
    assert again.count('[1/') == 0, 'no run was started'
    assert again.strip().splitlines()[-20:] == (
        first.strip().splitlines()[-20:])


def test_steps_of_plus(tool, tmp_path: Path,
                       monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out of a row are trainings alone, cuts stay."""
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), 'unused', '--plus', '--seeds', '0', '--losses', 'known',
        '--work-dir', str(tmp_path)])
    config = Path(__file__).parents[2] / 'configs' / 'remots_mots20.py'
    rows = {cell.step: [stage.type for stage in cell.cfg.test_cfg.stages]
            for cell in tool.cells_of(config, tool.parse_args())}
    assert list(rows) == ['start', '+ intra-frame', '+ inter-tracklet']
    assert [stages.count('TrackletSplitting')
            for stages in rows.values()] == [2, 2, 2]
    assert 'IntraFrameTraining' not in rows['start']
    assert 'InterTrackletTraining' not in rows['+ intra-frame']
    assert 'InterTrackletTraining' in rows['+ inter-tracklet']
