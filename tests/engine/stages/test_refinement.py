"""What is beyond the paper, as stages of a run."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import run, tiny_config

from mmremots.structures import read_mots
from mmremots.structures.masks import iou_matrix

pytestmark = pytest.mark.slow

STAGES = [
    dict(type='MaskGeneration'),
    dict(type='ShortTermTracking'),
    dict(type='Merging'),
    dict(type='TrackPruning', min_length=3, min_confidence=0.6),
    dict(type='GapFilling', max_gap=6, min_iou=0.3),
]
OPTIONS = {
    'test_cfg.labelled': None,
    'model.merger.gate': dict(type='MotionGate', min_pairs=5),
    'model.tracker.threshold': dict(
        type='WindowedThreshold', window=3, min_pairs=3),
}


@pytest.fixture(scope='module')
def refined(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with all options on."""
    work_dir = tmp_path_factory.mktemp('refined')
    cfg = tiny_config(tiny, work_dir, **OPTIONS)
    cfg.test_cfg.stages = STAGES
    run(cfg)
    return work_dir


def test_each_stage_leaves_its_own_tracks(refined: Path) -> None:
    """The last one's are the result; each has a row of scores."""
    metrics = json.loads((refined / 'metrics.json').read_text())
    assert list(metrics['stages']) == sorted(
        ['short-term tracking', 'merging', 'track-pruning', 'ReMOTS'])
    for name in ('TINY-02', 'TINY-03'):
        merged, ids = read_mots(refined / 'tracks_merging' / f'{name}.txt')
        pruned, left = read_mots(
            refined / 'tracks_track-pruning' / f'{name}.txt')
        result, final = read_mots(refined / 'tracks' / f'{name}.txt')
        before = {(int(f), int(i), r['counts']) for f, i, r in zip(
            merged.frames, ids, merged.rles, strict=True)}
        between = {(int(f), int(i), r['counts']) for f, i, r in zip(
            pruned.frames, left, pruned.rles, strict=True)}
        after = {(int(f), int(i), r['counts']) for f, i, r in zip(
            result.frames, final, result.rles, strict=True)}
        assert between <= before
        assert between <= after
        statistics = json.loads(
            (refined / 'statistics' / f'{name}.json').read_text())
        assert statistics['gap_filling']['observations_added'] == (
            len(after) - len(between))
        assert statistics['track_pruning']['observations_left'] == (
            len(between))


def test_the_result_is_sound(refined: Path) -> None:
    """Disjoint masks, an id once in a frame."""
    for name in ('TINY-02', 'TINY-03'):
        table, ids = read_mots(refined / 'tracks' / f'{name}.txt')
        for _, rows in table.frame_slices():
            rles = table.rles[rows]
            assert iou_matrix(rles, rles).sum() == pytest.approx(len(rles))
            assert len(np.unique(ids[rows])) == len(rles)


def test_a_refinement_without_tracks(tiny: Path, tmp_path: Path) -> None:
    """Nothing to prune: the error names what is missing."""
    cfg = tiny_config(tiny, tmp_path, **{'test_cfg.labelled': None})
    cfg.test_cfg.stages = [STAGES[0], STAGES[3]]
    with pytest.raises(FileNotFoundError, match='run Merging before'):
        run(cfg)


def test_stages_that_write_the_same_file(tiny: Path, tmp_path: Path) -> None:
    """A refinement that goes and comes back is done again each time.

    The last stage of a run writes ``tracks``, whichever it is: the stamp of
    one that wrote it before must not vouch for what another has written.
    """
    def result(*stages: dict) -> dict[str, bytes]:
        cfg = tiny_config(tiny, tmp_path, **{'test_cfg.labelled': None})
        cfg.test_cfg.stages = [*STAGES[:3], *stages]
        cfg.resume = True
        run(cfg)
        return {path.name: path.read_bytes()
                for path in (tmp_path / 'tracks').iterdir()}

    pruned = dict(type='TrackPruning', min_length=5, min_confidence=0.0)
    short = result(pruned)
    plain = result()
    assert short != plain, 'some tracks must be too short'
    assert result(pruned) == short
    assert result() == plain
