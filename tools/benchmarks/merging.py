"""How the time and memory of merging grow with the number of tracklets.

A simulated crowd: about 30 people in each frame, each of whom is tracked in
pieces of 1 to 9 frames with 1 to 9 frames between them and is gone after some
40 of these. Features are a part that all share, one of the person, and noise,
so that cosines of one person are about 0.8 and of different people 0.5. A
larger crowd is a longer video, not a denser one.

Each size runs in a process of its own. The targets are 60 seconds, 4 GB
besides the features, a growth exponent of at most 1.2 between the first and
the last size, and on small crowds the labels of a literal reference.

Beside it: what it costs to cut the same tracklets at the same threshold, and
the share of that in the time of merging. "parts" is what they are cut into.
"""
from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import time

import numpy as np
from numpy.typing import NDArray

from mmremots.models.task_modules import split_tracklets
from mmremots.models.task_modules.tracklet_merger import (
    merge_tracklets,
    tracklet_distances,
)

MAX_GAP = 15
DISTANCE_THR = 0.35
PEOPLE = 30
TRACKLETS_OF_A_PERSON = 40


def simulate_crowd(
        num_tracklets: int, dims: int, seed: int = 0
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Features (N, D) float32, frames, tracklet ids and people, (N,) each."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 10, num_tracklets)
    periods = lengths + rng.integers(1, 10, num_tracklets)
    person = np.arange(num_tracklets) // TRACKLETS_OF_A_PERSON
    # Of each person the pieces follow one another; people enter at random.
    ends = np.cumsum(periods)
    entry = ends - periods
    begins = entry - entry[person * TRACKLETS_OF_A_PERSON]
    duration = periods.sum() / PEOPLE * lengths.sum() / periods.sum()
    begins += rng.integers(1, max(2, int(duration)), person[-1] + 1)[person]

    tracklet = np.repeat(np.arange(num_tracklets), lengths)
    step = np.arange(len(tracklet)) - np.repeat(
        np.cumsum(lengths) - lengths, lengths)
    frames = begins[tracklet] + step
    order = np.argsort(frames, kind='stable')
    frames, tracklet = frames[order], tracklet[order]
    person = person[tracklet]
    # Ids in order of first appearance, as the tracker gives them.
    _, first, tracklet = np.unique(
        tracklet, return_index=True, return_inverse=True)
    tracklet = np.argsort(np.argsort(first))[tracklet]

    # Weights of shared part, person and noise; each of about unit length.
    shared, own, noise = np.sqrt(np.array([0.5, 0.3, 0.2]) / dims)
    common = shared * rng.standard_normal(dims, dtype=np.float32)
    looks = own * rng.standard_normal(
        (person.max() + 1, dims), dtype=np.float32)
    features = np.empty((len(tracklet), dims), dtype=np.float32)
    for top in range(0, len(features), 1024):
        block = features[top:top + 1024]
        rng.standard_normal(out=block, dtype=np.float32)
        block *= noise
        block += common
        block += looks[person[top:top + 1024]]
    return features, frames, tracklet, person


def reference_merge(
        features: NDArray, frames: NDArray, tracklet_ids: NDArray,
        max_gap: int, distance_thr: float) -> NDArray:
    """The method to the letter: every distance anew for every merge.

    Distances are taken to 2**-32, so that ties are ties.
    """
    owner = np.unique(tracklet_ids, return_inverse=True)[1]
    label = np.arange(len(np.unique(owner)))
    while True:
        distances = tracklet_distances(features, frames, owner, max_gap)
        if not len(distances):
            return label
        steps = np.rint(distances * 2.0 ** 32)
        i, j = np.unravel_index(np.argmin(steps), steps.shape)
        if not steps[i, j] < np.rint(distance_thr * 2.0 ** 32):
            return label
        # The names of the clusters stay 0, 1, ... in order.
        for names in (owner, label):
            names[names == j] = i
            names[names > j] -= 1


def measure(num_tracklets: int, dims: int) -> dict[str, float]:
    """Merge and cut one crowd; seconds, peak memory in GB, what came out."""
    features, frames, tracklet_ids, person = simulate_crowd(
        num_tracklets, dims)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, busy = time.perf_counter(), time.process_time()
    labels = merge_tracklets(
        features, frames, tracklet_ids, MAX_GAP, DISTANCE_THR)
    seconds = time.perf_counter() - start
    busy = time.process_time() - busy
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    people = np.unique(np.stack([labels[tracklet_ids], person]), axis=1)
    start = time.perf_counter()
    parts = split_tracklets(
        features, frames, tracklet_ids, 1 - DISTANCE_THR)
    cutting = time.perf_counter() - start
    return {
        'seconds': seconds,
        'cpu': busy,
        'gigabytes': (after - before) / 2 ** 20,
        'features': features.nbytes / 2 ** 30,
        'frames': float(frames.max()),
        'tracks': float(labels.max() + 1),
        'mixed': float(people.shape[1] - labels.max() - 1),
        'cutting': cutting,
        'share': cutting / seconds,
        'parts': float(parts.max()),
    }


def main() -> None:
    """Run and print the table; exit status 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        '--tracklets', type=int, nargs='+', default=[10_000, 31_600, 100_000])
    parser.add_argument('--dims', type=int, default=2048)
    args = parser.parse_args()

    for seed in range(20):
        features, frames, ids, _ = simulate_crowd(80, 16, seed)
        for thr in (0.2, 0.5, 0.9):
            crowd = (features, frames, ids, MAX_GAP, thr)
            if not np.array_equal(
                    merge_tracklets(*crowd), reference_merge(*crowd)):
                raise SystemExit(f'differs from the reference, seed {seed}')
    print('60 crowds of 80 tracklets: the labels of the reference')

    print(f'{"tracklets":>10} {"frames":>8} {"features":>9} {"seconds":>8} '
          f'{"of CPU":>7} {"besides":>8} {"tracks":>7} {"mixed":>6} '
          f'{"cutting":>8} {"share":>6} {"parts":>8}')
    context = multiprocessing.get_context('spawn')
    results = []
    for num in args.tracklets:
        with context.Pool(1) as pool:
            result = pool.apply(measure, (num, args.dims))
        results.append(result)
        print(f'{num:>10} {result["frames"]:>8.0f} '
              f'{result["features"]:>6.2f} GB {result["seconds"]:>8.1f} '
              f'{result["cpu"]:>7.1f} {result["gigabytes"]:>5.2f} GB '
              f'{result["tracks"]:>7.0f} {result["mixed"]:>6.0f} '
              f'{result["cutting"]:>6.1f} s {result["share"]:>6.1%} '
              f'{result["parts"]:>8.0f}', flush=True)
    good = (results[-1]['seconds'] < 60 and results[-1]['gigabytes'] < 4)
    if len(results) > 1:
        growth = math.log(args.tracklets[-1] / args.tracklets[0])
        wall, cpu = (
            math.log(results[-1][key] / results[0][key]) / growth
            for key in ('seconds', 'cpu'))
        print(f'growth exponent {wall:.2f}, of CPU time {cpu:.2f}')
        good &= wall <= 1.2
    raise SystemExit(0 if good else 1)


if __name__ == '__main__':
    main()
