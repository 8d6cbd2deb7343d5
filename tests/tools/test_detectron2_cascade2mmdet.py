"""Weights of Detectron2's Cascade Mask R-CNN fit the model of mmdet."""
from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmremots.models.detectors import InstanceSegmenter

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools/model_converters/detectron2_cascade2mmdet.py'
CONFIG = str(ROOT / 'configs/detectors/cascade-mask-rcnn_x152.py')

#: Width of the fully connected layer; 1024 in earnest.
FC = 16


def load():
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


converter = load()


def detectron2_state(
        statistics: bool, make: Callable[..., Tensor] = torch.randn
) -> dict[str, Tensor]:
    """Names and shapes of Detectron2's modules, as its sources say.

    A ResNeXt-50 in place of the 152, and a smaller layer before the boxes:
    the names are the same.
    """
    state: dict[str, Tensor] = {}

    def add(name: str, *shape: int) -> None:
        state[name] = make(shape)

    def norm(name: str, channels: int) -> None:
        for key in ('weight', 'bias', *(
                ('running_mean', 'running_var') if statistics else ())):
            add(f'{name}.norm.{key}', channels)

    def conv(name: str, out: int, into: int, size: int = 3) -> None:
        add(f'{name}.weight', out, into, size, size)
        add(f'{name}.bias', out)

    stem = 'backbone.bottom_up.stem.conv1'
    add(f'{stem}.weight', 64, 3, 7, 7)
    norm(stem, 64)
    before = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width, out = 256 * 2 ** stage, 256 * 2 ** stage
        for block in range(blocks):
            name = f'backbone.bottom_up.res{stage + 2}.{block}'
            if block == 0:
                add(f'{name}.shortcut.weight', out, before, 1, 1)
                norm(f'{name}.shortcut', out)
            add(f'{name}.conv1.weight', width, before, 1, 1)
            add(f'{name}.conv2.weight', width, width // 32, 3, 3)
            if stage:
                conv(f'{name}.conv2_offset', 18, width)
            add(f'{name}.conv3.weight', out, width, 1, 1)
            for k, channels in ((1, width), (2, width), (3, out)):
                norm(f'{name}.conv{k}', channels)
            before = out
        conv(f'backbone.fpn_lateral{stage + 2}', 256, out, 1)
        conv(f'backbone.fpn_output{stage + 2}', 256, 256)
    rpn = 'proposal_generator.rpn_head'
    conv(f'{rpn}.conv', 256, 256)
    conv(f'{rpn}.objectness_logits', 3, 256, 1)
    conv(f'{rpn}.anchor_deltas', 12, 256, 1)
    add('proposal_generator.anchor_generator.cell_anchors.0', 3, 4)
    add('pixel_mean', 3, 1, 1)
    for stage in range(3):
        head = f'roi_heads.box_head.{stage}'
        for k in range(1, 5):
            add(f'{head}.conv{k}.weight', 256, 256, 3, 3)
            add(f'{head}.conv{k}.norm.weight', 256)
            add(f'{head}.conv{k}.norm.bias', 256)
        add(f'{head}.fc1.weight', FC, 256 * 7 * 7)
        add(f'{head}.fc1.bias', FC)
        for name, out in (('cls_score', 81), ('bbox_pred', 4)):
            add(f'roi_heads.box_predictor.{stage}.{name}.weight', out, FC)
            add(f'roi_heads.box_predictor.{stage}.{name}.bias', out)
    for k in range(1, 9):
        add(f'roi_heads.mask_head.mask_fcn{k}.weight', 256, 256, 3, 3)
        add(f'roi_heads.mask_head.mask_fcn{k}.norm.weight', 256)
        add(f'roi_heads.mask_head.mask_fcn{k}.norm.bias', 256)
    conv('roi_heads.mask_head.deconv', 256, 256, 2)
    conv('roi_heads.mask_head.predictor', 80, 256, 1)
    return state


@pytest.mark.slow
def test_every_weight_finds_its_place(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the model zoo's pickle, through the command, into the network."""
    state = detectron2_state(statistics=False)
    source, target = tmp_path / 'model.pkl', tmp_path / 'model.pth'
    source.write_bytes(pickle.dumps(
        {'model': {key: value.numpy() for key, value in state.items()}}))
    monkeypatch.setattr(
        'sys.argv', ['convert', str(source), str(target)])
    converter.main()
    detector = InstanceSegmenter(CONFIG, str(target), cfg_options={
        'model.backbone.depth': 50, **{
            f'model.roi_head.bbox_head.{stage}.fc_out_channels': FC
            for stage in range(3)}})
    found = detector.load().state_dict()
    for ours, theirs in {
            'backbone.conv1.weight': 'backbone.bottom_up.stem.conv1.weight',
            'backbone.layer2.0.conv2.conv_offset.bias':
            'backbone.bottom_up.res3.0.conv2_offset.bias',
            'backbone.layer4.2.bn3.bias':
            'backbone.bottom_up.res5.2.conv3.norm.bias',
            'neck.fpn_convs.3.conv.weight': 'backbone.fpn_output5.weight',
            'roi_head.bbox_head.1.shared_convs.3.gn.weight':
            'roi_heads.box_head.1.conv4.norm.weight',
            'roi_head.mask_head.0.convs.7.conv.weight':
            'roi_heads.mask_head.mask_fcn8.weight',
            'roi_head.mask_head.2.conv_logits.bias':
            'roi_heads.mask_head.predictor.bias'}.items():
        assert torch.equal(found[ours], state[theirs]), ours
    # Statistics that are not there do nothing.
    norm = torch.nn.BatchNorm2d(64).eval()
    norm.load_state_dict({
        key: found[f'backbone.bn1.{key}'] for key in norm.state_dict()})
    x = torch.randn(1, 64, 2, 2)
    scale, shift = (
        state[f'backbone.bottom_up.stem.conv1.norm.{key}'][:, None, None]
        for key in ('weight', 'bias'))
    assert torch.allclose(norm(x), x * scale + shift, atol=1e-5)


def test_statistics_are_kept() -> None:
    """Where there are some, they are taken, and no key is another."""
    state = detectron2_state(True, torch.empty)
    found = converter.convert(state)
    assert found.keys() == converter.convert(
        detectron2_state(False, torch.empty)).keys()
    assert found['backbone.bn1.running_var'] is state[
        'backbone.bottom_up.stem.conv1.norm.running_var']


def test_weights_of_something_else() -> None:
    """What has no place is named."""
    with pytest.raises(ValueError, match=r'1 weights are not .* sem_seg_head'):
        converter.convert({'sem_seg_head.p2.weight': torch.zeros(1)})


def test_offsets_mean_the_same() -> None:
    """Deformable convolution of mmcv takes (y, x) for each tap in turn.

    So does Detectron2's, whose offsets are those of the original.
    """
    from mmcv.ops import deform_conv2d
    image = torch.arange(25.).reshape(1, 1, 5, 5)
    kernel = torch.zeros(1, 1, 3, 3)
    kernel[0, 0, 0, 0] = 1
    offset = torch.zeros(1, 18, 3, 3)
    offset[:, 0] = 1  # the first tap looks one row further down
    found = deform_conv2d(image, offset, kernel)
    assert np.array_equal(found[0, 0].numpy(), image[0, 0, 1:4, :3].numpy())
