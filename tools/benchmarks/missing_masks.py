"""What each encoder of finished runs is worth where masks are missing.

    python tools/benchmarks/missing_masks.py CONFIG RUN [RUN ...]

The scores of a short video hang on a few decisions: IDF1 jumps by points as
one link is made or not. So a tenth of the masks is left out at random, many
times; the rest is tracked and merged anew, with thresholds of its own. A row
an encoder, all with the same masks left out: `start` for both steps, `intra`
for both, and `intra` for tracking with `inter` for merging, as the runs do
it. Where CONFIG cuts tracklets, they are cut once, by the encoder that merges.
Mean over draws and runs, and the standard error of the mean over draws.

A RUN is the work directory of a run of CONFIG with both trainings; several
are runs with other seeds.
"""
from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.engine.finished_run import finished_run
from mmremots.engine.run import Run
from mmremots.evaluation import evaluate_mots
from mmremots.formats import write_mots
from mmremots.models.mot.remots import ReMOTS

#: Encoders of tracking and of merging.
ROWS = {'start': ('start', 'start'), '+ intra-frame': ('intra', 'intra'),
        '+ inter-tracklet': ('intra', 'inter')}
METRICS = ('sMOTSA', 'IDF1', 'HOTA', 'IDSW')
LEFT_OUT = 0.1


def scores_of(run: Run, encoders: tuple[str, str], draws: int,
              split: bool) -> dict[str, NDArray[np.float64]]:
    """Scores (draws, len(METRICS)) of each video, and of all together."""
    model: ReMOTS = run.model
    given = []
    for video in run.videos:
        features = []
        for name in encoders:
            run.encoder = run.folder.encoder(name)
            features.append(np.array(run.work(video).features(video.name)))
        given.append((video, run.work(video).masks(), *features,
                      run.work(video).overlaps(video.name)))
    found: dict[str, list[list[float]]] = {}
    for draw in range(draws):
        with tempfile.TemporaryDirectory() as scratch:
            for video, table, tracked_by, merged_by, overlaps in given:
                rows = np.flatnonzero(np.random.default_rng(draw).random(
                    len(table)) >= LEFT_OUT)
                left = table.take(rows)
                _, tracks = model.track(
                    left, tracked_by[rows], overlaps.among(rows, len(table)),
                    video.frame_rate, split, merged_by[rows])
                write_mots(Path(scratch, f'{video.name}.txt'), left,
                           tracks.ids)
            scores = evaluate_mots(run.videos, scratch)
        for scope, row in scores.items():
            found.setdefault(scope, []).append([row[m] for m in METRICS])
    return {scope: np.array(rows) for scope, rows in found.items()}


def table(rows: dict[str, NDArray[np.float64]]) -> str:
    """Markdown; each row (runs, draws, len(METRICS))."""
    lines = []
    for name, values in rows.items():
        draws = values.mean(axis=0)
        error = draws.std(axis=0, ddof=1) / len(draws)**0.5
        lines.append([name, *(f'{m:.1f} ± {e:.1f}' for m, e in zip(
            draws.mean(axis=0), error, strict=True))])
    return markdown_table(['encoder', *METRICS], lines)


def main() -> None:
    """Track, score, print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the runs')
    parser.add_argument('runs', type=Path, nargs='+',
                        help='their work directories')
    parser.add_argument('--draws', type=int, default=10,
                        help='2 or more (default: %(default)s)')
    args = parser.parse_args()
    if args.draws < 2:
        parser.error(f'--draws {args.draws}: two draws at least')
    cfg = Config.fromfile(args.config)
    mmremots.register_all_modules()
    runs = [finished_run(cfg, root) for root in args.runs]
    split = any(stage['type'] == 'TrackletSplitting'
                for stage in cfg.test_cfg.stages)
    found = {name: [scores_of(run, encoders, args.draws, split)
                    for run in runs] for name, encoders in ROWS.items()}
    for scope in next(iter(found.values()))[0]:
        print(f'\n{scope}\n\n' + table({
            name: np.array([scores[scope] for scores in rows])
            for name, rows in found.items()}))


if __name__ == '__main__':
    with one_line_errors():
        main()
