"""The learning rate of a training."""
from __future__ import annotations

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS

from mmremots.engine.encoder_training import lr_schedule


def rates(max_iters: int, **schedule: object) -> list[float]:
    """Rate of each iteration, as mmengine's schedulers set it."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedulers = [
        PARAM_SCHEDULERS.build(dict(config, optimizer=optimizer))
        for config in lr_schedule(max_iters, **schedule)]
    found = []
    for _ in range(max_iters):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


def test_reference_schedule():
    """Up over the first tenth of the way, down after 1/3 and 7/12."""
    found = rates(120, warmup=10 / 120, milestones=[40 / 120, 70 / 120])
    assert found[0] == pytest.approx(0.01)
    assert found[4] == pytest.approx(0.01 + 0.99 * 4 / 9)
    assert found[9:40] == pytest.approx([1.0] * 31)
    assert found[40:70] == pytest.approx([0.1] * 30)
    assert found[70:] == pytest.approx([0.01] * 50)


@pytest.mark.parametrize('max_iters', range(2, 40))
def test_every_training_reaches_its_rate(max_iters):
    """However short: a warm-up of one iteration would never end."""
    found = rates(max_iters, warmup=10 / 120, milestones=[0.5])
    assert max(found) == pytest.approx(1.0)
    assert found[-1] == pytest.approx(0.1)
