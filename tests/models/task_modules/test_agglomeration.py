"""What only larger crowds show; and the benchmark that shows the scale."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mmremots.models.task_modules.agglomeration import (
    agglomerate,
    collect_tracklets,
)
from mmremots.models.task_modules.tracklet_merger import merge_tracklets


@pytest.fixture(scope='module')
def benchmark_module():
    """tools/benchmarks/merging.py, which is no package."""
    path = Path(__file__).parents[3] / 'tools' / 'benchmarks' / 'merging.py'
    spec = importlib.util.spec_from_file_location('merging', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_collect_tracklets():
    """Runs in order, sums over blocks, rows and ids in any order."""
    rng = np.random.default_rng(0)
    frames = np.concatenate([np.arange(10, 400), [3, 4, 6, 7, 9], [5]])
    ids = np.repeat([50, 20, 30], [390, 5, 1])
    features = rng.normal(size=(396, 7)).astype(np.float32)
    order = rng.permutation(396)
    found = collect_tracklets(features[order], frames[order], ids[order])
    assert found.of_run.tolist() == [0, 0, 0, 1, 2]
    assert found.first.tolist() == [3, 6, 9, 5, 10]
    assert found.last.tolist() == [4, 7, 9, 5, 399]
    assert found.counts.tolist() == [5, 1, 390]
    unit = features / np.linalg.norm(features, axis=1)[:, None]
    np.testing.assert_allclose(
        found.sums, [unit[ids == k].sum(0) for k in (20, 30, 50)], atol=1e-5)


def test_an_id_twice_in_a_frame_counts_twice():
    """Such a table is wrong, but its distances are still defined."""
    found = collect_tracklets(np.ones((3, 1)), [5, 5, 6], [1, 1, 1])
    assert found.counts.tolist() == [3]
    assert (found.first.tolist(), found.last.tolist()) == ([5], [6])


@pytest.mark.parametrize('seed', range(6))
@pytest.mark.parametrize('threshold', [0.2, 0.5, 0.9])
def test_crowds_against_the_reference(benchmark_module, seed, threshold):
    """More tracklets than fit a block, many merges, dense in time."""
    features, frames, ids, _ = benchmark_module.simulate_crowd(150, 8, seed)
    crowd = (features, frames, ids, 15, threshold)
    labels = merge_tracklets(*crowd)
    assert labels.max() < 140
    np.testing.assert_array_equal(
        labels, benchmark_module.reference_merge(*crowd))


def test_crowds_with_ties_against_the_reference(benchmark_module):
    """Copies of features: who goes first is decided by index alone."""
    for seed in range(6):
        _, frames, ids, person = benchmark_module.simulate_crowd(
            120, 8, seed)
        looks = np.random.default_rng(seed).integers(-2, 3, (9, 4))
        crowd = (looks[person % 9], frames, ids, 15, 0.8)
        np.testing.assert_array_equal(
            merge_tracklets(*crowd), benchmark_module.reference_merge(*crowd))


def test_the_people_of_a_crowd_come_out(benchmark_module):
    """Distances of about 0.2 within and 0.5 between: all tracks are right."""
    features, frames, ids, person = benchmark_module.simulate_crowd(
        2000, 512)
    labels = merge_tracklets(features, frames, ids, 15, 0.35)[ids]
    assert len(set(zip(labels, person, strict=True))) == len(set(labels))
    assert len(set(labels)) < 1.1 * len(set(person))


def test_long_tracklets_do_not_hide_short_ones():
    """Someone who stays all day, and one who is lost again and again."""
    first = np.array([1, *range(2, 400, 4)])
    last = np.array([900, *range(4, 402, 4)])
    frames = np.concatenate(
        [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)])
    ids = np.repeat(np.arange(len(first)), last - first + 1)
    tracklets = collect_tracklets(np.ones((len(ids), 3)), frames, ids)
    assert agglomerate(tracklets, 2, 0.5).tolist() == [0, *[1] * 100]
    assert agglomerate(tracklets, 1, 0.5).tolist() == list(range(101))
