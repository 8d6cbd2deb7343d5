"""Training an encoder: mmengine's own loop, hooks and checkpoints."""
from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.logging import MMLogger, print_log
from mmengine.registry import DefaultScope
from mmengine.runner import find_latest_checkpoint

from mmremots.engine.runner import ReMOTSRunner, model_of
from mmremots.models.checkpoint import differences, read_checkpoint
from mmremots.models.reid import BaseEncoder, load_encoder, read_state_dict
from mmremots.models.reid.checkpoint import between, save_encoder
from mmremots.registry import DATASETS, MODELS, current_scope, qualified


class EncoderRunner(ReMOTSRunner):
    """A runner inside a run: it logs where the run does."""

    def build_logger(self, *_: Any, **__: Any) -> MMLogger:
        """The logger of the run, which has logged the environment."""
        return MMLogger.get_current_instance()


def unfinished_checkpoint(work_dir: Path, encoder: dict[str, Any],
                          max_iters: int) -> Path | None:
    """The last checkpoint of a training, if it can go on from there.

    One that cannot be read without running code, or lacks something, does
    not count: that is logged.

    Args:
        work_dir: Folder of the training; the checkpoint stands in it.
        encoder: Config of the encoder.
        max_iters: Length of the training.
    """
    path = work_dir
    try:
        latest = find_latest_checkpoint(str(work_dir))
        if latest is None:
            return None
        path = work_dir / Path(latest).name  # The folder may have been moved.
        _check_bytes(path)
        _check_whole(read_checkpoint(path), MODELS.build(encoder), max_iters)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        print_log(f'{path}: cannot go on from it, the training begins anew '
                  f'({reason})', 'current', level=30)
        return None
    return path


def _check_bytes(path: Path) -> None:
    """PyTorch writes checksums, but does not look at them."""
    try:
        with ZipFile(path) as archive:
            damaged = archive.testzip()
    except BadZipFile as error:
        raise ValueError(str(error)) from None
    if damaged is not None:
        raise ValueError(f'{damaged} in it is not what was written')


def _check_whole(checkpoint: Any, encoder: BaseEncoder,
                 max_iters: int) -> None:
    parts = dict(meta=dict, state_dict=dict, optimizer=dict,
                 param_schedulers=list)
    for name, kind in parts.items():
        if not (isinstance(checkpoint, dict)
                and isinstance(checkpoint.get(name), kind)):
            raise ValueError(f'it has no {name}')
    iteration = checkpoint['meta'].get('iter')
    if not (isinstance(iteration, int) and 0 < iteration <= max_iters):
        raise ValueError(f'it is of iteration {iteration}, not of one of '
                         f'{max_iters}')
    problems = differences(encoder.state_dict(), checkpoint['state_dict'])
    if problems:
        raise ValueError('its weights are not those of the encoder: '
                         + '; '.join(map(str.strip, problems)))
    if not checkpoint['optimizer'].keys() >= {'state', 'param_groups'}:
        raise ValueError('it has no state of the optimizer')


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
def quiet(logger: MMLogger) -> Iterator[None]:
    """Let a logger leave out what is no warning."""
    level = logger.level
    logger.setLevel('WARNING')
    try:
        yield
    finally:
        logger.setLevel(level)


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
    unfinished = unfinished_checkpoint(
        work_dir, encoder, settings['max_iters']) if resume else None
    barrier()  # none clears the folder that another still looks at
    if unfinished is None and is_main_process():
        shutil.rmtree(work_dir, ignore_errors=True)
        work_dir.mkdir(parents=True)
    barrier()
    optim_wrapper = dict(settings['optim_wrapper'])
    if settings['amp'] and torch.cuda.is_available():
        optim_wrapper['type'] = 'AmpOptimWrapper'
    workers = settings['num_workers']
    dataloader = dict(
        dataset=qualified(DATASETS, dataset),
        sampler=dict(type='InfiniteSampler', shuffle=False),
        batch_size=batch // group,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=dict(type='mmremots.collate_groups'))
    # The runner writes its config down: so the groups can be looked at.
    cfg = dict(runtime.get('cfg', {}), train_dataloader=dataloader)
    # Its own: one of the same name would be that of another runner, and
    # mmengine writes names and folders into the dicts it is given.
    visualizer = copy.deepcopy(runtime.get('visualizer', {}))
    visualizer.pop('name', None)
    visualizer.pop('save_dir', None)
    runner_of = partial(
        EncoderRunner,
        model=qualified(MODELS, encoder),
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
        launcher=launcher,
        randomness=dict(seed=seed),
        log_processor=dict(by_epoch=False),
        default_scope=current_scope(),
        experiment_name=name,
        load_from=None if unfinished is None else str(unfinished),
        resume=unfinished is not None,
        **{**runtime, 'cfg': cfg,
           'visualizer': visualizer or None})
    with DefaultScope.overwrite_default_scope(current_scope()):
        with quiet(MMLogger.get_current_instance()):
            runner = runner_of()
        model = model_of(runner)
        load_encoder(model, start)
        runner.train()
    if is_main_process():
        save_encoder(between(
            read_state_dict(start), model.state_dict(),
            settings['start_share']), out)
    barrier()
