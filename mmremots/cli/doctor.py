"""What mmremots finds here, and what is missing for what.

Prints what mmengine.collect_env does, the versions of the packages that
mmremots stands on, and of those that only some things need.
"""
from __future__ import annotations

import argparse
from importlib import import_module, metadata
from importlib.util import find_spec

from mmremots.dependencies import DEPENDENCIES, OPTIONAL

HELP = 'versions of the stack, and what is missing for what'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(args: argparse.Namespace) -> None:
    """Look, and print."""
    del args
    print('\n'.join([
        *_environment(), '', *_required(), '', *_optional(), '',
        *_surroundings()]))


def _environment() -> list[str]:
    from mmengine.utils.dl_utils import collect_env
    return [f'{name}: {value}' for name, value in collect_env().items()]


def _required() -> list[str]:
    """All are there: mmremots would not have been imported."""
    return ['needed:'] + [
        f'  ok       {needed.module} '
        f'{import_module(needed.module).__version__} ({needed.bounds})'
        for needed in DEPENDENCIES] + [
        f'  ok       {name} {metadata.version(name)}'
        for name in ('trackeval', 'pycocotools', 'numpy', 'scipy')]


def _optional() -> list[str]:
    lines = ['needed by some things only:']
    for part in OPTIONAL:
        if find_spec(part.module) is None:
            lines.append(f'  missing  {part.module}: {part.use}; '
                         f'{part.remedy}')
            continue
        try:
            version = metadata.version(part.package or part.module)
        except metadata.PackageNotFoundError:
            version = 'of an unknown version'
        lines.append(f'  ok       {part.module} {version}: {part.use}')
    return lines


def _surroundings() -> list[str]:
    import torch
    from mmengine.hub import get_config

    lines = ['surroundings:']
    if torch.cuda.is_available():
        lines.append(f'  ok       {torch.cuda.device_count()} GPU: '
                     f'{torch.cuda.get_device_name()}')
    else:
        lines.append('  missing  a GPU: trainings and live detectors of the '
                     "paper's size want one; small encoders run without")
    try:
        import mmcv.ops  # noqa: F401
        lines.append("  ok       mmcv's operators")
    except ImportError as error:
        lines.append("  missing  mmcv's operators: live detectors; install "
                     f'mmcv with them ({error})')
    try:
        get_config('mmremots::remots/remots_sample.py')
        lines.append("  ok       configs: _base_ = 'mmremots::remots/...'")
    except OSError as error:
        lines.append(f'  missing  configs: mmremots:: does not resolve '
                     f'({error})')
    return lines
