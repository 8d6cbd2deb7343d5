"""Weak masks in a run: kept apart, and used to continue tracks alone."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_runs import run, tiny_config

from mmremots.formats import read_detections, read_mots
from mmremots.structures.masks import iou_matrix

pytestmark = pytest.mark.slow

STAGES = [
    dict(type='MaskGeneration'),
    dict(type='ShortTermTracking'),
    dict(type='Merging'),
    dict(type='TrackPruning', min_seconds=0.0),
    dict(type='TrackExtension', min_iou=0.3),
]


def extended(tiny: Path, work_dir: Path, weak_thr: float | None,
             stages: list[dict[str, Any]] = STAGES) -> Path:
    """A run whose detectors are strong from 0.9."""
    cfg = tiny_config(tiny, work_dir, **{'test_cfg.labelled': None})
    cfg.model.detector.sources = [dict(
        type='DetectionsFromFile', path='det/*', score_thr=0.9,
        weak_thr=weak_thr)]
    cfg.test_cfg.stages = stages
    run(cfg)
    return work_dir


def rows_of(path: Path) -> set[tuple]:
    """Frame, id and pixels of each mask of a MOTS file."""
    table, ids = read_mots(path)
    return {(int(f), int(i), r['counts']) for f, i, r in zip(
        table.frames, ids, table.rles, strict=True)}


def test_weak_masks_only_continue(tiny: Path, tmp_path: Path) -> None:
    """Masks, tracklets and merging do not know of them; tracks grow."""
    without = extended(tiny, tmp_path / 'without', None)
    with_weak = extended(tiny, tmp_path / 'with', 0.3)
    added = 0
    for name in ('TINY-02', 'TINY-03'):
        for folder in ('detections', 'tracklets', 'tracks_merging',
                       'tracks_track-pruning'):
            assert (without / folder / f'{name}.txt').read_bytes() == (
                with_weak / folder / f'{name}.txt').read_bytes()
        before = rows_of(with_weak / 'tracks_track-pruning' / f'{name}.txt')
        after = rows_of(with_weak / 'tracks' / f'{name}.txt')
        assert before <= after
        added += len(after) - len(before)
        statistics = json.loads(
            (with_weak / 'statistics' / f'{name}.json').read_text())
        assert statistics['track_extension']['observations_added'] == (
            len(after) - len(before))
    assert added > 0
    assert not (without / 'weak').exists()


def test_weak_masks_are_disjoint_from_all(
        tiny: Path, tmp_path: Path) -> None:
    """So the result may hold them, and is sound."""
    folder = extended(tiny, tmp_path, 0.3)
    for name in ('TINY-02', 'TINY-03'):
        strong = read_detections(folder / 'detections' / f'{name}.txt')
        weak = read_detections(folder / 'weak' / f'{name}.txt')
        assert strong.scores.min(initial=1) >= 0.9 > weak.scores.max()
        assert weak.scores.min() >= 0.3
        for frame, rows in weak.frame_slices():
            rles = weak.rles[rows] + strong.rles[strong.of_frame(frame)]
            overlap = iou_matrix(rles, rles)
            assert overlap.sum() == pytest.approx(len(rles))
        table, ids = read_mots(folder / 'tracks' / f'{name}.txt')
        for _, rows in table.frame_slices():
            assert len(np.unique(ids[rows])) == rows.stop - rows.start


def test_masks_that_no_detector_gave(tiny: Path, tmp_path: Path) -> None:
    """Listed behind GapFilling the stage says where it belongs."""
    filling = dict(type='GapFilling', max_seconds=1.0, min_iou=0.01,
                   min_area=1)
    with pytest.raises(ValueError, match=r'TINY-03: frame \d .* before '):
        extended(tiny, tmp_path, 0.3, [*STAGES[:3], filling, STAGES[-1]])


def test_twice_is_once(tiny: Path, tmp_path: Path) -> None:
    """What continued a track, weak or not, is a mask of it like others."""
    folder = extended(tiny, tmp_path, 0.3, [*STAGES, STAGES[-1]])
    for name in ('TINY-02', 'TINY-03'):
        assert rows_of(folder / 'tracks_track-extension' / f'{name}.txt') <= (
            rows_of(folder / 'tracks' / f'{name}.txt'))
