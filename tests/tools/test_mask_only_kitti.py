"""Identities recovered from KITTI MOTS masks alone."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox

TOOL = (Path(__file__).parents[2] / 'tools' / 'benchmarks'
        / 'mask_only_kitti.py')
SPEC = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)


def three_walkers(num_frames: int) -> tuple[Observations, np.ndarray]:
    """Three masks side by side that drift to the right."""
    rles, frames = [], np.repeat(np.arange(1, num_frames + 1), 3)
    for frame in range(num_frames):
        for k in range(3):
            mask = np.zeros((24, 90), np.uint8)
            mask[4:20, 30 * k + frame % 20:30 * k + frame % 20 + 8] = 1
            rles.append(encode_mask(mask))
    n = len(rles)
    table = Observations(
        frames, rle_bbox(rles).astype(np.float32), np.ones(n, np.float32),
        np.full(n, 2), rles, (24, 90))
    return table, np.tile([7, 8, 9], num_frames)


def test_separability_is_the_distance_in_spreads() -> None:
    """As stated: d', means c and 0, spread 1 / sqrt(D)."""
    ids = np.repeat(np.arange(400), 2)
    features = tool.embeddings(ids, 4.0, np.random.default_rng(0))
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    same = (unit[::2] * unit[1::2]).sum(axis=1)
    other = (unit[:-2:2] * unit[2::2]).sum(axis=1)
    spread = 1 / np.sqrt(tool.DIMS)
    assert same.mean() - other.mean() == pytest.approx(4 * spread, rel=0.1)
    assert other.std() == pytest.approx(spread, rel=0.1)
    with pytest.raises(ValueError, match='separability 20'):
        tool.embeddings(ids, 20.0, np.random.default_rng(0))


def test_misses_and_splits() -> None:
    """The rate holds among what splits leave; runs of frames are gone."""
    frames = np.tile(np.arange(1, 3001), 4)
    ids = np.repeat(np.arange(4), 3000)
    shares = [len(tool.visible(
        frames, ids, rate, np.random.default_rng(0))) / len(ids)
        for rate in (0.0, 0.5)]
    assert 0.78 < shares[0] < 0.9
    assert shares[1] == pytest.approx(shares[0] / 2, rel=0.05)


def test_ceiling_breaks_at_long_gaps_alone() -> None:
    """A new track where frame numbers differ by more than the limit."""
    frames = np.array([1, 1, 2, 17, 33, 3])
    ids = np.array([5, 6, 5, 5, 5, 6])
    tracks = tool.longest_tracks(frames, ids, 15)
    assert tracks.tolist() == [1, 3, 1, 1, 2, 3]


def test_identity_scores_and_mixed_up() -> None:
    """One identity in two pieces of 3 and 1, the other right."""
    frames = np.array([1, 1, 2, 2, 3, 3, 4, 4])
    truth = np.tile([1, 2], 4)
    found = np.array([1, 9, 1, 9, 1, 9, 3, 9])
    scores = tool.identity_scores(frames, truth, found)
    assert scores['IDF1'] == pytest.approx(2 * 7 / 16)
    assert tool.mixed_up(truth, found) == 0
    assert tool.mixed_up(truth, np.full(8, 4)) == 4


def test_separable_people_are_recovered(tmp_path: Path) -> None:
    """All of them at a high separability, few at a low one."""
    table, ids = three_walkers(60)
    rows = tool.visible(table.frames, ids, 0.1, np.random.default_rng(0))
    scores = tool.recover(table.take(rows), ids[rows], 60, (0.5, 7.0), 0)
    for rule in tool.RULES:
        assert scores['merged' + rule, 7.0]['IDF1'] == 1
        assert scores['merged' + rule, 7.0]['mixed'] == 0
        assert scores['merged' + rule, 0.5]['IDF1'] < 0.6
    assert scores['ceiling']['IDF1'] == 1


def test_the_bound_keeps_links() -> None:
    """Of a weak encoder mean + 3 sigma forbids most of the true ones."""
    table, ids = three_walkers(60)
    scores = tool.recover(table, ids, 60, (2.0,), 0)
    bounded, paper = (
        scores['short-term' + rule, 2.0]['IDF1'] for rule in tool.RULES)
    assert bounded > 2 * paper


def test_real_file_to_tables_and_plot(
        shared_data: Path, tmp_path: Path) -> None:
    """From a KITTI MOTS file to a table of each stage and a picture."""
    path = shared_data / 'kitti_mots' / '0015.txt'
    lines = path.read_text().splitlines(keepends=True)
    short = tmp_path / 'short.txt'
    short.write_text(''.join(
        line for line in lines if int(line.split()[0]) < 30))
    result = tool.measure([short], (0.0, 0.2), (1.0, 8.0), 2)
    for stage in tool.STAGES:
        assert len(tool.markdown(result, stage, (1.0, 8.0)
                                 ).splitlines()) == 4
    assert result[0.0]['merged', 8.0][0] > 95
    assert result[0.0]['merged', 1.0][0] < result[0.0]['merged', 8.0][0]
    tool.plot(result, (1.0, 8.0), tmp_path / 'docs' / 'plot.png')
    assert (tmp_path / 'docs' / 'plot.png').stat().st_size > 1000
