"""Triplet and center loss against slow, literal versions."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.models.reid import CenterLoss, TripletLoss


def literal_triplet(features: np.ndarray, relation: np.ndarray,
                    margin: float) -> float:
    """The definition, one anchor and one pair at a time."""
    losses = []
    for i in range(len(features)):
        same = [
            float(np.linalg.norm(features[i] - features[j]))
            for j in range(len(features)) if j != i and relation[i, j] == 1
        ]
        different = [
            float(np.linalg.norm(features[i] - features[j]))
            for j in range(len(features)) if j != i and relation[i, j] == -1
        ]
        if same and different:
            losses.append(max(0.0, max(same) - min(different) + margin))
    return sum(losses) / len(losses) if losses else 0.0


def random_batch(seed: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.integers(-1, 2, (size, size)), 1)
    relation = (upper + upper.T + np.eye(size)).astype(np.int8)
    return (torch.tensor(rng.normal(size=(size, 6)), dtype=torch.float32),
            torch.tensor(relation))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(0, 3))
def test_triplet_is_its_definition(seed: int, size: int,
                                   margin: float) -> None:
    """Any relation, also one without a triplet, also a batch of one."""
    features, relation = random_batch(seed, size)
    loss = TripletLoss(margin)(features, relation)
    assert float(loss) == pytest.approx(
        literal_triplet(features.numpy(), relation.numpy(), margin), abs=1e-5)


def test_triplet_of_known_labels_is_batch_hard() -> None:
    """With all pairs known it is the loss everyone knows."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(16, 8, generator=generator)
    people = torch.arange(4).repeat_interleave(4)
    equal = people[:, None] == people
    relation = torch.where(equal, 1, -1).to(torch.int8)
    distance = torch.cdist(features, features)
    hardest = (distance * equal).max(1)[0] - (
        distance + 1e6 * equal).min(1)[0]
    expected = torch.relu(hardest + 0.3).mean()
    torch.testing.assert_close(
        TripletLoss(0.3)(features, relation), expected)


def test_unknown_pairs_get_no_gradient() -> None:
    """The hardest pair of all is unknown: nothing pulls or pushes it."""
    features = torch.tensor([[0., 0], [1, 0], [2, 0], [0, .01]],
                            requires_grad=True)
    relation = torch.tensor([[1, 1, -1, 0], [1, 1, -1, 0], [-1, -1, 1, 0],
                             [0, 0, 0, 1]], dtype=torch.int8)
    loss = TripletLoss(10.0)(features, relation)
    loss.backward()
    assert loss > 0
    assert torch.equal(features.grad[3], torch.zeros(2))
    assert (features.grad[:3].abs().sum(1) > 0).all()


def test_moving_an_unknown_row_changes_nothing() -> None:
    """The value does not depend on rows of which nothing is known."""
    features, relation = random_batch(3, 10)
    relation[4], relation[:, 4] = 0, 0
    before = TripletLoss()(features, relation)
    features[4] += 100
    assert torch.equal(before, TripletLoss()(features, relation))


@pytest.mark.parametrize('value', [-1, 0, 1])
def test_no_triplet_is_zero_and_connected(value: int) -> None:
    """Distributed training needs gradients, zero ones, on every rank."""
    features = torch.randn(5, 3, requires_grad=True)
    relation = torch.full((5, 5), value, dtype=torch.int8)
    loss = TripletLoss()(features, relation)
    loss.backward()
    assert float(loss) == 0
    assert torch.equal(features.grad, torch.zeros(5, 3))


def test_equal_features_have_finite_gradients() -> None:
    """Collapsed features: the distance has no derivative there."""
    features = torch.ones(4, 3, requires_grad=True)
    people = torch.tensor([0, 0, 1, 1])
    relation = torch.where(people[:, None] == people, 1, -1)
    loss = TripletLoss(0.3)(features, relation)
    loss.backward()
    assert float(loss) == pytest.approx(0.3)
    assert torch.isfinite(features.grad).all()


def test_triplet_distances_stay_in_float32() -> None:
    """Under autocast the loss of half features is that of their values."""
    features, relation = random_batch(7, 8)
    half = (features * 30).bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        loss = TripletLoss()(half, relation)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, TripletLoss()(half.float(), relation))


def test_triplet_options() -> None:
    """The weight is a factor; normalised features have no length."""
    features, relation = random_batch(11, 9)
    plain = TripletLoss()(features, relation)
    torch.testing.assert_close(
        TripletLoss(loss_weight=2.5)(features, relation), 2.5 * plain)
    unit = TripletLoss(normalize=True)
    lengths = torch.rand(9, 1) + 0.1
    torch.testing.assert_close(
        unit(features, relation), unit(features * lengths, relation))


def test_centers_follow_the_reference_optimizers() -> None:
    """Features by the weighted loss, centers by SGD of the unweighted one.

    The reference has the centers in an SGD optimizer of their own and
    divides their gradients by the weight before its step.
    """
    torch.manual_seed(0)
    weight, lr, steps = 5e-4, 0.5, 5
    ours = CenterLoss(7, 4, loss_weight=weight, lr=lr).train()
    centers = ours.centers.clone().requires_grad_()
    sgd = torch.optim.SGD([centers], lr=lr)
    for _ in range(steps):
        people = torch.randint(0, 7, (12, ))
        x = torch.randn(12, 4, requires_grad=True)
        y = x.detach().clone().requires_grad_()
        expected = weight * sum(
            ((y[i] - centers[people[i]])**2).sum() for i in range(12)) / 12
        sgd.zero_grad()
        expected.backward()
        centers.grad /= weight
        sgd.step()

        loss = ours(x, people)
        loss.backward()
        torch.testing.assert_close(loss, expected)
        torch.testing.assert_close(x.grad, y.grad)
        torch.testing.assert_close(ours.centers, centers.detach())


def test_centers_rest_outside_of_training() -> None:
    """Evaluation leaves them; so does a batch without labelled rows."""
    loss = CenterLoss(3, 2)
    before = loss.centers.clone()
    loss.eval()(torch.randn(4, 2), torch.tensor([0, 1, 2, 0]))
    empty = torch.randn(4, 2, requires_grad=True)
    value = loss.train()(empty[:0], torch.zeros(0, dtype=torch.int64))
    value.backward()
    assert torch.equal(loss.centers, before)
    assert float(value) == 0
    assert torch.equal(empty.grad, torch.zeros(4, 2))
    assert 'centers' in loss.state_dict()
