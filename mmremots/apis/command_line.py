"""What the subcommands of ``mmremots`` and the ``tools/`` share."""
from __future__ import annotations

import argparse
import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from difflib import get_close_matches
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.utils import get_installed_path

import mmremots
from mmremots.config_check import nearest
from mmremots.structures.files import naming_full_disk

#: What bad input raises: shown as one line, without the way it came.
INPUT_ERRORS = (ValueError, OSError, KeyError, TypeError, ImportError)

#: Where the configs that come with mmremots are.
PACKAGED = Path(mmremots.__file__).parent / '.mim' / 'configs'
#: What a ReMOTS config cannot be without; of others the first is asked for.
NEEDED = ('model.type', 'model.detector', 'model.reid',
          'test_dataloader.dataset.type', 'test_cfg.stages', 'test_evaluator')
#: What mmengine's runner reads of a config beside its own arguments.
RUNNER_EXTRAS = ('auto_scale_lr', 'compile', 'custom_imports',
                 'find_unused_parameters', 'model_wrapper_cfg',
                 'runner_type', 'sync_bn')


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


def read_config(name: str | Path) -> Config:
    """Read a config.

    Args:
        name: Path of a file, or ``package::folder/file.py`` of an installed
            package.

    Raises:
        FileNotFoundError: There is no such config; the nearest are named.
        ValueError: It cannot be run.
    """
    import_quietly()
    package, separator, inside = str(name).partition('::')
    if not separator:
        path = Path(name)
        if not path.is_file():
            others = {str(other): other.name
                      for other in path.parent.glob('*.py')} | {
                f'mmremots::remots/{other.name}': other.name
                for other in (PACKAGED / 'remots').glob('*.py')}
            raise FileNotFoundError(
                f'{path}: no such config file'
                + _nearest_of(path.with_suffix('.py').name, others))
        return _run_config(path)
    if package not in MODULE2PACKAGE or find_spec(package) is None:
        raise FileNotFoundError(
            f'{name}: no package {package} with configs is installed'
            + nearest(package, MODULE2PACKAGE))
    configs = Path(get_installed_path(package)) / '.mim' / 'configs'
    if not (configs / inside).is_file():
        others = {f'{package}::{other.relative_to(configs)}': other.name
                  for other in configs.glob('*/*.py')}
        raise FileNotFoundError(
            f'{name}: {package} has no such config' + _nearest_of(
                Path(inside).with_suffix('.py').name, others))
    return _run_config(configs / inside)


def _run_config(path: Path) -> Config:
    """Read a config's file, which may be a program.

    Raises:
        ValueError: It has a mistake, or lacks a key.
    """
    try:
        cfg = Config.fromfile(path)
    except FileNotFoundError:
        raise
    except Exception as error:
        what = ' '.join(str(error).split())
        raise ValueError(
            f'{path}: this config, or one that it inherits, has a mistake: '
            f'{type(error).__name__}: {what}') from error
    for key in NEEDED:
        value: Any = cfg
        for depth, part in enumerate(key.split('.'), 1):
            if not isinstance(value, Mapping | Config) or part not in value:
                missing = '.'.join(key.split('.')[:depth])
                raise ValueError(
                    f'{path}: no {missing}, without which nothing can be run')
            value = value[part]
        if key == NEEDED[0] and value not in ('ReMOTS', 'mmremots.ReMOTS'):
            break
    return cfg


def import_quietly() -> None:
    """Import mmdet without what it says of things nobody asked for."""
    with redirect_stdout(StringIO()), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        import mmdet.datasets
        import mmdet.evaluation  # noqa: F401


def _nearest_of(name: str, others: Mapping[str, str]) -> str:
    """The paths whose file names are nearest to a name."""
    near = get_close_matches(name, set(others.values()), cutoff=0.7)
    paths = [path for file in near for path, other in others.items()
             if other == file]
    return f'; did you mean {", ".join(paths[:3])}?' if paths else ''


def load_config(args: argparse.Namespace) -> Config:
    """Read a config and put the command's arguments into it.

    Args:
        args: ``config`` and the arguments of :func:`add_run_arguments`.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: ``--cfg-options`` sets what no config has.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        check_options(cfg, args.cfg_options)
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    cfg.resume = args.resume or cfg.get('resume', False)
    return cfg


def check_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Refuse options that a config has no place for.

    Of a misspelt part one would be set and never looked at.

    Args:
        cfg: The config.
        options: What is to replace settings of it, by their full names.

    Raises:
        ValueError: There is no such part, or a list has no such number.
    """
    parts = {*cfg, *inspect.signature(Runner).parameters, *RUNNER_EXTRAS}
    for option in options:
        part = option.split('.')[0]
        if part not in parts:
            raise ValueError(f'--cfg-options {option}: a config has no '
                             f'{part}{nearest(part, parts)}')
        _check_numbers(cfg, option)


def _check_numbers(cfg: Config, option: str) -> None:
    """Refuse a number, where a config has a list, that is none of it."""
    value: Any = cfg
    parts = option.split('.')
    for depth, part in enumerate(parts):
        if isinstance(value, list | tuple):
            if not (part.isdigit() and int(part) < len(value)):
                raise ValueError(
                    f'--cfg-options {option}: {".".join(parts[:depth])} is a '
                    f'list of {len(value)}, from 0 to {len(value) - 1}, '
                    f'which has no {part}')
            value = value[int(part)]
        elif isinstance(value, Mapping) or depth == 0:
            value = value.get(part)
        else:
            return


def build_runner(cfg: Config) -> Runner:
    """Build the runner that a config describes.

    mmengine starts processes for GPUs alone; without one, those of torchrun
    talk to each other here, before it looks.
    """
    if cfg.get('launcher') == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None,
            broadcast_buffers=False)
    with naming_full_disk(cfg.get('work_dir', '.')):
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
        # That of a run in a temporary folder is gone with it.
        if log is not None and Path(log).parent.is_dir():
            # The disk may be what is full.
            with suppress(OSError), open(log, 'a') as file:
                traceback.print_exc(file=file)
            print(f'the traceback is in {log}', file=sys.stderr)
        sys.exit(f'error: {error}')
