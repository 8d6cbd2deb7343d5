"""The configs of detectors, and those of ReMOTS that name them."""
from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from mmdet.models.detectors.d2_wrapper import _to_cfgnode_list
from mmengine.config import Config

from mmremots.models.detectors import InstanceSegmenter
from mmremots.models.detectors.detector_config import model_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
DETECTORS = sorted((CONFIGS / 'detectors').glob('*.py'))
#: Other packages; see below.
NEED_MORE = {
    'cascade-mask-rcnn_convnext-s', 'cascade-mask-rcnn_x152_detectron2'}


@pytest.mark.parametrize(
    'path', [p for p in DETECTORS if p.stem not in NEED_MORE],
    ids=lambda path: path.stem)
def test_loads(path: Path) -> None:
    """Each resolves what it inherits and has a test pipeline."""
    source = InstanceSegmenter(str(path))
    assert source.name == path.stem
    # Those without weights are for training one's own.
    assert (source.checkpoint or '.pth').endswith(('.pth', '.pkl'))


@pytest.mark.parametrize('name', [
    'remots_rtmdet-ins_x_mots20', 'remots_mask2former_swin-s_mots20',
    'remots_x152-x101_mots20'])
def test_swapped_in(name: str, tmp_path: Path,
                    monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector is found from any working directory."""
    monkeypatch.chdir(tmp_path)
    path = CONFIGS / f'{name}.py'
    sources = Config.fromfile(path).model.detector.sources
    assert [source.type for source in sources] == (
        ['InstanceSegmenter'] * len(sources))
    assert all(Path(source.config).is_file() for source in sources)
    lines = [line for line in path.read_text().splitlines()
             if line and line[0] != '#']
    assert len(lines) < 10


#: Detectron2's Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv.yaml and
#: the Base-RCNN-FPN.yaml it inherits, as far as testing goes.
X152 = {
    'MODEL.META_ARCHITECTURE': 'GeneralizedRCNN',
    'MODEL.MASK_ON': True,
    'MODEL.BACKBONE.NAME': 'build_resnet_fpn_backbone',
    'MODEL.RESNETS.OUT_FEATURES': ['res2', 'res3', 'res4', 'res5'],
    'MODEL.RESNETS.STRIDE_IN_1X1': False,
    'MODEL.RESNETS.NUM_GROUPS': 32,
    'MODEL.RESNETS.WIDTH_PER_GROUP': 8,
    'MODEL.RESNETS.DEPTH': 152,
    'MODEL.RESNETS.NORM': 'FrozenBN',
    'MODEL.RESNETS.DEFORM_ON_PER_STAGE': [False, True, True, True],
    'MODEL.FPN.IN_FEATURES': ['res2', 'res3', 'res4', 'res5'],
    'MODEL.ANCHOR_GENERATOR.SIZES': [[32], [64], [128], [256], [512]],
    'MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS': [[0.5, 1.0, 2.0]],
    'MODEL.RPN.IN_FEATURES': ['p2', 'p3', 'p4', 'p5', 'p6'],
    'MODEL.RPN.PRE_NMS_TOPK_TEST': 1000,
    'MODEL.RPN.POST_NMS_TOPK_TEST': 1000,
    'MODEL.ROI_HEADS.NAME': 'CascadeROIHeads',
    'MODEL.ROI_HEADS.IN_FEATURES': ['p2', 'p3', 'p4', 'p5'],
    'MODEL.ROI_HEADS.NUM_CLASSES': 80,
    'MODEL.ROI_BOX_HEAD.NAME': 'FastRCNNConvFCHead',
    'MODEL.ROI_BOX_HEAD.NUM_CONV': 4,
    'MODEL.ROI_BOX_HEAD.NUM_FC': 1,
    'MODEL.ROI_BOX_HEAD.NORM': 'GN',
    'MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG': True,
    'MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION': 7,
    'MODEL.ROI_MASK_HEAD.NAME': 'MaskRCNNConvUpsampleHead',
    'MODEL.ROI_MASK_HEAD.NUM_CONV': 8,
    'MODEL.ROI_MASK_HEAD.NORM': 'GN',
    'MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION': 14,
    'MODEL.PIXEL_MEAN': [103.53, 116.28, 123.675],
    'MODEL.PIXEL_STD': [1.0, 1.0, 1.0],
}


WRAPPED = str(CONFIGS / 'detectors/cascade-mask-rcnn_x152_detectron2.py')


def test_wrapper_sets_what_detectron2_does() -> None:
    """The wrapper of mmdet hands these settings to Detectron2."""
    model = model_config(Config.fromfile(WRAPPED), 0.4, device='cpu')
    assert {*model} - {'_scope_'} == {'type', 'bgr_to_rgb', 'detector'}
    items, _ = _to_cfgnode_list(model.detector, [])
    found = dict(zip(items[::2], items[1::2], strict=True))
    assert {key: found.get(key) for key in X152} == X152
    assert found['MODEL.ROI_HEADS.SCORE_THRESH_TEST'] == 0.4
    assert found['MODEL.DEVICE'] == 'cpu'
    assert found['MODEL.WEIGHTS'] == '', 'nothing is downloaded by it'


@pytest.mark.skipif(find_spec('detectron2') is not None,
                    reason='detectron2 is installed')
def test_without_detectron2() -> None:
    """One error that says what is missing and what to do instead."""
    with pytest.raises(ModuleNotFoundError, match=(
            r'x152_detectron2\.py: needs detectron2, which is not installed.*'
            'model of mmdet')):
        InstanceSegmenter(WRAPPED)


@pytest.mark.skipif(find_spec('mmpretrain') is not None,
                    reason='mmpretrain is installed')
def test_without_mmpretrain() -> None:
    """In one line, too."""
    path = CONFIGS / 'detectors/cascade-mask-rcnn_convnext-s.py'
    with pytest.raises(ImportError, match=r'convnext-s\.py: .*mmpretrain') as (
            caught):
        InstanceSegmenter(str(path))
    assert '\n' not in str(caught.value)
