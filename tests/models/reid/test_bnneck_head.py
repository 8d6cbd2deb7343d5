"""The head: which rows feed which loss."""
from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmremots.models.reid import BNNeckHead

LABELS = torch.tensor([2, 2, 0, -1, -1, 0, -1])


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    pooled = torch.randn(7, 5, generator=generator).requires_grad_()
    known = (LABELS[:, None] >= 0) & (LABELS >= 0)
    same = torch.where(LABELS[:, None] == LABELS, 1, -1)
    relation = torch.where(known, same, 0).to(torch.int8)
    relation[3, 4] = relation[4, 3] = 1
    relation[3, 6] = relation[6, 3] = -1
    return pooled, relation


def test_identity_losses_are_of_labelled_rows() -> None:
    """Identity and center loss are those of the labelled rows alone."""
    head = BNNeckHead(5, num_classes=4)
    torch.nn.init.normal_(head.classifier.weight)
    pooled, relation = batch()
    centers = head.loss_center.centers.clone()
    losses = head.loss(pooled, LABELS, relation)
    rows = LABELS >= 0
    necked = F.batch_norm(pooled, None, None, training=True)
    logits = necked[rows] @ head.classifier.weight.T
    log_prob = logits.log_softmax(1)
    target = 0.9 * F.one_hot(LABELS[rows], 4) + 0.1 / 4
    torch.testing.assert_close(
        losses['loss_cls'], -(target * log_prob).sum(1).mean())
    torch.testing.assert_close(
        losses['loss_center'],
        5e-4 * (pooled[rows] - centers[LABELS[rows]]).square().sum() / 4)
    torch.testing.assert_close(
        losses['loss_triplet'], head.loss_triplet(pooled, relation))


def test_without_labelled_rows_losses_are_zero() -> None:
    """And every trained weight still has a gradient: DDP waits for it."""
    head = BNNeckHead(5, num_classes=4)
    pooled, relation = batch()
    losses = head.loss(pooled, torch.full((7, ), -1), relation * 0)
    assert {k: v.item() for k, v in losses.items()} == dict(
        loss_triplet=0, loss_cls=0, loss_center=0)
    sum(losses.values()).backward()
    for parameter in head.parameters():
        if parameter.requires_grad:
            assert torch.equal(parameter.grad, torch.zeros_like(parameter))


def test_without_classes_there_is_only_the_triplet_loss() -> None:
    """Then nothing trains the neck, so it must not ask for gradients."""
    head = BNNeckHead(5)
    pooled, relation = batch()
    losses = head.loss(pooled, LABELS, relation)
    assert list(losses) == ['loss_triplet']
    assert not any(p.requires_grad for p in head.parameters())
    assert float(head.bn.running_mean.abs().sum()) > 0


def test_fresh_neck_is_the_pooled_direction() -> None:
    """Weights that came without a neck are compared as they are."""
    head = BNNeckHead(5).eval()
    pooled, _ = batch()
    torch.testing.assert_close(
        F.normalize(head(pooled)), F.normalize(pooled))


def test_neck_has_no_shift() -> None:
    """The bias of the batch norm is frozen, as in the reference."""
    head = BNNeckHead(5, num_classes=3)
    assert head.bn.weight.requires_grad
    assert not head.bn.bias.requires_grad
    assert head.classifier.bias is None
    assert float(head.classifier.weight.std()) == pytest.approx(
        0.001, rel=0.8)


def test_label_beyond_classes_is_told() -> None:
    """CUDA would abort the process without saying which."""
    head = BNNeckHead(5, num_classes=2)
    pooled, relation = batch()
    with pytest.raises(ValueError, match=r'person 2 .* num_classes is 2'):
        head.loss(pooled, LABELS, relation)


def test_center_loss_is_optional() -> None:
    """softmax_triplet of the reference, without centers."""
    head = BNNeckHead(5, num_classes=4, loss_center=None)
    pooled, relation = batch()
    assert set(head.loss(pooled, LABELS, relation)) == {
        'loss_triplet', 'loss_cls'}
    assert not any('center' in key for key in head.state_dict())
