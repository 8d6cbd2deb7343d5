"""What each option beyond the paper is worth, a row each.

    python tools/benchmarks/plus_options.py configs/remots_pedestrians.py \
        [ENCODER] [--sequences TUD-Campus] [--work-dir DIR]

Runs a config as in the paper, with gaps of 15 frames merged; then with one
option at a time; then with all that configs/_base_/schedules/remots_plus.py
switches on together, its flow too. All rows have the same masks and the same
encoder, without any training: the config's `load_from`, or ENCODER, such as a
run's encoder_inter.pth.

All runs go through one folder, so masks, overlaps and features are made
once.
"""
from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremots.apis.command_line import (
    build_runner,
    markdown_table,
    one_line_errors,
)
from mmremots.engine.run_folder import read_json

ROOT = Path(__file__).resolve().parents[2]
PLUS = ROOT / 'configs' / '_base_' / 'schedules' / 'remots_plus.py'
METRICS = ('sMOTSA', 'IDF1', 'HOTA', 'IDSW', 'FP', 'FN')
TRAININGS = ('LabelledTraining', 'IntraFrameTraining',
             'InterTrackletTraining')


#: Merging as in the paper, whatever the config says.
PAPER = {'tracker.sure_only': False, 'merger.max_gap': 15,
         'merger.max_seconds': None, 'merger.veto': None,
         'merger.retake': False}
STEPS = ['MaskGeneration', 'ShortTermTracking', 'Merging']


def plus_config(path: Path, folder: Path) -> Config:
    """A config as anybody would make it plus, in two lines."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / f'{path.stem}_plus.py'
    text.write_text(
        f'_base_ = [{str(path.resolve())!r}, {str(PLUS)!r}]\n'
        'model = _base_.plus_model\n'
        'test_cfg = dict(stages=_base_.plus_stages)\n')
    return Config.fromfile(text)


def variants() -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Settings of the model and stages of each row."""
    plus = Config.fromfile(PLUS)
    stages = [stage for stage in plus.plus_stages
              if stage['type'] not in TRAININGS]
    # Side by side, without a training between them, two are one.
    stages = [stage for before, stage in pairwise([None, *stages])
              if stage != before]

    def row(model: dict[str, Any], *further: str) -> tuple[
            dict[str, Any], list[dict[str, Any]]]:
        return {**PAPER, **model}, [
            stage for stage in stages if stage['type'] in {*STEPS, *further}]

    merger = plus.plus_model.merger
    return {
        'ReMOTS': row({}),
        'links flow alone is sure of': row({'tracker.sure_only': True}),
        'tracklets cut before merging': row({}, 'TrackletSplitting'),
        f'gaps up to {merger.max_seconds:g} s merged': row(
            {'merger.max_seconds': merger.max_seconds}),
        'motion veto': row({'merger.veto': merger.veto}),
        'theta_merge retaken': row({'merger.retake': True}),
        'weak tracks left out': row({}, 'TrackPruning'),
        'the same, then tracks continued': row(
            {}, 'TrackPruning', 'TrackExtension'),
        'gaps filled by flow': row({}, 'GapFilling'),
        'ReMOTS plus': (dict(plus.plus_model), stages),
    }


def run(cfg: Config, model: dict[str, Any], stages: list[dict[str, Any]],
        ) -> dict[str, float]:
    """Metrics of the config with a row's settings."""
    cfg = Config(cfg.to_dict())
    cfg.merge_from_dict({f'model.{key}': value
                         for key, value in model.items()})
    cfg.test_cfg.stages = stages
    cfg.launcher, cfg.resume = 'none', True
    build_runner(cfg).test()
    metrics = read_json(Path(cfg.work_dir, 'metrics.json'))
    if metrics is None:
        raise ValueError('the sequences have no ground truth to score by')
    return metrics


def table(rows: dict[str, dict[str, float]], prefix: str) -> str:
    """A Markdown table of one video, or of all (an empty prefix)."""
    return markdown_table(['', *METRICS], [
        [name, *(
            f'{row[f"mots/{prefix}{metric}"]:.{0 if whole else 1}f}'
            for metric, whole in zip(METRICS, (0, 0, 0, 1, 1, 1), strict=True)
        )] for name, row in rows.items()])


def print_tables(rows: dict[str, dict[str, float]]) -> None:
    """A table of each video, and of all together."""
    names = sorted({key.split('/')[1] for row in rows.values()
                    for key in row if key.count('/') == 2})
    for name in names:
        print(f'\n{name}\n\n{table(rows, name + "/")}')
    print(f'\nall\n\n{table(rows, "")}')


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='ReMOTS config')
    parser.add_argument('checkpoint', nargs='?', help='encoder')
    parser.add_argument(
        '--sequences', nargs='+', help='targets; default: the config\'s')
    parser.add_argument('--work-dir', default='work_dirs/plus_options')
    args = parser.parse_args()
    cfg = Config.fromfile(args.config)
    cfg.work_dir = args.work_dir
    cfg.load_from = args.checkpoint or cfg.load_from
    if args.sequences:
        cfg.test_dataloader.dataset.sequences = args.sequences
    rows = {name: run(cfg, *variant)
            for name, variant in variants().items()}
    print_tables(rows)


if __name__ == '__main__':
    with one_line_errors():
        main()
