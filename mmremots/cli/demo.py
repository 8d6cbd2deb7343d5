"""Track the built-in sample as the paper does, then with plus.

Renders a small sample on first use, runs both configs on it, a few minutes
on two cores, and prints their scores side by side. Both runs stay in
FOLDER/work_dirs, to look at.
"""
from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from mmengine.config import DictAction

from mmremots.apis.command_line import build_runner, read_config

HELP = 'track the built-in sample: shows that everything runs'
#: What the two runs share is done once, by the first.
CONFIGS = ('remots_sample', 'remots_plus_sample')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and what is to be different."""
    parser.add_argument(
        'folder', nargs='?', type=Path, default=Path(), metavar='FOLDER',
        help='for the sample and the two runs (default: here)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='settings that replace those of both configs: key=value ...')


def run(args: argparse.Namespace) -> None:
    """Render, run, run again, and compare."""
    from mmremots.evaluation import format_tables
    scores = {}
    earlier: Path | None = None
    for name in CONFIGS:
        cfg = read_config(f'mmremots::remots/{name}.py')
        data = str(args.folder / 'data' / 'sample')
        cfg.merge_from_dict({
            'test_dataloader.dataset.data_root': data,
            'test_cfg.labelled.data_root': data, **(args.cfg_options or {})})
        folder = args.folder / 'work_dirs' / name
        cfg.work_dir = str(folder)
        if earlier is not None:
            # Masks and first training are the same: go on with those.
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(earlier, folder)
            cfg.resume = True
        scores[name] = build_runner(cfg).test()
        earlier = folder
    print(format_tables(scores))
    print(f'open in a browser: {folder / "report.html"}')
