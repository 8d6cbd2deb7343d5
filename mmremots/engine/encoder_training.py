"""Training an encoder: mmengine's own loop, hooks and checkpoints."""
from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.logging import MMLogger, print_log
from mmengine.registry import DefaultScope
from mmengine.runner import find_latest_checkpoint

from mmremots.engine.runner import ReMOTSRunner, model_of
from mmremots.engine.training_settings import (
    RUNNER,
    optimizer_here,
    schedule_of,
)
from mmremots.models.checkpoint import differences, read_checkpoint
from mmremots.models.reid import BaseEncoder, load_encoder, read_state_dict
from mmremots.models.reid.checkpoint import between, save_encoder
from mmremots.registry import DATASETS, MODELS, current_scope, qualified


class EncoderRunner(ReMOTSRunner):
    """A runner inside a run: it logs where the run does."""

    def build_logger(self, *_: Any, **__: Any) -> MMLogger:
        """The logger of the run."""
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


def train_encoder(*, name: str, encoder: dict[str, Any],
                  dataset: dict[str, Any], start: Path, out: Path,
                  work_dir: Path, settings: dict[str, Any], length: int,
                  seed: int, resume: bool, launcher: str) -> None:
    """Train an encoder from given weights and save it.

    Args:
        name: Name of the training, for logs.
        encoder: Config of the :class:`ReIDEncoder`, its number of
            identities set.
        dataset: Config of a dataset of training groups.
        start: Weights to start from.
        out: Where the trained weights go.
        work_dir: Folder of logs and checkpoints.
        settings: Of mmengine's runner, and ``start_share`` (see
            :func:`between`); :mod:`mmremots.engine.training_settings` lists
            them.
        length: Iterations; the schedule is shrunk to them.
        seed: Seed of everything random.
        resume: Whether checkpoints in ``work_dir`` are of this training,
            to go on from the last.
        launcher: mmengine's launcher; ``none`` for one process.
    """
    unfinished = unfinished_checkpoint(
        work_dir, encoder, length) if resume else None
    barrier()  # none clears the folder that another still looks at
    if unfinished is None and is_main_process():
        shutil.rmtree(work_dir, ignore_errors=True)
        work_dir.mkdir(parents=True)
    barrier()
    # mmengine writes into the dicts it is given.
    of_runner = {key: copy.deepcopy(settings[key])
                 for key in RUNNER if key in settings}
    for key in ('name', 'save_dir'):  # Those of another runner.
        (of_runner.get('visualizer') or {}).pop(key, None)
    loader = settings['train_dataloader']
    config = Config({
        'log_processor': dict(by_epoch=False),
        **of_runner,
        'model': qualified(MODELS, encoder),
        'train_dataloader': {
            'sampler': dict(type='InfiniteSampler', shuffle=False),
            'collate_fn': dict(type='mmremots.collate_groups'),
            **loader, 'dataset': qualified(DATASETS, dataset)},
        'train_cfg': {**settings['train_cfg'], 'max_iters': length},
        'optim_wrapper': optimizer_here(settings['optim_wrapper']),
        'param_scheduler': schedule_of(
            settings['param_scheduler'], length,
            settings['train_cfg']['max_iters']),
        'work_dir': str(work_dir),
        'load_from': None if unfinished is None else str(unfinished),
        'resume': unfinished is not None,
        'launcher': launcher,
        'randomness': dict(seed=seed),
        'default_scope': current_scope(),
        'experiment_name': name})
    with DefaultScope.overwrite_default_scope(current_scope()):
        logger = MMLogger.get_current_instance()
        level = logger.level
        logger.setLevel('WARNING')  # The run has logged its environment.
        try:
            runner = EncoderRunner.from_cfg(config)
        finally:
            logger.setLevel(level)
        model = model_of(runner)
        load_encoder(model, start)
        runner.train()
        # Its workers end now. With the garbage their queues would go first,
        # and each wait would be one of five seconds.
        runner.train_loop.dataloader_iterator = None
    if is_main_process():
        save_encoder(between(
            read_state_dict(start), model.state_dict(),
            settings['start_share']), out)
    barrier()
