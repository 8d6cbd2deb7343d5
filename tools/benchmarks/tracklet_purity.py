"""How many masks are in a tracklet that is mostly somebody else's.

    python tools/benchmarks/tracklet_purity.py CONFIG RUN

A mask in such a tracklet is a wrong label in inter-tracklet training, and no
merge can bring it back. Only masks of annotated people count; a tracklet is
his who has most of these in it. A row a sequence, a column for each stage of
the config that gives tracklets, and one for what the paper's tracker makes of
the same masks, the same flow and the run's encoder after intra-frame training:
the share in percent, and in brackets the number of tracklets. Shorter ones
are purer, whoever makes them.

RUN is the work directory of a finished run of CONFIG. Ground truth is used for
this table alone.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.engine.finished_run import finished_run
from mmremots.engine.run import Run
from mmremots.engine.stage_list import build_stages
from mmremots.engine.stages import TrackletStage
from mmremots.evaluation.embedding_quality import match_to_truth
from mmremots.registry import MODELS
from mmremots.structures.video import Video

PAPER = (Path(__file__).resolve().parents[2] / 'configs' / '_base_'
         / 'models' / 'remots.py')


def mixed_up(tracklets: NDArray[np.int64], people: NDArray[np.int64]
             ) -> tuple[int, int]:
    """Masks of known people in tracklets that are mostly somebody else's.

    Args:
        tracklets: (N,) tracklet of each observation.
        people: (N,) identity of each, below 0 for nobody known.

    Returns:
        How many, and of how many.
    """
    known = people >= 0
    pairs, counts = np.unique(
        np.stack([tracklets[known], people[known]]), axis=1,
        return_counts=True)
    most = np.zeros(tracklets.max(initial=0) + 1, np.int64)
    np.maximum.at(most, pairs[0], counts)
    return int(known.sum() - most.sum()), int(known.sum())


def papers_tracklets(run: Run, video: Video) -> NDArray[np.int64]:
    """What the paper's tracker makes of a run's masks."""
    table = run.work(video).masks()
    tracker = MODELS.build(Config.fromfile(PAPER).model.tracker)
    return tracker.track(
        table, run.work(video).features(video.name),
        run.work(video).overlaps(video.name), video.frame_rate).ids


def measure(run: Run, folders: list[str]) -> list[list[str]]:
    """A row a sequence with ground truth."""
    rows = []
    for video in run.videos:
        if video.gt_path is None:
            continue
        people = match_to_truth(
            run.work(video).masks(), *run.work(video).truth())
        found = []
        for folder in folders:
            run.tracklet_folder = folder
            found.append(run.work(video).tracklets())
        found.append(papers_tracklets(run, video))
        cells = []
        for tracklets in found:
            mixed, known = mixed_up(tracklets, people)
            cells.append(f'{100 * mixed / max(1, known):.1f} '
                         f'({len(np.unique(tracklets))})')
        rows.append([video.name, str(known), *cells])
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the run')
    parser.add_argument('run', type=Path, help='its work directory')
    args = parser.parse_args()
    cfg = Config.fromfile(args.config)
    mmremots.register_all_modules()
    run = finished_run(cfg, args.run)
    intra = run.folder.encoder('intra')
    run.encoder = intra if intra.is_file() else run.folder.encoder('start')
    folders = [stage.folder for stage in build_stages(cfg.test_cfg.stages)
               if isinstance(stage, TrackletStage)]
    rows = measure(run, folders)
    if not rows:
        raise ValueError('no target has ground truth to tell people by')
    print(markdown_table(
        ['', 'masks of known people', *folders, 'tracklets of the paper'],
        rows))


if __name__ == '__main__':
    with one_line_errors():
        main()
