"""Mistakes in a config are told by their full name, before any work."""
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmremots
from mmremots.config_check import build_part
from mmremots.engine.stage_list import build_stages
from mmremots.engine.stages import Merging
from mmremots.registry import MODELS

CONFIGS = Path(__file__).parents[1] / 'configs'


@pytest.fixture(autouse=True)
def registered() -> None:
    """As a config's custom_imports and default_scope do."""
    mmremots.register_all_modules()
    init_default_scope('mmremots')


@pytest.mark.parametrize(('key', 'value', 'message'), [
    ('detector.min_area', 'x', "model.detector.min_area='x' is not int"),
    ('detector.nms.iom_thr', None, 'detector.nms.iom_thr=None is not float'),
    ('detector.sources.0.score_thr', None,
     r'model.detector.sources\[0\].score_thr=None is not float'),
    ('merger.max_gap', 1.5, 'model.merger.max_gap=1.5 is not int'),
    ('merger.max_seconds', 'a', "max_seconds='a' is not float or None"),
    ('merger.retak', True, 'model.merger.retak: TrackletMerger has no such'),
    ('merger.veto.quantile', 'a', "model.merger.veto.quantile='a' is not"),
    ('merger.type', 'Nope', "^model.merger: 'Nope' is not in the"),
    ('merger.type', 'TrackletMergr',
     "^model.merger: 'TrackletMergr' is not in the mmremots::task util "
     'registry; did you mean TrackletMerger[?]$'),
    ('tracker.threshold.type', 'mmremots.ThreeSigmaTreshold',
     "^model.tracker: 'mmremots.ThreeSigmaTreshold' is not in .*; did you "
     'mean ThreeSigmaThreshold'),
    ('tracker.sure_only', 3, 'model.tracker.sure_only=3 is not bool'),
    ('tracker', None, 'model.tracker=None is not a config with a type'),
    ('motion.preset', 'nope', "^model.motion: preset is 'nope', not one of"),
    ('reid.crop_size', 5, '^model.reid: '),
    ('reid.feature', 'x', "^model.reid: ReIDEncoder: feature is 'centred'"),
])
def test_a_mistake_in_the_model(key: str, value: Any, message: str) -> None:
    """One line, the key first."""
    cfg = Config.fromfile(CONFIGS / 'remots_plus_sample.py')
    cfg.merge_from_dict({f'model.{key}': value})
    with pytest.raises(ValueError, match=message) as error:
        MODELS.build(cfg.model)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('stage', 'message'), [
    (dict(type='Nope'), r'stages\[1\]: .Nope. is not in the'),
    (dict(type='GapFiling'), r'registry; did you mean GapFilling'),
    (dict(type='GapFilling', max_second=1), r'\[1\].max_second: GapFilling'),
    (dict(type='GapFilling', min_iou='x'), r"\[1\].min_iou='x' is not float"),
    (dict(type='GapFilling', min_iou=2.0), r'\[1\]: .*min_iou=2.0 is not in'),
    ('Merging', r"test_cfg.stages\[1\]='Merging' is not a config")])
def test_a_mistake_in_the_stages(stage: Any, message: str) -> None:
    """By its place in the list."""
    with pytest.raises(ValueError, match=message):
        build_stages([dict(type='Merging'), stage])


@pytest.mark.parametrize('needs', [('feature', ), 'features'])
def test_a_stage_that_needs_what_there_is_not(needs: Any) -> None:
    """Told with the stage's name and what there is, before any work."""
    class Own(Merging):
        pass

    Own.needs = needs
    with pytest.raises(ValueError, match=(
            r'^test_cfg.stages\[0\]: Own.needs=.*features?.* is not a tuple '
            'of some of crops, features, overlaps, overlaps_of_all$')):
        build_stages([dict(type=Own)])


@pytest.mark.parametrize('path', [
    path.name for path in sorted(CONFIGS.glob('remots_*.py'))])
def test_our_own_configs_are_sound(path: str) -> None:
    """No kind is stricter than what is written in our configs."""
    cfg = Config.fromfile(CONFIGS / path)
    cfg = copy.deepcopy(cfg)
    cfg.model.detector.sources = [dict(
        type='DetectionsFromFile', path='det/*', score_thr=0)]
    MODELS.build(cfg.model)
    build_stages(cfg.test_cfg.stages)


def test_a_missing_file_stays_what_it_is(tmp_path: Path) -> None:
    """It is no mistake in the config's kinds."""
    with pytest.raises(FileNotFoundError):
        build_part(MODELS, 'model.detector', dict(
            type='MaskFusion', sources=[dict(
                type='InstanceSegmenter', score_thr=0.5,
                config=str(tmp_path / 'nowhere.py'))]))
