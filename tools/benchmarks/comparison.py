"""ReMOTS, ReMOTS plus and other trackers, over seeds and sets of detectors.

    python tools/benchmarks/comparison.py CONFIG [CONFIG ...] \
        [--third 'det_seg/*' 0.6 0.3] [--bot-sort PYTHON]

For each config and seed: a run of the config, which is the paper's method,
and one of the same config with configs/_base_/schedules/remots_plus.py, which
keeps what both have in common; then compare_trackers.py on the masks and the
encoder of the former. With --third all of it again with one more file of
masks beside the config's: its path in a sequence's folder, the least score of
its masks, and of its weak masks. Mean over the seeds, and the standard
deviation of IDF1.

Scores go to WORK_DIR/.../scores.json as they are found, and are not found
again where they are; a run that was stopped goes on.
"""
from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from compare_trackers import bot_sort, compare
from mmengine.config import Config
from plus_options import plus_config

from mmremots.apis.command_line import (
    build_runner,
    markdown_table,
    one_line_errors,
)

METRICS = ('sMOTSA', 'IDF1', 'HOTA', 'IDSW')


def run(cfg: Config, seed: int, root: Path,
        third: dict[str, Any] | None) -> Config:
    """Run a config with a seed, or go on with it."""
    cfg.work_dir, cfg.launcher, cfg.resume = str(root), 'none', True
    cfg.randomness = dict(seed=seed)
    if third:
        cfg.model.detector.sources = [*cfg.model.detector.sources, third]
    build_runner(cfg).test()
    return cfg


def scores_of(path: Path, seed: int, third: dict[str, Any] | None,
              root: Path, python: str | None) -> dict[str, Any]:
    """Scores of all methods on the targets of a config."""
    found = root / 'scores.json'
    if not found.is_file():
        paper = run(Config.fromfile(path), seed, root / 'paper', third)
        plus = root / 'ReMOTS plus'
        if not plus.is_dir():
            shutil.copytree(root / 'paper', root / 'copy')
            (root / 'copy').rename(plus)
        run(plus_config(path, root), seed, plus, third)
        scores = compare(paper, root / 'paper', [plus], None, python)
        found.write_text(json.dumps(scores, indent=1))
    return dict(json.loads(found.read_text()))


def table(seeds: list[dict[str, Any]], scope: str) -> str:
    """Markdown, a row a method; mean over seeds."""
    rows = []
    for method in seeds[0]:
        values = np.array([[scores[method][f'mots/{scope}{m}']
                            for m in METRICS] for scores in seeds])
        cells = [f'{x:.1f}' for x in values.mean(axis=0)]
        cells[1] += f' ± {values[:, 1].std(ddof=1):.1f}' * (len(seeds) > 1)
        rows.append([method, *cells])
    return markdown_table(['', *METRICS], rows)


def main() -> None:
    """Run what is not there yet, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', type=Path, nargs='+')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--third', nargs=3, metavar=('PATH', 'SCORE', 'WEAK'))
    parser.add_argument('--bot-sort', metavar='PYTHON')
    parser.add_argument('--work-dir', type=Path,
                        default=Path('work_dirs/comparison'))
    args = parser.parse_args()
    if args.bot_sort:
        bot_sort(args.bot_sort, '--version')  # fails early
    sets: dict[str, dict[str, Any] | None] = {"the config's detectors": None}
    if args.third:
        path, score, weak = args.third
        sets[f'and {path} from {score}, weak from {weak}'] = dict(
            type='DetectionsFromFile', path=path, score_thr=float(score),
            weak_thr=float(weak))
    for config in args.configs:
        for name, third in sets.items():
            folder = args.work_dir / config.stem / (
                'more' if third else 'own')
            seeds = [scores_of(config, seed, third, folder / f'seed{seed}',
                               args.bot_sort) for seed in args.seeds]
            scopes = sorted({
                key.split('/')[1] + '/' for key in seeds[0]['ReMOTS']
                if key.count('/') == 2})
            for scope in [*scopes, ''] if len(scopes) > 1 else scopes:
                print(f'\n{config.stem}, {scope.strip("/") or "all"}, '
                      f'{name}, seeds {args.seeds}\n\n{table(seeds, scope)}',
                      flush=True)


if __name__ == '__main__':
    with one_line_errors():
        main()
