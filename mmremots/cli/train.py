"""Train on labelled data: a ReMOTS encoder, or any mm model.

Given a ReMOTS config, trains its encoder on the config's labelled set
alone and leaves it in WORK_DIR/encoder_labelled.pth: a starting point that
`mmremots test` takes as its CHECKPOINT. Given any other config, such as a
detector's, trains what that describes.
"""
from __future__ import annotations

import argparse

from mmremots.apis.command_line import (
    add_run_arguments,
    build_runner,
    load_config,
)

HELP = 'train the encoder of a config on its labelled videos, or a detector'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of mm's ``tools/train.py``."""
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Train what the config describes."""
    cfg = load_config(args)
    if cfg.model.type in ('ReMOTS', 'mmremots.ReMOTS'):
        cfg.test_dataloader.dataset = cfg.test_cfg.labelled
        cfg.test_cfg.stages = [dict(type='LabelledTraining')]
        build_runner(cfg).test()
    else:
        build_runner(cfg).train()
