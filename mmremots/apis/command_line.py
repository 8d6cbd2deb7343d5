"""What the commands in ``tools/`` share."""
from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

#: What bad input raises: shown as one line, without the way it came.
INPUT_ERRORS = (ValueError, OSError, KeyError, TypeError, ImportError)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that mm users know from every ``tools/*.py``."""
    parser.add_argument(
        '--work-dir', help='folder of the run (default: the one the config '
        'names, else work_dirs/CONFIG)')
    parser.add_argument(
        '--resume', action='store_true',
        help='go on with what an earlier run left in the same folder')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='settings that replace those of the config: key=value ...')
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none', help='how processes are started')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0,
                        help=argparse.SUPPRESS)


def markdown_table(
        header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as the docs have it.

    Args:
        header: Names of the columns.
        rows: Cells, as many in each.

    Returns:
        Lines of Markdown.
    """
    lines = [header, ['---'] * len(header), *rows]
    return '\n'.join(f'| {" | ".join(cells)} |' for cells in lines)


def load_config(args: argparse.Namespace) -> Config:
    """Read a config file and put the command's arguments into it.

    Args:
        args: ``config`` and the arguments of :func:`add_run_arguments`.

    Raises:
        FileNotFoundError: There is no such config file.
    """
    path = Path(args.config)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such config file')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(path)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / path.stem)
    cfg.resume = args.resume or cfg.get('resume', False)
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Build the runner that a config describes.

    mmengine starts processes for GPUs alone; without one, those of torchrun
    talk to each other here, before it looks.
    """
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None,
            broadcast_buffers=False)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the program on bad input with one line that says what is wrong.

    The traceback goes to the run's log file; before there is one, a missing
    config file is all that can be wrong.
    """
    try:
        yield
    except INPUT_ERRORS as error:
        log = MMLogger.get_current_instance().log_file
        if log is not None:
            with open(log, 'a') as file:
                traceback.print_exc(file=file)
            print(f'the traceback is in {log}', file=sys.stderr)
        sys.exit(f'error: {error}')
