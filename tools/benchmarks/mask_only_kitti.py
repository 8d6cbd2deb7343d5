"""Identities recovered from masks alone: KITTI MOTS, no image, no network.

    python tools/benchmarks/mask_only_kitti.py

Ground-truth masks of cars and pedestrians lose their ids. Each mask is missed
with a chosen probability; besides, tracks are split: about every 30 frames 1
to 10 frames in a row are missing. Masks of adjacent frames are compared where
they are, without flow. The feature of a mask is

    sqrt(c) * (unit vector of the identity) + sqrt(1 - c) * (unit noise)

so that cosines of one identity are about c, those of two about 0, and both
spread by about 1 / sqrt(D). The separability d' = c * sqrt(D) is the distance
of the two means in such spreads. Both thresholds come from the data, those of
cars from cars; that of short-term tracking by the rule of the configs, and by
the paper's alone ("mean + 3 sigma").

IDF1 is TrackEval's, over the masks that are left. "ceiling" is that of the
true ids, where merging may not bridge a longer gap than the method does: the
best that any features could give. A mask is mixed up where its track belongs
mostly to somebody else: what is neither that nor recovered is in pieces.
"""
from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import trackeval
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmremots.apis.command_line import markdown_table
from mmremots.formats import read_mots
from mmremots.models.task_modules import TrackletMerger
from mmremots.models.trackers import ShortTermTracker, adjacent_overlaps
from mmremots.structures import Observations
from mmremots.structures.classes import IGNORE

MISS_RATES = (0.0, 0.1, 0.3, 0.5)
SEPARABILITIES = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
DIMS = 128
FRAME_RATE = 10.0
#: Frames between the splits of a track, and the most frames that one takes.
SPLIT_EVERY, SPLIT_LONGEST = 30, 10
#: Whether theta_short is bounded, by what is added to the names of stages.
RULES = {'': True, ', mean + 3 sigma': False}
STAGES = [stage + rule for rule in RULES
          for stage in ('short-term', 'merged', 'mixed up')]
Scores = Mapping[str, Any]


def read_people_and_cars(path: Path) -> tuple[
        Observations, NDArray[np.int64]]:
    """Masks and ids of a KITTI MOTS file, without ignore regions."""
    table, ids = read_mots(path, first_frame=0)
    rows = np.flatnonzero(table.labels != IGNORE)
    return table.take(rows), ids[rows]


def visible(frames: NDArray[np.int64], ids: NDArray[np.int64],
            miss_rate: float, rng: np.random.Generator
            ) -> NDArray[np.int64]:
    """Rows that are neither missed nor in a split of their track."""
    kept = rng.random(len(frames)) >= miss_rate
    last = frames.max(initial=0)
    for identity in np.unique(ids):
        split = np.zeros(last + SPLIT_LONGEST + 1, bool)
        for start in np.flatnonzero(rng.random(last + 1) < 1 / SPLIT_EVERY):
            split[start:start + rng.integers(1, SPLIT_LONGEST + 1)] = True
        kept &= ~((ids == identity) & split[frames])
    return np.flatnonzero(kept)


def embeddings(ids: NDArray[np.int64], separability: float,
               rng: np.random.Generator, dims: int = DIMS
               ) -> NDArray[np.float32]:
    """Synthetic features (N, dims), see the head of this file.

    Raises:
        ValueError: The separability is not in [0, sqrt(dims)].
    """
    same = separability / np.sqrt(dims)
    if not 0 <= same <= 1:
        raise ValueError(
            f'separability {separability}, not in [0, {np.sqrt(dims):.1f}]')
    names, identity = np.unique(ids, return_inverse=True)

    def directions(count: int) -> NDArray[np.float64]:
        vectors = rng.standard_normal((count, dims))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    features = (np.sqrt(same) * directions(len(names))[identity]
                + np.sqrt(1 - same) * directions(len(ids)))
    return features.astype(np.float32)


def longest_tracks(frames: NDArray[np.int64], ids: NDArray[np.int64],
                   max_gap: int) -> NDArray[np.int64]:
    """True ids, a new one after each gap that no merge may bridge."""
    order = np.lexsort((frames, ids))
    new = np.diff(ids[order], prepend=-1) != 0
    new |= np.diff(frames[order], prepend=0) > max_gap
    tracks = np.empty(len(ids), np.int64)
    tracks[order] = np.cumsum(new)
    return tracks


def identity_scores(frames: NDArray[np.int64], truth: NDArray[np.int64],
                    found: NDArray[np.int64]) -> dict[str, Any]:
    """TrackEval's Identity scores of ids given to the true masks."""
    truth, found = (np.unique(x, return_inverse=True)[1]
                    for x in (truth, found))
    rows = [np.flatnonzero(frames == frame) for frame in np.unique(frames)]
    return _metric().eval_sequence({
        'num_gt_dets': len(truth), 'num_tracker_dets': len(found),
        'num_gt_ids': len(np.unique(truth)),
        'num_tracker_ids': len(np.unique(found)),
        'gt_ids': [truth[r] for r in rows],
        'tracker_ids': [found[r] for r in rows],
        'similarity_scores': [np.eye(len(r)) for r in rows]})


