"""Run ReMOTS on target videos, from frames to tracks and scores.

CHECKPOINT is the encoder to start from: one of tools/train.py or
tools/model_converters, or an .onnx file of an OSNet with folded norms.
"""
from __future__ import annotations

import argparse

from mmremots.apis.command_line import (
    add_run_arguments,
    build_runner,
    load_config,
    one_line_errors,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', nargs='?', help='encoder to start from')
    add_run_arguments(parser)
    parser.add_argument(
        '--show-dir', help='paint the result into the frames, here')
    return parser.parse_args()


def main() -> None:
    """Test what the config describes."""
    args = parse_args()
    with one_line_errors():
        cfg = load_config(args)
        if args.checkpoint:
            cfg.load_from = args.checkpoint
        if args.show_dir:
            cfg.test_cfg.show_dir = args.show_dir
        build_runner(cfg).test()


if __name__ == '__main__':
    main()
