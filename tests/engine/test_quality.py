"""What an encoder tells apart: reported, and used for nothing."""
from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny_runs import files_of, run, tiny_config

from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.structures.masks import runs_to_rle
from mmremots.visualization import histogram_overlap

STAGES = [dict(type=name) for name in (
    'MaskGeneration', 'IntraFrameTraining', 'ShortTermTracking',
    'InterTrackletTraining', 'Merging')]
UNTRAINED = [dict(type=name) for name in (
    'MaskGeneration', 'ShortTermTracking', 'Merging')]


def statistics(work_dir: Path, name: str) -> dict:
    """Statistics of a sequence."""
    return json.loads(
        (work_dir / 'statistics' / f'{name}.json').read_text())


@pytest.mark.slow
def test_ground_truth_of_targets_changes_nothing_but_the_report(
        tmp_path: Path) -> None:
    """A run learns and decides the same without it: all other bytes."""
    # Long enough that people can be searched beyond nearby frames.
    render_sample(tmp_path / 'data', [
        SequenceSpec('LONG-01', 'train', seed=1, num_frames=3, num_people=4),
        SequenceSpec('LONG-02', 'test', seed=2, num_frames=14, num_people=4)])
    for name in ('with', 'without'):
        data = tmp_path / f'data_{name}'
        shutil.copytree(tmp_path / 'data', data)
        if name == 'without':
            for gt in data.glob('test/*/gt'):
                shutil.rmtree(gt)
        run(tiny_config(data, tmp_path / name, **{
            'test_cfg.stages': STAGES, 'test_cfg.training.max_iters': 2}))
    known, unknown = (
        {path: content for path, content in files_of(tmp_path / name).items()
         if not path.endswith('.json')} for name in ('with', 'without'))
    assert known == unknown
    scores, none = (statistics(tmp_path / name, 'LONG-02')
                    for name in ('with', 'without'))
    for encoder in ('encoder_intra', 'encoder_inter'):
        section = scores[encoder]
        assert section['overlap'] == histogram_overlap(
            section['intra_frame'], section['within_tracklet'])
        assert 0 < section.pop('mAP_strict') <= section.pop('mAP') <= 100
        assert 0 <= section.pop('rank1') <= 100
        assert section.pop('queries') > 0
    assert scores == none
    # Trainings log to files of their own; what follows is the run's again.
    log = next((tmp_path / 'with').glob('*/*.log')).read_text()
    assert 'LONG-02, encoder_inter: people of one frame' in log
    assert '[5/5] merging' in log
    assert 'Iter(train)' not in log


def test_encoder_that_tracks_is_measured(
        tiny: Path, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    """Without any training that is the one the run starts from."""
    cfg = tiny_config(tiny, tmp_path, **{'test_cfg.stages': UNTRAINED})
    run(cfg)
    said = capsys.readouterr().out
    assert 'tracking, TINY-02, encoder_start: people of one frame' in said
    before = files_of(tmp_path)
    assert 'statistics/TINY-02_encoder_start.png' in before
    assert 'encoder_start' in statistics(tmp_path, 'TINY-03')
    cfg.resume = True
    run(cfg)
    assert files_of(tmp_path) == before
    assert 'TINY-02, encoder_start: done before' in capsys.readouterr().out


def test_broken_ground_truth_stops_a_run_before_any_work(
        tiny: Path, tmp_path: Path) -> None:
    """Or it would end in the report after the first training."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    gt = data / 'test' / 'TINY-03' / 'gt' / 'gt.txt'
    gt.write_text('1 2001 2 nonsense\n' + gt.read_text())
    with pytest.raises(ValueError, match=r'TINY-03/gt/gt\.txt:1: '):
        run(tiny_config(data, tmp_path / 'run', **{
            'test_cfg.stages': UNTRAINED}))
    assert files_of(tmp_path / 'run') == {}


def add_line(data: Path, name: str, *, class_id: int = 2,
             empty: bool = False) -> Path:
    """Annotate the first mask of a sequence again, or an empty one."""
    gt, = data.glob(f'*/{name}/gt/gt.txt')
    lines = gt.read_text().splitlines()
    frame, _, _, height, width, counts = lines[0].split(' ')
    if empty:
        mask = runs_to_rle(
            [int(height) * int(width)], (int(height), int(width)))
        counts = mask['counts'].decode()
    gt.write_text('\n'.join([
        *lines, f'{frame} 4711 {class_id} {height} {width} {counts}\n']))
    return gt


@pytest.mark.parametrize(('name', 'stages', 'change', 'message'), [
    ('TINY-03', UNTRAINED, {}, 'id 4711 overlaps'),
    ('TINY-03', UNTRAINED[-1:], {}, 'id 4711 overlaps'),
    ('TINY-03', STAGES, {'class_id': 7}, 'class 7'),
    ('TINY-01', STAGES, {}, 'id 4711 overlaps'),
    ('TINY-01', STAGES, {'class_id': 7}, 'class 7'),
])
def test_unsound_ground_truth_stops_a_run_before_any_work(
        tiny: Path, tmp_path: Path, name: str, stages: list[dict],
        change: dict, message: str) -> None:
    """Or it would end in the scores after the last stage."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    gt = add_line(data, name, **change)
    last = len(gt.read_text().splitlines())
    with pytest.raises(ValueError, match=rf'gt\.txt:{last}: .*{message}'):
        run(tiny_config(data, tmp_path / 'run', **{
            'test_cfg.stages': stages, 'test_cfg.training.max_iters': 1}))
    assert files_of(tmp_path / 'run') == {}
