"""Runs under the default scope of any package."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.registry import DefaultScope
from tiny_runs import files_of, run, tiny_config

from mmremots.registry import current_scope

DATA = Path(__file__).parents[1] / 'data'


@pytest.mark.slow
def test_the_default_scope_does_not_show_in_the_files(
        tiny: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings and all: names of ours are ours, whoever has them, too."""
    monkeypatch.syspath_prepend(str(DATA))
    written = {}
    for scope in ('mmremots', 'mmdet', 'elsewhere'):
        cfg = tiny_config(tiny, tmp_path / scope)
        cfg.default_scope = scope
        with DefaultScope.overwrite_default_scope(scope):
            run(cfg)
            # Those of the trainings within are over.
            assert current_scope() == scope
        written[scope] = files_of(tmp_path / scope)
    assert 'encoder_inter.pth' in written['mmremots']
    assert 'tracks/TINY-02.txt' in written['mmremots']
    for scope in ('mmdet', 'elsewhere'):
        assert written[scope] == written['mmremots'], scope
