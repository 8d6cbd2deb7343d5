"""The runner of our configs: a checkpoint loads whole, or not at all."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.registry import RUNNERS
from torch import nn

from mmremots.engine.runner import ReMOTSRunner


class Payload:
    """Would call a method of the log while it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (HistoryBuffer, 'register_statistics')


def runner(tmp_path: Path, **options: Any) -> ReMOTSRunner:
    """As mm's tools build it from ``runner_type``."""
    return RUNNERS.build(dict(
        runner_type='mmremots.ReMOTSRunner', model=Linear(),
        work_dir=str(tmp_path / 'work'), log_level='ERROR', **options))


class Linear(nn.Linear):
    """A model with two weights."""

    def __init__(self) -> None:
        super().__init__(2, 1)


@pytest.mark.parametrize('change', [
    dict(extra=torch.zeros(1)), dict(bias=torch.zeros(3)), dict(bias=None)])
def test_load_or_fail(tmp_path: Path, change: dict[str, Any]) -> None:
    """The one of mmengine would go on with a warning."""
    path = tmp_path / 'w.pth'
    state = Linear().state_dict()
    torch.save(dict(state_dict=state), path)
    model = runner(tmp_path, load_from=str(path))
    model.load_or_resume()
    assert torch.equal(model.model.weight, state['weight'])
    changed = {key: value for key, value in {**state, **change}.items()
               if value is not None}
    torch.save(dict(state_dict=changed), path)
    with pytest.raises(ValueError, match=r'w\.pth: '):
        runner(tmp_path, load_from=str(path)).load_or_resume()


def test_nothing_in_it_runs(tmp_path: Path) -> None:
    """Neither what mmengine unpickles nor the config it would execute."""
    marker, path = tmp_path / 'marker', tmp_path / 'w.pth'
    torch.save(dict(
        state_dict=Linear().state_dict(), payload=Payload(),
        meta=dict(config=f'open({str(marker)!r}, "w").close()')), path)
    found = runner(tmp_path).load_checkpoint(str(path))
    assert found['payload'] is None
    assert found['meta'] == {}
    assert not marker.exists()
