"""The encoder as a whole, with a backbone small enough for a test."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch.nn import functional as F

from mmremots.models.reid import ReIDEncoder, read_state_dict
from mmremots.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
SIZE = (32, 16)


def tiny_encoder(num_classes: int | None = None, **options: Any
                 ) -> ReIDEncoder:
    return MODELS.build(
        dict(
            type='ReIDEncoder',
            backbone=dict(
                type='mmdet.ResNet', depth=18, base_channels=4,
                strides=(1, 2, 2, 1), out_indices=(3, ), norm_eval=False),
            head=dict(
                type='BNNeckHead', in_channels=32, num_classes=num_classes),
            crop_size=SIZE,
            **options))


def crops(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *SIZE, 3), dtype=np.uint8)


def train_batch(seed: int = 0) -> dict[str, Any]:
    """Four labelled people and four of a target video, two crops each."""
    labelled = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3] + [-1] * 8)
    people = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])
    relation = torch.where(people[:, None] == people, 1, -1)
    relation[:8, 8:] = relation[8:, :8] = 0
    inputs = torch.tensor(crops(16, seed)).permute(0, 3, 1, 2)
    return dict(
        inputs=inputs,
        data_samples=dict(people=labelled, relation=relation.to(torch.int8)))


def test_modes() -> None:
    """`predict` is the unit vector of `tensor`."""
    encoder = tiny_encoder().eval()
    x = torch.randn(3, 3, *SIZE)
    features = encoder(x)
    torch.testing.assert_close(
        encoder(x, mode='predict'), F.normalize(features))
    assert features.shape == (3, encoder.feature_dim) == (3, 32)
    with pytest.raises(ValueError, match='unknown mode'):
        encoder(x, mode='none')
    with pytest.raises(ValueError, match='no data_samples'):
        encoder(x, mode='loss')


def test_feature_is_before_or_after_the_neck() -> None:
    """The option names which feature is compared."""
    encoder = tiny_encoder(feature='bnneck').eval()
    torch.nn.init.normal_(encoder.head.bn.running_mean)
    x = torch.randn(3, 3, *SIZE)
    pooled = encoder.backbone(x)[-1].mean((2, 3))
    torch.testing.assert_close(encoder(x), encoder.head.bn(pooled))
    for feature in ('pooled', 'centred'):
        encoder.feature = feature
        torch.testing.assert_close(encoder(x), pooled)
    with pytest.raises(ValueError, match="not 'both'"):
        tiny_encoder(feature='both')


def test_only_centred_features_are_centred() -> None:
    """The mean of two in one frame goes: they are opposites then."""
    encoder = tiny_encoder(feature='pooled')
    features = np.float32([[0.6, 0.8], [0.8, 0.6]])
    given = (features, np.array([1, 1]), np.array([2, 2]))
    assert encoder.centre(*given) is features
    encoder.feature = 'centred'
    centred = encoder.centre(*given)
    np.testing.assert_allclose(centred[0], -centred[1], atol=1e-6)
    np.testing.assert_allclose(
        np.linalg.norm(centred, axis=1), 1, atol=1e-6)


def test_embed_is_preprocessing_and_prediction() -> None:
    """BGR bytes to normalised RGB, in batches, in the order given."""
    encoder = tiny_encoder().train()
    images = crops(5)
    features = encoder.embed(images, batch_size=2)
    rgb = torch.tensor(images[..., ::-1].copy()).permute(0, 3, 1, 2) / 255
    mean = torch.tensor([.485, .456, .406]).view(3, 1, 1)
    std = torch.tensor([.229, .224, .225]).view(3, 1, 1)
    encoder.eval()
    with torch.no_grad():
        expected = encoder((rgb - mean) / std, mode='predict').numpy()
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert features.dtype == np.float32
    np.testing.assert_allclose(
        np.linalg.norm(features, axis=1), 1, atol=1e-6)


def test_embed_takes_batches_and_files(tmp_path: Path) -> None:
    """An iterable of batches, or a file of which it reads no more."""
    encoder = tiny_encoder()
    images = crops(5)
    expected = encoder.embed(images, batch_size=3)
    batches = (images[i:i + 3] for i in (0, 3))
    assert np.array_equal(encoder.embed(batches), expected)
    np.save(tmp_path / 'crops.npy', images)
    mapped = np.load(tmp_path / 'crops.npy', mmap_mode='r')
    assert np.array_equal(encoder.embed(mapped, batch_size=3), expected)


def test_embed_leaves_the_encoder_as_it_was() -> None:
    """Mode and statistics; and evaluation mode is what it uses."""
    encoder = tiny_encoder().train()
    state = {k: v.clone() for k, v in encoder.state_dict().items()}
    encoder.embed(crops(4))
    assert encoder.training
    assert encoder.backbone.layer1[0].bn1.training
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, state[key]), key
    with pytest.raises(ValueError, match='crops'):
        encoder.embed(np.zeros((1, 5, 5, 3), np.uint8))
    assert encoder.training


@pytest.mark.parametrize('empty', [crops(0), [], [crops(0)]])
def test_embed_nothing(empty: Any) -> None:
    """A video without observations has no features, of the right length."""
    assert tiny_encoder().embed(empty).shape == (0, 32)


@pytest.mark.parametrize('bad', [
    np.zeros((2, 16, 32, 3), np.uint8), np.zeros((2, *SIZE, 3), np.float32)])
def test_embed_wants_crops(bad: np.ndarray) -> None:
    """Another size or type would give features, and wrong ones."""
    with pytest.raises(ValueError, match=r'uint8 of shape \(N, 32, 16, 3\)'):
        tiny_encoder().embed(bad)


def test_training_separates_people() -> None:
    """A few steps on one batch lower each loss; the centers move."""
    torch.manual_seed(0)
    encoder = tiny_encoder(num_classes=4)
    encoder.init_weights()
    encoder.train()
    wrapper = build_optim_wrapper(
        encoder, dict(optimizer=dict(type='Adam', lr=1e-3)))
    centers = encoder.head.loss_center.centers.clone()
    data = train_batch()
    steps = (encoder.train_step(data, wrapper) for _ in range(12))
    log = [{k: v.item() for k, v in step.items()} for step in steps]
    for name in ('loss_triplet', 'loss_cls', 'loss_center'):
        assert log[-1][name] < log[0][name], name
    assert not torch.equal(centers, encoder.head.loss_center.centers)
    assert sum(v for k, v in log[0].items() if k != 'loss') == (
        pytest.approx(log[0]['loss'], rel=1e-5))


@pytest.mark.parametrize('num_classes', [None, 4])
@pytest.mark.parametrize('labelled', [True, False])
def test_all_trained_weights_get_gradients(
        num_classes: int | None, labelled: bool) -> None:
    """Whatever a batch holds: distributed training waits for each."""
    encoder = tiny_encoder(num_classes).train()
    data = train_batch()
    if not labelled:
        data['data_samples']['people'].fill_(-1)
    data = encoder.data_preprocessor(data, True)
    sum(encoder(**data, mode='loss').values()).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), name


def test_weights_are_initialised_once() -> None:
    """A runner of mmengine calls it before it trains."""
    encoder = tiny_encoder()
    encoder.init_weights()
    before = encoder.backbone.conv1.weight.clone()
    encoder.init_weights()
    assert torch.equal(before, encoder.backbone.conv1.weight)


def test_runner_resumes_to_the_same_weights(tmp_path: Path) -> None:
    """Four steps in one go are two, a checkpoint, and two more."""
    from mmengine.runner import Runner

    def run(folder: str, steps: int, resume: bool) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        encoder = tiny_encoder(num_classes=4)
        runner = Runner(
            model=encoder,
            work_dir=str(tmp_path / folder),
            train_dataloader=dict(
                dataset=[train_batch(i) for i in range(4)],
                batch_size=1,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=lambda items: items[0]),
            train_cfg=dict(by_epoch=False, max_iters=steps),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3)),
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook', by_epoch=False, interval=2)),
            resume=resume,
            randomness=dict(seed=0),
            default_scope='mmremots',
            log_level='ERROR',
            experiment_name=f'{folder}-{steps}')
        runner.train()
        return {k: v.clone() for k, v in encoder.state_dict().items()}

    straight = run('straight', 4, False)
    run('resumed', 2, False)
    resumed = run('resumed', 4, True)
    for key, value in straight.items():
        assert torch.equal(value, resumed[key]), key
    saved = read_state_dict(tmp_path / 'resumed' / 'iter_4.pth')
    for key, value in straight.items():
        assert torch.equal(value, saved[key]), key


DISTRIBUTED = """
import torch
from mmengine.dist import all_gather, get_rank
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmremots.models.reid import CenterLoss
from mmremots.registry import MODELS

