"""The learning rate of a training, and what it leaves of the start."""
from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.registry import PARAM_SCHEDULERS

from mmremots.engine.encoder_training import lr_schedule
from mmremots.models.reid.checkpoint import between


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


weights = st.lists(
    st.floats(-10, 10, width=32), min_size=1, max_size=4).map(torch.tensor)


@given(weights, st.floats(0, 1))
def test_between_is_the_line(start, share):
    """All of the start at 1, all of the training at 0."""
    trained = start.flip(0) * 2 + 1
    found = between({'a': start}, {'a': trained}, share)
    torch.testing.assert_close(
        found['a'], share * start + (1 - share) * trained,
        atol=1e-5, rtol=1e-5)
    assert torch.equal(between({'a': start}, {'a': trained}, 0)['a'], trained)


def test_between_leaves_what_has_no_between():
    """Other people's classifier, counters, and what the start has not."""
    trained = {'head.classifier.weight': torch.ones(3, 2),
               'bn.num_batches_tracked': torch.tensor(9),
               'head.bn.weight': torch.ones(2)}
    start = {'head.classifier.weight': torch.zeros(5, 2),
             'bn.num_batches_tracked': torch.tensor(0)}
    assert between(start, trained, 0.5) == trained
