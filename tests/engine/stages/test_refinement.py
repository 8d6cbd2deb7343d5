"""What is beyond the paper, as stages of a run."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import SPECS, run, tiny_config

from mmremots import registry
from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.formats import read_mots
from mmremots.structures.masks import iou_matrix

pytestmark = pytest.mark.slow

STAGES = [
    dict(type='MaskGeneration'),
    dict(type='ShortTermTracking'),
    dict(type='TrackletSplitting'),
    dict(type='Merging'),
    dict(type='TrackPruning', min_seconds=0.08, sure_seconds=0.1),
    dict(type='GapFilling', max_seconds=0.2, min_iou=0.3),
]
CROWD = SequenceSpec('TINY-02', 'test', seed=104, num_frames=24,
                     num_people=10)
#: What a run starts with where only refinements matter.
MERGED = [STAGES[0], STAGES[1], STAGES[3]]
OPTIONS = {
    'test_cfg.labelled': None,
    'model.tracker.sure_only': True,
    'model.merger.max_seconds': 0.2,
    'model.merger.retake': True,
    'model.merger.veto': dict(type='MotionVeto', min_links=5),
}


@pytest.fixture(scope='module')
def refined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with all options on, with a crowd and almost nobody."""
    data = tmp_path_factory.mktemp('crowd')
    render_sample(data, [CROWD, SPECS[2]])
    work_dir = tmp_path_factory.mktemp('refined')
    cfg = tiny_config(data, work_dir, **OPTIONS)
    cfg.test_cfg.stages = STAGES
    run(cfg)
    return work_dir


def test_each_stage_leaves_its_own_tracks(refined: Path) -> None:
    """The last one's are the result; each has a row of scores."""
    metrics = json.loads((refined / 'metrics.json').read_text())
    assert list(metrics['stages']) == sorted(
        ['short-term tracking', 'tracklet splitting', 'merging',
         'track pruning', 'ReMOTS'])
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
        if name == CROWD.name:
            assert len(before) > len(between) < len(after)


def test_tracklets_are_cut_before_they_are_merged(refined: Path) -> None:
    """No tracklets joined, none cut again by merging; all is told."""
    for name in ('TINY-02', 'TINY-03'):
        ids = [read_mots(refined / folder / f'{name}.txt')[1] for folder in (
            'tracklets', 'tracklets_split', 'tracks_merging')]
        num = [len(np.unique(k)) for k in ids]
        if name == CROWD.name:
            assert num[0] < num[1] > num[2]
        for parts, whole in ((ids[1], ids[0]), (ids[1], ids[2])):
            assert len(set(zip(parts, whole, strict=True))) == num[1]
        statistics = json.loads(
            (refined / 'statistics' / f'{name}.json').read_text())
        for section, groups in zip(
                ('short_term_tracking', 'tracklet_splitting', 'merging'),
                num, strict=True):
            found = statistics[section]
            assert found['groups'] == groups
            # With links that flow alone is sure of there is no theta_short.
            assert list(found['classes']) == (
                [] if section == 'short_term_tracking' else ['2'])
        assert statistics['merging']['tracklets'] == num[1]
        plots = {path.name for path in (refined / 'statistics').glob('*.png')}
        assert f'{name}_theta_split_2.png' in plots
        assert f'{name}_theta_merge_2.png' in plots
        assert f'{name}_theta_short_2.png' not in plots


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
    cfg.test_cfg.stages = [STAGES[0], STAGES[4]]
    with pytest.raises(FileNotFoundError, match='run Merging before'):
        run(cfg)


def test_stages_that_write_the_same_file(
        tiny: Path, tmp_path: Path,
        capfd: pytest.CaptureFixture[str]) -> None:
    """A refinement that goes and comes back is done again each time.

    The last stage of a run writes ``tracks``, whichever it is: the stamp of
    one that wrote it before must not vouch for what another has written.
    """
    def result(*stages: dict) -> dict[str, bytes]:
        cfg = tiny_config(tiny, tmp_path, **{'test_cfg.labelled': None})
        cfg.test_cfg.stages = [*MERGED, *stages]
        cfg.resume = True
        run(cfg)
        return {path.name: path.read_bytes()
                for path in (tmp_path / 'tracks').iterdir()}

    pruned = dict(type='TrackPruning', min_seconds=0.15, sigmas=99.0)
    short = result(pruned)
    plain = result()
    assert short != plain, 'some tracks must be too short'
    assert result(pruned) == short
    assert result() == plain
    assert 'is left: none is seen' not in ''.join(capfd.readouterr())
    assert not any(result(dict(pruned, min_seconds=60.0)).values())
    assert 'is left: none is seen for 60 s' in ''.join(capfd.readouterr())


@pytest.mark.parametrize(('stage', 'name', 'value'), [
    ('TrackPruning', 'min_seconds', -1), ('TrackPruning', 'sure_seconds', -1),
    ('GapFilling', 'max_seconds', -0.1), ('GapFilling', 'min_iou', 0),
    ('TrackExtension', 'min_iou', 50)])
def test_settings_that_make_no_sense(
        stage: str, name: str, value: float) -> None:
    """A slip in a config is named as the stage is built."""
    with pytest.raises(ValueError, match=f'{stage}: {name}={value} is'):
        registry.STAGES.build({'type': stage, name: value})