torch.set_num_threads(1)
torch.distributed.init_process_group('gloo')
rank = get_rank()

# Two halves move the centers as the whole would: lr 0.5, gradient -2 / 8.
torch.manual_seed(0)
loss = CenterLoss(4, 3)
features, people = torch.randn(8, 3), torch.randint(0, 4, (8, ))
offsets = features - loss.centers[people]
expected = loss.centers.clone().index_add_(0, people, offsets / 8)
loss(features[rank::2], people[rank::2])
torch.testing.assert_close(loss.centers, expected)

# The second process has no labelled crop.
encoder = MODELS.build(dict(
    type='ReIDEncoder',
    backbone=dict(type='mmdet.ResNet', depth=18, base_channels=4,
                  out_indices=(3, ), norm_eval=False),
    head=dict(type='BNNeckHead', in_channels=32, num_classes=4)))
model = MMDistributedDataParallel(encoder)
wrapper = build_optim_wrapper(
    model, dict(optimizer=dict(type='Adam', lr=1e-3)))
torch.manual_seed(rank)
people = torch.tensor([0, 0, 1, 1])
data = dict(
    inputs=torch.randint(0, 256, (4, 3, 32, 16), dtype=torch.uint8),
    data_samples=dict(
        people=people if rank == 0 else torch.full((4, ), -1),
        relation=torch.where(people[:, None] == people, 1, -1)))