def mixed_up(truth: NDArray[np.int64], found: NDArray[np.int64]) -> int:
    """Masks whose track has more of some other identity."""
    pairs, counts = np.unique(
        np.stack([found, truth]), axis=1, return_counts=True)
    most = np.zeros(found.max(initial=0) + 1, np.int64)
    np.maximum.at(most, pairs[0], counts)
    return len(found) - int(most.sum())


def _metric() -> Any:
    return trackeval.metrics.Identity({'PRINT_CONFIG': False})


def recover(table: Observations, truth: NDArray[np.int64], num_frames: int,
            separabilities: Iterable[float], seed: int
            ) -> dict[Any, dict[str, Any]]:
    """Scores of one video: short-term and merged by separability, ceiling.

    Those of merging have the number of masks ``mixed`` up beside. All but
    the ceiling are there by each of :data:`RULES`.

    Features of all separabilities are made of the same random numbers.
    """
    merger = TrackletMerger(threshold=dict(type='CrossingThreshold'))
    frames = table.frames
    overlaps = adjacent_overlaps(
        frames, table.rles, table.size, num_frames)
    scores = {'ceiling': identity_scores(
        frames, truth, longest_tracks(frames, truth, merger.max_gap))}
    for level in separabilities:
        features = embeddings(truth, level, np.random.default_rng(seed))
        for rule, bounded in RULES.items():
            tracklets = ShortTermTracker(at_most_crossing=bounded).track(
                table, features, overlaps, FRAME_RATE).ids
            tracks = merger.merge(
                table, features, tracklets, overlaps, FRAME_RATE).ids
            for stage, ids in (('short-term', tracklets),
                               ('merged', tracks)):
                scores[stage + rule, level] = identity_scores(
                    frames, truth, ids)
            scores['merged' + rule, level]['mixed'] = mixed_up(truth, tracks)
    return scores


def measure(paths: Sequence[Path], miss_rates: Iterable[float],
            separabilities: Sequence[float], seeds: int
            ) -> dict[float, Scores]:
    """Scores of all videos together, mean and deviation over seeds.

    Returns:
        Miss rate -> key of :func:`recover` -> IDF1, and
        ``('mixed up', separability)`` -> masks; both in percent.
    """
    videos = [read_people_and_cars(path) for path in paths]
    result = {}
    for miss_rate in miss_rates:
        runs: list[dict[Any, float]] = []
        for seed in range(seeds):
            found = {}
            for path, (table, ids) in zip(paths, videos, strict=True):
                rows = visible(table.frames, ids, miss_rate,
                               np.random.default_rng(seed))
                found[path.stem] = recover(
                    table.take(rows), ids[rows], table.frames.max(),
                    separabilities, seed)
            keys = next(iter(found.values()))
            runs.append({key: 100 * _metric().combine_sequences(
                {name: scores[key] for name, scores in found.items()}
            )['IDF1'] for key in keys})
            for rule, level in product(RULES, separabilities):
                parts = [v['merged' + rule, level] for v in found.values()]
                runs[-1]['mixed up' + rule, level] = (
                    100 * sum(x['mixed'] for x in parts)
                    / sum(x['IDTP'] + x['IDFN'] for x in parts))
        result[miss_rate] = {
            key: (np.mean([run[key] for run in runs]),
                  np.std([run[key] for run in runs])) for key in runs[0]}
    return result


def markdown(result: Mapping[float, Scores], stage: str,
             separabilities: Sequence[float]) -> str:
    """One stage's table; mean and standard deviation over the seeds."""
    ceiling = [] if stage.startswith('mixed up') else ['ceiling']
    rows = []
    for miss_rate, scores in result.items():
        keys = [*((stage, level) for level in separabilities), *ceiling]
        rows.append([f'{miss_rate:.0%}', *(
            '{:.1f} ± {:.1f}'.format(*scores[key]) for key in keys)])
    return markdown_table(
        ['missed', *(f"d' {level:g}" for level in separabilities), *ceiling],
        rows)


def plot(result: Mapping[float, Scores], separabilities: Sequence[float],
         path: Path) -> None:
    """IDF1 against separability, one color a miss rate."""
    figure = Figure(figsize=(6, 4), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for miss_rate, scores in result.items():
        merged, paper = (
            [scores['merged' + rule, level][0] for level in separabilities]
            for rule in RULES)
        line, = axes.plot(separabilities, merged, 'o-',
                          label=f'{miss_rate:.0%} missed')
        axes.plot(separabilities, paper, '--', color=line.get_color())
        axes.axhline(scores['ceiling'][0], color=line.get_color(),
                     linestyle=':', linewidth=1)
    axes.set(xlabel="separability d' of the embeddings", ylabel='IDF1',
             ylim=(0, 101),
             title='merged; dashed: mean + 3 sigma alone, dotted: ceiling')
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Measure, print the tables and draw the curve."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-root', type=Path,
                        default=Path('../shared/data/kitti_mots'))
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--plot', type=Path,
                        default=Path('docs/images/kitti_mask_only.png'))
    args = parser.parse_args()
    paths = sorted(args.data_root.glob('*.txt'))
    if not paths:
        raise SystemExit(f'{args.data_root}: no KITTI MOTS files')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # thresholds that fall back
        result = measure(paths, MISS_RATES, SEPARABILITIES, args.seeds)
    for stage in STAGES:
        print(f'\n{stage}\n\n{markdown(result, stage, SEPARABILITIES)}')
    plot(result, SEPARABILITIES, args.plot)


if __name__ == '__main__':
    main()
