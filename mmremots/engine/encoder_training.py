"""Training an encoder: mmengine's own loop, hooks and checkpoints."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.logging import MMLogger, print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, find_latest_checkpoint

from mmremots.models.reid import load_encoder, read_state_dict
from mmremots.models.reid.checkpoint import between, save_encoder

try:  # what a checkpoint of mmengine holds beside tensors; not in <= 0.10.7
    from mmengine.runner.checkpoint import get_torch_safe_globals
except ImportError:
    def get_torch_safe_globals() -> list:
        """Nothing beside tensors and plain values."""
        return []


class EncoderRunner(Runner):
    """A runner inside a run: the outer one has logged the environment."""

    def _log_env(self, env_cfg: dict) -> None:
        del env_cfg

    def get_hooks_info(self) -> str:
        """Nothing: the hooks are mmengine's defaults."""
        return 'mmengine defaults'


def resumable(work_dir: Path) -> bool:
    """Whether a training can go on from its last checkpoint.

    A checkpoint that cannot be read without running code, or not at all,
    does not count.
    """
    latest = find_latest_checkpoint(str(work_dir))
    if latest is None:
        return False
    try:
        with torch.serialization.safe_globals(get_torch_safe_globals()):
            torch.load(latest, map_location='cpu', weights_only=True)
    except Exception as error:  # torch raises many kinds
        print_log(f'{latest}: cannot be resumed from ({error})', 'current',
                  level=30)
        return False
    return True


def lr_schedule(max_iters: int, warmup: float, milestones: list[float],
                gamma: float = 0.1, start_factor: float = 0.01,
                ) -> list[dict[str, Any]]:
    """Warm-up and steps of the learning rate, as parts of a training.

    Args:
        max_iters: Length of the training.
        warmup: Part of it in which the rate rises linearly.
        milestones: Parts after which the rate is multiplied by ``gamma``.
        gamma: See ``milestones``.
        start_factor: Rate of the first iteration, relative.

    Returns:
        Configs of mmengine's schedulers.
    """
    end = round(warmup * max_iters)
    steps = [round(part * max_iters) for part in milestones]
    schedulers: list[dict[str, Any]] = [dict(
        type='MultiStepLR', by_epoch=False, milestones=steps, gamma=gamma)]
    if end > 1:  # With one, the rate would stay at that of the first.
        schedulers.append(dict(
            type='LinearLR', by_epoch=False, begin=0, end=end,
            start_factor=start_factor))
    return schedulers


@contextmanager
def own_log() -> Iterator[None]:
    """Let what is logged in a block not be the end of the outer log.

    What goes to mmengine's "current" logger goes to the latest one, even
    when its runner is done.
    """
    outer = MMLogger.get_current_instance().instance_name
    try:
        yield
    finally:
        MMLogger._instance_dict.move_to_end(outer)


@own_log()
def train_encoder(*, name: str, encoder: dict[str, Any],
                  dataset: dict[str, Any], start: Path, out: Path,
                  work_dir: Path, settings: dict[str, Any],
                  seed: int, resume: bool, launcher: str,
                  runtime: dict[str, Any]) -> None:
    """Train an encoder from given weights and save it.

    Args:
        name: Name of the training, for logs.
        encoder: Config of the :class:`ReIDEncoder`, its number of
            identities set.
        dataset: Config of a dataset of training groups.
        start: Weights to start from.
        out: Where the trained weights go.
        work_dir: Folder of logs and checkpoints.
        settings: ``max_iters``, ``batch_size`` in images,
            ``optim_wrapper``, ``schedule`` (see :func:`lr_schedule`),
            ``num_workers``, ``checkpoint_interval``, ``log_interval``,
            ``amp`` and ``start_share`` (see :func:`between`).
        seed: Seed of everything random.
        resume: Whether checkpoints in ``work_dir`` are of this training,
            to go on from the last.
        launcher: mmengine's launcher; ``none`` for one process.
        runtime: Further arguments of mmengine's Runner, such as
            ``visualizer``, ``custom_hooks``, ``env_cfg``.

    Raises:
        ValueError: The batch holds no whole group.
    """
    # A group of a target training has as many target as labelled crops.
    group = dataset['group_size'] * (2 if 'target' in dataset else 1)
    batch = settings['batch_size']
    if batch < group or batch % group:
        raise ValueError(
            f'batch_size={batch} must be a multiple of {group}, the crops '
            f'in a group with group_size={dataset["group_size"]}')
    resume = resume and resumable(work_dir)
    barrier()  # none clears the folder that another still looks at
    if not resume and is_main_process():
        shutil.rmtree(work_dir, ignore_errors=True)
        work_dir.mkdir(parents=True)
    barrier()
    optim_wrapper = dict(settings['optim_wrapper'])
    if settings['amp'] and torch.cuda.is_available():
        optim_wrapper['type'] = 'AmpOptimWrapper'
    workers = settings['num_workers']
    dataloader = dict(
        dataset=dataset,
        sampler=dict(type='InfiniteSampler', shuffle=False),
        batch_size=batch // group,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=dict(type='collate_groups'))
    # The runner writes its config down: so the groups can be looked at.
    cfg = dict(runtime.get('cfg', {}), train_dataloader=dataloader)
    runner = EncoderRunner(
        model=encoder,
        work_dir=str(work_dir),
        train_dataloader=dataloader,
        train_cfg=dict(type='IterBasedTrainLoop',
                       max_iters=settings['max_iters']),
        optim_wrapper=optim_wrapper,
        param_scheduler=lr_schedule(
            settings['max_iters'], **settings['schedule']),
        default_hooks=dict(
            logger=dict(type='LoggerHook',
                        interval=settings['log_interval']),
            # Two are kept: the older one is removed before the newer one
            # is on disk.
            checkpoint=dict(type='CheckpointHook', by_epoch=False,
                            interval=settings['checkpoint_interval'],
                            max_keep_ckpts=2, save_last=True)),
        resume=resume,
        launcher=launcher,
        randomness=dict(seed=seed),
        log_processor=dict(by_epoch=False),
        default_scope='mmremots',
        experiment_name=name,
        **{**runtime, 'cfg': cfg})
    model = runner.model.module if is_model_wrapper(
        runner.model) else runner.model
    if not resume:
        load_encoder(model, start)
    runner.train()
    if is_main_process():
        save_encoder(between(
            read_state_dict(start), model.state_dict(),
            settings['start_share']), out)
    barrier()