for _ in range(3):
    model.train_step(data, wrapper)
for name, value in encoder.state_dict().items():
    if 'running' not in name:
        one, other = all_gather(value.float())
        assert torch.equal(one, other), name
print('processes agree')
"""


@pytest.mark.slow
def test_two_processes_agree(tmp_path: Path) -> None:
    """Weights and centers stay the same on both, whatever each one saw."""
    script = tmp_path / 'train.py'
    script.write_text(DISTRIBUTED)
    run = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         '--nproc_per_node=2', str(script)],
        capture_output=True, text=True, check=False, timeout=600,
        env=dict(os.environ, OMP_NUM_THREADS='1',
                 PYTHONPATH=str(CONFIGS.parent)))
    assert run.stdout.count('processes agree') == 2, run.stderr


@pytest.mark.parametrize(
    'path', sorted((CONFIGS / 'reid').glob('*.py')), ids=lambda p: p.stem)
def test_configs_build(path: Path) -> None:
    """Each encoder config gives an encoder whose parts fit together."""
    config = Config.fromfile(path)
    config.model.head.num_classes = 7
    encoder = MODELS.build(config.model).eval()
    with torch.no_grad():
        features = encoder(torch.zeros(1, 3, 64, 32))
    assert features.shape == (1, encoder.feature_dim)
    size = config.train_dataloader.dataset.get('crop_size', (256, 128))
    assert encoder.crop_size == tuple(size)
    assert tuple(config.val_dataloader.dataset.get(
        'crop_size', (256, 128))) == encoder.crop_size
    centers = encoder.head.loss_center.centers
    assert centers.shape == (7, encoder.feature_dim)


def test_schedule_is_the_reference() -> None:
    """Learning rate of the 120 epochs, as the reference sets it."""
    from mmengine.registry import PARAM_SCHEDULERS
    config = Config.fromfile(
        CONFIGS / '_base_' / 'schedules' / 'reid_120e.py')
    wrapper = build_optim_wrapper(torch.nn.Linear(1, 1), config.optim_wrapper)
    schedulers = [
        PARAM_SCHEDULERS.build(s, default_args=dict(optimizer=wrapper))
        for s in config.param_scheduler
    ]
    assert wrapper.optimizer.defaults['weight_decay'] == 5e-4
    assert config.train_cfg.max_iters == 12000
    for epoch in range(1, 121):
        for _ in range(100):
            last = wrapper.get_lr()['lr'][0]
            wrapper.step()
            for scheduler in schedulers:
                scheduler.step()
        factor = 0.01 + 0.99 * epoch / 10 if epoch < 10 else 1.0
        factor *= 0.1**((epoch >= 40) + (epoch >= 70))
        assert last == pytest.approx(3.5e-4 * factor, rel=1e-2)
