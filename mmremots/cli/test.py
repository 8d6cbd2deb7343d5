"""Run ReMOTS on target videos, from frames to tracks and scores.

CONFIG is a file, or one of an installed package, such as
mmremots::remots/remots_sample.py. CHECKPOINT is the encoder to start from:
one of `mmremots train` or tools/model_converters, or an .onnx file of an
OSNet with folded norms.
"""
from __future__ import annotations

import argparse

from mmremots.apis.command_line import (
    add_run_arguments,
    build_runner,
    load_config,
)

HELP = 'run a config on its target videos'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of mm's ``tools/test.py``."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', nargs='?', help='encoder to start from')
    add_run_arguments(parser)
    parser.add_argument(
        '--show-dir', help='paint the result into the frames, here')


def run(args: argparse.Namespace) -> None:
    """Test what the config describes."""
    cfg = load_config(args)
    if args.checkpoint:
        cfg.load_from = args.checkpoint
    if args.show_dir:
        cfg.test_cfg.show_dir = args.show_dir
    build_runner(cfg).test()
