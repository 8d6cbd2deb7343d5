"""What a training leaves of the start."""
from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from mmremots.models.reid.checkpoint import between

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
