"""Every run leaves a report, whatever it has."""
from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_runs import run, tiny_config

from mmremots.cli import main
from mmremots.engine import loop
from mmremots.engine.finished_run import finished_run
from mmremots.engine.report import collect
from mmremots.engine.stage_list import build_stages

PLUS = ('MaskGeneration', 'ShortTermTracking', 'TrackletSplitting',
        'Merging', 'TrackPruning', 'TrackExtension', 'GapFilling')


def begin(data: Path, work_dir: Path, *names: str, **options: Any) -> Any:
    """Run some stages, and give back the config."""
    cfg = tiny_config(data, work_dir, **{
        'test_cfg.report': True, **options})
    cfg.test_cfg.stages = [dict(type=name) for name in names]
    cfg.test_cfg.labelled = None
    run(cfg)
    return cfg


def log_of(work_dir: Path) -> str:
    """What the run said."""
    return ''.join(path.read_text() for path in work_dir.glob('*/*.log'))


@pytest.mark.slow
def test_a_run_ends_with_its_report(
        tiny: Path, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    """It is the last line of what was written, and can be made again."""
    begin(tiny, tmp_path / 'run', *PLUS)
    path = tmp_path / 'run' / 'report.html'
    assert path.stat().st_size < 3e6
    written = log_of(tmp_path / 'run').split('written:\n')[1].splitlines()
    named = [line for line in written if line.startswith('  ')]
    assert named[-1] == f'  {path}'
    page = path.read_text()
    for name in ('TINY-02', 'TINY-03', 'sMOTSA', 'short-term tracking'):
        assert name in page
    seconds = json.loads((tmp_path / 'run' / 'seconds.json').read_text())
    assert len(seconds) == len(PLUS)
    # Of an encoder only what the cuts have changed is said again.
    log = log_of(tmp_path / 'run')
    assert 'tracking, TINY-02, encoder_start: people of one frame' in log
    assert 'splitting, TINY-02, encoder_start: of one tracklet' in log
    path.unlink()
    main(['report', str(tmp_path / 'run')])
    assert str(path) in capsys.readouterr().out
    again = path.read_text()
    made = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d')
    assert made.sub('', again) == made.sub('', page)


@pytest.mark.slow
def test_switches_are_those_of_the_scores(
        tiny: Path, tmp_path: Path) -> None:
    """And decisions are of tracks that are shown."""
    cfg = begin(tiny, tmp_path / 'run', *PLUS[:4])
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    data = collect(finished_run(cfg, tmp_path / 'run'),
                   build_stages(cfg.test_cfg.stages))
    assert data.unit == 'track'
    for video in data.videos:
        assert video.switches is not None
        name = f'mots/{video.video.name}/IDSW'
        assert len(video.switches) == metrics[name]
        for decision in (*video.merges, *video.refusals):
            assert decision.threshold is not None
            assert {decision.first.track, decision.second.track} <= set(
                video.ids.tolist())
    assert any(video.merges for video in data.videos)


@pytest.mark.slow
def test_features_that_are_gone_are_said(tiny: Path, tmp_path: Path) -> None:
    """They are a cache; without them decisions cannot be shown."""
    begin(tiny, tmp_path / 'run', *PLUS[:4])
    page = tmp_path / 'run' / 'report.html'
    assert 'no merges and refusals to check' not in page.read_text()
    for path in (tmp_path / 'run' / 'embeddings').rglob('TINY-02*'):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    main(['report', str(tmp_path / 'run')])
    assert 'no merges and refusals to check of TINY-02:' in page.read_text()


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(SystemExit, match=f'error: {tmp_path}: no folder of'):
        main(['report', str(tmp_path)])


@pytest.mark.parametrize(('names', 'unit'), [
    (PLUS[:1], 'masks'), (PLUS[:2], 'tracklets')])
def test_a_run_without_ground_truth_or_merging(
        tiny: Path, tmp_path: Path, names: tuple[str, ...],
        unit: str) -> None:
    """A report all the same; it says what there is not."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    for folder in (data / 'test').glob('*/gt'):
        shutil.rmtree(folder)
    begin(data, tmp_path / 'run', *names)
    page = (tmp_path / 'run' / 'report.html').read_text()
    assert 'There is no ground truth' in page
    assert f'what is shown are its {unit}.' in page
    assert 'no report' not in log_of(tmp_path / 'run')


def test_an_error_in_the_report_loses_nothing(
        tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends well; the log has the traceback."""
    def fail(*_: Any) -> None:
        raise RuntimeError('no more ink')

    monkeypatch.setattr(loop, 'make_report', fail)
    begin(tiny, tmp_path / 'run', *PLUS[:4])
    log = log_of(tmp_path / 'run')
    assert 'no report could be made' in log
    assert 'Traceback' in log
    assert (tmp_path / 'run' / 'submission.zip').is_file()
    assert (tmp_path / 'run' / 'metrics.json').is_file()


def test_times_add_up_and_are_never_in_the_way(
        tiny: Path, tmp_path: Path) -> None:
    """Those of a resumed run; a damaged file of them is none."""
    options = {'test_cfg.report': False}
    begin(tiny, tmp_path / 'run', *PLUS[:1], **options)
    path = tmp_path / 'run' / 'seconds.json'
    path.write_text('{"masks": 100.0}')
    begin(tiny, tmp_path / 'run', *PLUS[:1], resume=True, **options)
    assert 100 < json.loads(path.read_text())['masks'] < 110
    path.write_bytes(b'\x80\x04]')
    begin(tiny, tmp_path / 'run', *PLUS[:1], resume=True, **options)
    assert json.loads(path.read_text())['masks'] < 10
