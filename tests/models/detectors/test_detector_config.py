"""Configs of detectors: any of mmdet's, made fit for frames in memory."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmremots.models.detectors.detector_config import (
    class_names,
    image_pipeline,
    load_config,
    model_config,
)

RTMDET = 'mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py'
MASK_RCNN = 'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'


def types(pipeline: list) -> list[str]:
    return [step['type'] for step in pipeline]


def test_three_ways_to_name_one(tmp_path: Path) -> None:
    """Of a package, a file that inherits it, its content."""
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = '{MASK_RCNN}'\n")
    named = load_config(MASK_RCNN)
    assert load_config(str(path)).model.backbone.depth == 50
    assert load_config(named.to_dict()).model == named.model
    assert load_config(
        MASK_RCNN, {'model.backbone.depth': 18}).model.backbone.depth == 18


@pytest.mark.parametrize(('config', 'error', 'message'), [
    ('gone.py', FileNotFoundError, r'gone\.py: no such config'),
    ('mmdet::gone/gone.py', FileNotFoundError, 'mmdet::gone'),
    ('nopackage::a.py', ModuleNotFoundError, 'nopackage is not installed'),
    ({'model': {}}, ValueError, 'no model or no test_dataloader'),
])
def test_no_config(config: object, error: type, message: str) -> None:
    """One error that names what was given."""
    with pytest.raises(error, match=message):
        load_config(config)


def test_pipeline_takes_images_without_annotation() -> None:
    """Reading files and annotation is taken out, the rest stays."""
    assert types(image_pipeline(load_config(MASK_RCNN))) == [
        'mmdet.LoadImageFromNDArray', 'Resize', 'PackDetInputs']
    first = image_pipeline(load_config(
        'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py'))[0]
    assert first.to_float32


def test_scale() -> None:
    """Resizing is set, and padding to the old size becomes to a multiple."""
    steps = {step['type']: step
             for step in image_pipeline(load_config(RTMDET), (256, 160))}
    assert steps['Resize'].scale == (256, 160)
    assert 'size' not in steps['Pad']
    assert steps['Pad'].size_divisor == 32
    untouched = load_config(RTMDET)
    assert image_pipeline(untouched)[2].size == (640, 640)


@pytest.mark.parametrize(('pipeline', 'message'), [
    ([], 'does not begin with'),
    ([{'type': 'Resize', 'scale': (2, 2)}], 'does not begin with'),
    ([{'type': 'LoadImageFromFile'}], 'no Resize'),
])
def test_no_pipeline(pipeline: list, message: str) -> None:
    """What cannot be made fit is an error."""
    cfg = Config({'test_dataloader': {'dataset': {'pipeline': pipeline}}})
    with pytest.raises(ValueError, match=message):
        image_pipeline(cfg, (64, 64))


def test_limits_are_those_of_detections() -> None:
    """The threshold works in the network; proposals keep their settings."""
    cfg = load_config(MASK_RCNN)
    model = model_config(cfg, 0.7, 12)
    assert model.test_cfg.rcnn.score_thr == 0.7
    assert model.test_cfg.rcnn.max_per_img == 12
    assert model.test_cfg.rpn == cfg.model.test_cfg.rpn
    assert cfg.model.test_cfg.rcnn.score_thr == 0.05, 'changed what was given'
    one_stage = model_config(load_config(RTMDET), 0.7).test_cfg
    assert (one_stage.score_thr, one_stage.max_per_img) == (0.7, 100)


@pytest.mark.parametrize('config', [
    MASK_RCNN, RTMDET, 'mmdet::swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py',
    'mmdet::detectors/detectors_htc-r50_1x_coco.py'])
def test_nothing_is_downloaded(config: str) -> None:
    """The checkpoint has all weights; backbones' own are not asked for."""
    text = str(model_config(load_config(config), 0.5))
    assert 'Pretrained' not in text
    assert 'http' not in text


def test_no_other_process_is_needed() -> None:
    """Batch norms that wait for other processes become plain ones."""
    text = str(model_config(load_config(
        'mmdet::strong_baselines/mask-rcnn_r50_fpn_rpn-2conv_4conv1fc_'
        'syncbn-all_lsj-100e_coco.py'), 0.5))
    assert 'SyncBN' not in text
    assert "'BN'" in text


def test_class_names() -> None:
    """Checkpoint before config before dataset."""
    cfg = load_config(MASK_RCNN)
    assert class_names(cfg)[0] == 'person'
    assert len(class_names(cfg)) == 80
    new, old = ({'meta': {'dataset_meta': {'classes': ['pedestrian']}}},
                {'meta': {'CLASSES': ('pedestrian', )}})
    assert class_names(cfg, new) == class_names(cfg, old) == ('pedestrian', )
    assert class_names(cfg, {'meta': None})[0] == 'person'
    mine = load_config(MASK_RCNN, {
        'test_dataloader.dataset.metainfo': {'classes': ('car', 'person')}})
    assert class_names(mine) == ('car', 'person')
