"""Make the report of a run again: RUN/report.html, one page to open.

Every run ends with one. The config that a run leaves in its folder says what
the run was; where its paths are relative, be where the run was started.
"""
from __future__ import annotations

import argparse
import time
from pathlib import Path

from mmremots.apis.command_line import read_config

HELP = 'make the page of a finished run again'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    parser.add_argument(
        'run_folder', type=Path, metavar='RUN', help='folder of the run')
    parser.add_argument(
        '--config', help='its config (default: the newest in its folder)')


def run(args: argparse.Namespace) -> None:
    """Collect and write.

    Raises:
        FileNotFoundError: There is no such run, or no config of it.
    """
    from mmremots.engine.report import write_report
    cfg = read_config(args.config or newest_config(args.run_folder))
    begin = time.monotonic()
    path = write_report(args.run_folder, cfg)
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB in '
          f'{time.monotonic() - begin:.0f} s')


def newest_config(folder: Path) -> Path:
    """The config of the last run in a folder.

    Raises:
        FileNotFoundError: There is none.
    """
    found = sorted(folder.glob('*.py'), key=lambda path: path.stat().st_mtime)
    if not found:
        raise FileNotFoundError(
            f'{folder}: no folder of a run: no config is in it; if it is '
            'elsewhere, say --config')
    return found[-1]
