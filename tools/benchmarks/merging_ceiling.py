"""How much merging could gain with an encoder that is never wrong.

    python tools/benchmarks/merging_ceiling.py CONFIG RUN [--gaps 15 45]

Merges the tracklets of a finished run, those that its config merges, anew
across gaps of different length: once as the run does, by its last encoder and
theta_merge, and once by who is on each tracklet according to the annotation:
tracklets of one person merge, others do not. What is left between the two is
all that a better encoder can gain in merging; where a tracklet holds two
people, or one person stays in pieces beyond the gap, no encoder can help.

Ground truth is used for this table alone.
"""
from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from copy import copy
from pathlib import Path

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.engine.finished_run import finished_run
from mmremots.engine.run import Run
from mmremots.evaluation import MOTSChallengeMetric
from mmremots.evaluation.embedding_quality import match_to_truth
from mmremots.formats import write_mots
from mmremots.models.task_modules import Threshold
from mmremots.structures import Observations
from mmremots.structures.video import Video

METRICS = ('sMOTSA', 'IDF1', 'HOTA')
#: A video, its masks and its tracklets to track ids.
Method = Callable[[Video, Observations, NDArray], NDArray[np.int64]]


def owners(tracklets: NDArray, people: NDArray) -> NDArray[np.float64]:
    """Features of an encoder that knows everybody.

    Args:
        tracklets: (N,) tracklet of each observation.
        people: (N,) identity of each, below 0 for nobody known.

    Returns:
        (N, D) one-hot rows: who is on most of the tracklet's observations;
        of tracklets of nobody known each is somebody else.
    """
    owner = np.empty(len(tracklets), dtype=object)
    for tracklet in np.unique(tracklets):
        rows = tracklets == tracklet
        names, counts = np.unique(people[rows], return_counts=True)
        known = names >= 0
        owner[rows] = (
            f'person {names[known][np.argmax(counts[known])]}'
            if known.any() else f'tracklet {tracklet}')
    _, number = np.unique(owner.astype(str), return_inverse=True)
    return np.eye(number.max(initial=-1) + 1)[number]


def methods(run: Run) -> dict[str, Method]:
    """By the run's encoder, and by the annotation."""
    def by_encoder(video: Video, table: Observations,
                   tracklets: NDArray) -> NDArray[np.int64]:
        return run.model.merger.merge(
            table, run.work(video).features(video.name), tracklets,
            run.work(video).overlaps(video.name), video.frame_rate).ids

    def by_truth(video: Video, table: Observations,
                 tracklets: NDArray) -> NDArray[np.int64]:
        people = match_to_truth(table, *run.work(video).truth())
        merger = copy(run.model.merger)
        merger.threshold = lambda *_: Threshold(0.5, 'known')
        return merger.merge(
            table, owners(tracklets, people), tracklets,
            run.work(video).overlaps(video.name), video.frame_rate).ids

    return {'its encoder': by_encoder, 'a perfect encoder': by_truth}


def main() -> None:
    """Merge and print a row a gap and method."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the run')
    parser.add_argument('run', type=Path, help='its work directory')
    parser.add_argument('--gaps', type=int, nargs='+', default=[15, 45])
    args = parser.parse_args()
    cfg = Config.fromfile(args.config)
    mmremots.register_all_modules()
    run = finished_run(cfg, args.run)
    metric = MOTSChallengeMetric()
    rows = []
    for gap in args.gaps:
        run.model.merger.max_gap = gap
        run.model.merger.max_seconds = None
        for name, method in methods(run).items():
            with tempfile.TemporaryDirectory() as scratch:
                for video in run.videos:
                    table = run.work(video).masks()
                    write_mots(
                        Path(scratch, f'{video.name}.txt'), table,
                        method(video, table, run.work(video).tracklets()))
                scores = metric.evaluate_tracks(run.videos, scratch)
            cells = [
                ' / '.join(f'{scores[f"mots/{scope}{m}"]:.1f}'
                           for m in METRICS)
                for scope in [*(f'{v.name}/' for v in run.videos), '']]
            rows.append([str(gap), name, *cells])
    print(markdown_table(
        ['gap', 'merged by',
         *(f'{v.name}: {" / ".join(METRICS)}' for v in run.videos), 'all'],
        rows))


if __name__ == '__main__':
    with one_line_errors():
        main()
