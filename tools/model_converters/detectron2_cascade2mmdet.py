"""Convert a Cascade Mask R-CNN of Detectron2 to one of mmdet.

    python tools/model_converters/detectron2_cascade2mmdet.py \
        model_0039999_e76410.pkl checkpoints/cascade-mask-rcnn_x152.pth

The result is the checkpoint of configs/detectors/cascade-mask-rcnn_x152.py
and needs no detectron2. (mmdet's own detectron2_to_mmdet.py only renames
weights for Detectron2Wrapper, which does.) Backbones are ResNets and
ResNeXts with an FPN, deformable or not.
"""
from __future__ import annotations

import argparse
import re
import sys

import torch
from torch import Tensor

from mmremots.models.checkpoint import read_state_dict
from mmremots.structures.files import atomic_path

#: Stages of mmdet's cascade: each has a mask head, Detectron2 has one in all.
STAGES = 3
#: Pixel statistics and anchors are settings, not weights, in mmdet.
IGNORED = ('pixel_mean', 'pixel_std', 'cell_anchors')
#: Detectron2's models from Caffe2 may have norms of a scale and a shift.
FROZEN_EPS = 1e-5

#: Pattern of Detectron2's names, and what they are called in mmdet.
NAMES = [
    (r'backbone\.bottom_up\.stem\.conv1\.norm\.', r'backbone.bn1.'),
    (r'backbone\.bottom_up\.stem\.conv1\.', r'backbone.conv1.'),
    (r'backbone\.bottom_up\.res(\d)\.(\d+)\.conv(\d)\.norm\.',
     lambda m: f'backbone.layer{int(m[1]) - 1}.{m[2]}.bn{m[3]}.'),
    (r'backbone\.bottom_up\.res(\d)\.(\d+)\.conv2_offset\.',
     lambda m: f'backbone.layer{int(m[1]) - 1}.{m[2]}.conv2.conv_offset.'),
    (r'backbone\.bottom_up\.res(\d)\.(\d+)\.shortcut\.norm\.',
     lambda m: f'backbone.layer{int(m[1]) - 1}.{m[2]}.downsample.1.'),
    (r'backbone\.bottom_up\.res(\d)\.(\d+)\.shortcut\.',
     lambda m: f'backbone.layer{int(m[1]) - 1}.{m[2]}.downsample.0.'),
    (r'backbone\.bottom_up\.res(\d)\.(\d+)\.conv(\d)\.',
     lambda m: f'backbone.layer{int(m[1]) - 1}.{m[2]}.conv{m[3]}.'),
    (r'backbone\.fpn_lateral(\d)\.',
     lambda m: f'neck.lateral_convs.{int(m[1]) - 2}.conv.'),
    (r'backbone\.fpn_output(\d)\.',
     lambda m: f'neck.fpn_convs.{int(m[1]) - 2}.conv.'),
    (r'proposal_generator\.rpn_head\.conv\.', r'rpn_head.rpn_conv.'),
    (r'proposal_generator\.rpn_head\.objectness_logits\.',
     r'rpn_head.rpn_cls.'),
    (r'proposal_generator\.rpn_head\.anchor_deltas\.', r'rpn_head.rpn_reg.'),
    (r'roi_heads\.box_head\.(\d)\.conv(\d)\.norm\.', lambda m:
     f'roi_head.bbox_head.{m[1]}.shared_convs.{int(m[2]) - 1}.gn.'),
    (r'roi_heads\.box_head\.(\d)\.conv(\d)\.', lambda m:
     f'roi_head.bbox_head.{m[1]}.shared_convs.{int(m[2]) - 1}.conv.'),
    (r'roi_heads\.box_head\.(\d)\.fc(\d)\.', lambda m:
     f'roi_head.bbox_head.{m[1]}.shared_fcs.{int(m[2]) - 1}.'),
    (r'roi_heads\.box_predictor\.(\d)\.cls_score\.',
     r'roi_head.bbox_head.\1.fc_cls.'),
    (r'roi_heads\.box_predictor\.(\d)\.bbox_pred\.',
     r'roi_head.bbox_head.\1.fc_reg.'),
    (r'roi_heads\.mask_head\.mask_fcn(\d)\.norm\.', lambda m:
     f'roi_head.mask_head.*.convs.{int(m[1]) - 1}.gn.'),
    (r'roi_heads\.mask_head\.mask_fcn(\d)\.', lambda m:
     f'roi_head.mask_head.*.convs.{int(m[1]) - 1}.conv.'),
    (r'roi_heads\.mask_head\.deconv\.', r'roi_head.mask_head.*.upsample.'),
    (r'roi_heads\.mask_head\.predictor\.',
     r'roi_head.mask_head.*.conv_logits.'),
]


def convert(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename weights.

    Args:
        state: Weights of Detectron2's GeneralizedRCNN with CascadeROIHeads
            and a mask head.

    Returns:
        Weights of mmdet's CascadeRCNN.

    Raises:
        ValueError: If there are weights of other parts.
    """
    renamed: dict[str, Tensor] = {}
    unknown = []
    for key, value in state.items():
        key = key.removeprefix('d2_model.')
        if any(part in key for part in IGNORED):
            continue
        name = _rename(key)
        if name is None:
            unknown.append(key)
        elif '*' in name:
            renamed |= {name.replace('*', str(stage)): value
                        for stage in range(STAGES)}
        else:
            renamed[name] = value
    if unknown:
        raise ValueError(
            f'{len(unknown)} weights are not those of a Cascade Mask R-CNN '
            f'with ResNet and FPN: {", ".join(unknown[:5])}, ...')
    for key in list(renamed):
        if re.search(r'backbone.*(\.bn\d|downsample\.1)\.weight$', key):
            norm, scale = key.removesuffix('weight'), renamed[key]
            renamed.setdefault(
                norm + 'running_mean', torch.zeros_like(scale))
            renamed.setdefault(
                norm + 'running_var', torch.ones_like(scale) - FROZEN_EPS)
    return renamed


def _rename(key: str) -> str | None:
    for pattern, name in NAMES:
        if re.match(pattern, key):
            return re.sub(pattern, name, key, count=1)  # type: ignore
    return None


def main() -> None:
    """Convert one file."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='.pkl or .pth of Detectron2')
    parser.add_argument('target', help='.pth to write')
    args = parser.parse_args()
    try:
        weights = convert(read_state_dict(args.source))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f'error: {error}')
    with atomic_path(args.target) as temporary:
        torch.save(dict(state_dict=weights, meta={}), temporary)
    print(f'{args.target}: {len(weights)} weights')


if __name__ == '__main__':
    main()
