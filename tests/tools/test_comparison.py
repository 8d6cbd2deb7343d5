"""What the table over seeds is made of."""
from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from mmremots.registry import STAGES, TASK_UTILS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> dict:
    """The benchmark, beside which compare_trackers.py lies."""
    folder = ROOT / 'tools' / 'benchmarks'
    monkeypatch.syspath_prepend(str(folder))
    yield runpy.run_path(str(folder / 'comparison.py'))
    sys.modules.pop('compare_trackers', None)


@pytest.mark.parametrize('name', ['remots_campus', 'remots_pedestrians',
                                  'remots_sample', 'remots_mots20'])
def test_any_config_becomes_plus_in_two_lines(
        tool: dict, tmp_path: Path, name: str) -> None:
    """Only what remots_plus.py says is other; all parts can be built."""
    path = ROOT / 'configs' / f'{name}.py'
    paper = Config.fromfile(path)
    plus = tool['plus_config'](path, tmp_path)
    assert plus.model.tracker.sure_only
    assert plus.model.motion == dict(
        type='DenseFlow', method='dis', preset='ultrafast')
    assert plus.model.reid == paper.model.reid
    assert plus.test_cfg.training == paper.test_cfg.training
    assert plus.test_dataloader == paper.test_dataloader
    TASK_UTILS.build(plus.model.merger)
    stages = [STAGES.build(stage) for stage in plus.test_cfg.stages]
    assert [stage.title for stage in stages].count('tracklet splitting') == 2


def test_means_over_seeds(tool: dict) -> None:
    """A row a method, the spread of IDF1 beside its mean."""
    seeds = [{'ReMOTS': {f'mots/{m}': value for m in tool['METRICS']}}
             for value in (70.0, 74.0)]
    line = tool['table'](seeds, '').splitlines()[-1]
    assert line == '| ReMOTS | 72.0 | 72.0 ± 2.8 | 72.0 | 72.0 |'
