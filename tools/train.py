"""Train on labelled data: a ReMOTS encoder, or any mm model.

Given a ReMOTS config, trains its encoder on the config's labelled set
alone: the starting point that tools/test.py takes as its CHECKPOINT. Given
any other config, such as a detector's, trains what it describes.
"""
from __future__ import annotations

import argparse

from mmremots.apis.command_line import (
    add_run_arguments,
    build_runner,
    load_config,
    one_line_errors,
)
from mmremots.engine.labelled_training import train_on_labelled_set


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Train what the config describes."""
    args = parse_args()
    with one_line_errors():
        cfg = load_config(args)
        if cfg.model.type == 'ReMOTS':
            train_on_labelled_set(cfg)
        else:
            build_runner(cfg).train()


if __name__ == '__main__':
    main()
