"""Thinned videos: the same people at a lower frame rate."""
from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import SPECS, run, tiny_config

from mmremots.datasets.sample.build import render_sample
from mmremots.engine.finished_run import finished_run
from mmremots.formats import read_detections, read_mots

TOOLS = Path(__file__).parents[2] / 'tools' / 'benchmarks'

pytestmark = pytest.mark.slow


def test_thinned_video(tmp_path: Path) -> None:
    """Images, masks and truth of just those frames, at a third of the rate.

    And of every frame the tool makes of a run what that run was.
    """
    tiny = tmp_path / 'data'
    render_sample(tiny, SPECS)
    tool = runpy.run_path(str(TOOLS / 'frame_rates.py'))
    cfg = tiny_config(tiny, tmp_path / 'run', **{'test_cfg.labelled': None})
    cfg.test_cfg.stages = [dict(type='MaskGeneration'),
                           dict(type='ShortTermTracking'),
                           dict(type='Merging')]
    cfg.launcher = 'none'
    metrics = run(cfg)
    done = finished_run(cfg, tmp_path / 'run')
    video = done.videos[0]
    thin = tool['thin_video'](done, video, 3, tmp_path / 'thin' / video.name)
    assert thin.num_frames == -(-video.num_frames // 3)
    assert thin.frame_rate == pytest.approx(video.frame_rate / 3, rel=1e-4)
    assert [Path(p).resolve() for p in thin.img_paths] == [
        Path(p).resolve() for p in video.img_paths[::3]]
    before, after = (read_detections(path) for path in (
        done.folder.detections(video.name),
        tmp_path / 'thin' / video.name / 'det' / 'fused.txt'))
    rows = np.isin(before.frames, range(1, video.num_frames + 1, 3))
    assert after.rles == before.take(rows).rles
    assert (3 * after.frames - 2).tolist() == before.frames[rows].tolist()
    _, ids = read_mots(str(thin.gt_path))
    whole, all_ids = read_mots(str(video.gt_path))
    rows = np.isin(whole.frames, range(1, video.num_frames + 1, 3))
    assert ids.tolist() == all_ids[rows].tolist()

    rows = tool['compare'](cfg, done, 1, tmp_path / 'every1')
    together = rows[0]
    assert together[2:6] == together[6:10]
    assert together[3] == f'{metrics["mots/IDF1"]:.1f}'
