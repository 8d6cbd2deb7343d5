"""Run mmdet's instance segmenters as detectors of ReMOTS; print a table.

    python tools/benchmarks/check_detectors.py [CONFIG ...]

Each config is mmdet's own, inherited as it is. No weights are needed: the
networks are initialised at random, where nothing is found with biases at
zero, and see two small images. For each, the
fused masks are checked to be disjoint, of the image's size and of 16 pixels
or more, and to be the same when both frames go through the network at once.
"""
from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.logging import MMLogger
from numpy.typing import NDArray

import mmremots
from mmremots.models.detectors import InstanceSegmenter, MaskFusion
from mmremots.structures import Observations
from mmremots.structures.masks import label_map
from mmremots.structures.video import Video

SIZE = 96, 128
MIN_AREA = 16
VIDEO = Video('noise', ('1.png', '2.png'), *SIZE, 30.0, None)

#: One config of each family that mmdet has instance segmenters of, by the
#: kind of its head (or, at the end, by what else is new in it).
FAMILIES = {
    'two-stage': [
        'mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
        'mask_rcnn/mask-rcnn_r50-caffe-c4_1x_coco.py',
        'ms_rcnn/ms-rcnn_r50_fpn_1x_coco.py',
        'point_rend/point-rend_r50-caffe_fpn_ms-1x_coco.py',
    ],
    'cascade': [
        'cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py',
        'htc/htc_r50_fpn_1x_coco.py',
        'scnet/scnet_r50_fpn_1x_coco.py',
        'detectors/detectors_htc-r50_1x_coco.py',
    ],
    'one-stage': [
        'yolact/yolact_r50_1xb8-55e_coco.py',
        'solo/solo_r50_fpn_1x_coco.py',
        'solo/decoupled-solo_r50_fpn_1x_coco.py',
    ],
    'dynamic convolution': [
        'solov2/solov2_r50_fpn_1x_coco.py',
        'condinst/condinst_r50_fpn_ms-poly-90k_coco_instance.py',
        'boxinst/boxinst_r50_fpn_ms-90k_coco.py',
        'rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py',
    ],
    'query': [
        'queryinst/queryinst_r50_fpn_1x_coco.py',
        'mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
    ],
    'other backbone': [
        'swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py',
        'convnext/cascade-mask-rcnn_convnext-t-p4-w7_fpn_4conv1fc-giou_amp-'
        'ms-crop-3x_coco.py',
        'hrnet/mask-rcnn_hrnetv2p-w18-1x_coco.py',
        'regnet/mask-rcnn_regnetx-400MF_fpn_ms-poly-3x_coco.py',
        'res2net/mask-rcnn_res2net-101_fpn_2x_coco.py',
        'resnest/mask-rcnn_s50_fpn_syncbn-backbone+head_ms-1x_coco.py',
        'resnet_strikes_back/mask-rcnn_r50-rsb-pre_fpn_1x_coco.py',
    ],
    'other layers': [
        'dcn/mask-rcnn_r50-dconv-c3-c5_fpn_1x_coco.py',
        'dcnv2/mask-rcnn_r50-mdconv-c3-c5_fpn_1x_coco.py',
        'gcnet/mask-rcnn_r50-gcb-r4-c3-c5_fpn_1x_coco.py',
        'gn/mask-rcnn_r50_fpn_gn-all_2x_coco.py',
        'gn+ws/mask-rcnn_r50_fpn_gn-ws-all_2x_coco.py',
        'carafe/mask-rcnn_r50_fpn-carafe_1x_coco.py',
        'groie/mask-rcnn_r50_fpn_groie_1x_coco.py',
        'fpg/mask-rcnn_r50_fpg_crop640-50e_coco.py',
    ],
    'other training or data': [
        'scratch/mask-rcnn_r50-scratch_fpn_gn-all_6x_coco.py',
        'instaboost/mask-rcnn_r50_fpn_instaboost-4x_coco.py',
        'strong_baselines/mask-rcnn_r50_fpn_rpn-2conv_4conv1fc_syncbn-all_'
        'lsj-100e_coco.py',
        'simple_copy_paste/mask-rcnn_r50_fpn_rpn-2conv_4conv1fc_syncbn-all_'
        '32xb2-ssj-90k_coco.py',
        'lvis/mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py',
        'seesaw_loss/mask-rcnn_r50_fpn_seesaw-loss_random-ms-2x_lvis-v1.py',
        'cityscapes/mask-rcnn_r50_fpn_1x_cityscapes.py',
        'deepfashion/mask-rcnn_r50_fpn_15e_deepfashion.py',
    ],
}


def images() -> list[NDArray[np.uint8]]:
    """Two images of blurred noise."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)
    return [cv2.normalize(cv2.GaussianBlur(image, (0, 0), 4), None, 0, 255,
                          cv2.NORM_MINMAX) for image in noise]


def random_detector(
        config: str, score_thr: float, biases: bool) -> MaskFusion:
    """A fusion of one detector, its weights random."""
    detector = MaskFusion([{
        'type': 'InstanceSegmenter', 'config': config,
        'score_thr': score_thr, 'classes': {0: 2}, 'scale': (160, 128),
        'max_per_image': 20}], min_area=MIN_AREA)
    source: InstanceSegmenter = detector.sources[0]
    test_cfg: dict[str, Any] = source.cfg.model.get('test_cfg') or {}
    if test_cfg.get('rpn'):  # proposals are what costs time
        test_cfg['rpn'].update(nms_pre=50, max_per_img=50)
    network = source.load()
    for key, parameter in network.named_parameters():
        if key.endswith('bias') and not biases:
            torch.nn.init.zeros_(parameter)
        if 'fc_reg' in key:  # mmdet fails on a box outside of the image
            torch.nn.init.zeros_(parameter)
    # Statistics of the images, or activations grow from layer to layer.
    norms = [module for module in network.modules()
             if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    entries = [source.transform(image)[0] for image in images()]
    with torch.no_grad():
        network.extract_feat(network.data_preprocessor({
            key: [entry[key] for entry in entries]
            for key in ('inputs', 'data_samples')})['inputs'])
    network.eval()
    # All labels are pedestrians: which one noise is taken for is chance.
    source._labels = dict.fromkeys(range(2000), 2)
    return detector


def check(config: str) -> list[Observations]:
    """The fused masks of two frames, if they are as they must be.

    Raises:
        ValueError: If they are not, or there are none.
    """
    frames = images()
    # As initialised, some never find anything; and a score that is a product
    # with a predicted IoU may be below 0.
    for score_thr, biases in ((0.0, True), (0.0, False), (-1.0, False)):
        detector = random_detector(config, score_thr, biases)
        found = [detector.detect(image, VIDEO, frame)
                 for frame, image in enumerate(frames, 1)]
        if any(map(len, found)):
            break
    else:
        raise ValueError('no masks')
    source = detector.sources[0]
    together = source.detect_batch(
        [source.transform(image) for image in frames], [1, 2])
    for alone, raw in zip(found, together, strict=True):
        batched = detector.combine([raw])
        labels = label_map(alone.rles, SIZE)  # raises if they overlap
        areas = np.bincount(labels.ravel(), minlength=len(alone) + 1)[1:]
        if (areas < MIN_AREA).any():
            raise ValueError(f'a mask of {areas.min()} pixels')
        if (alone.labels != 2).any():
            raise ValueError('a label that is none')
        if (label_map(batched.rles, SIZE) != labels).mean() > 0.01:
            raise ValueError('other masks when frames are batched')
    return found


def main() -> None:
    """Check what the command line names, or all families."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'configs', nargs='*', help='such as solov2/solov2_r50_fpn_1x_coco.py')
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    mmremots.register_all_modules()
    MMLogger.get_instance('check_detectors', log_level='ERROR')
    torch.set_num_threads(1)
    kinds = {'given': args.configs} if args.configs else FAMILIES
    print('| kind | config (`mmdet::`) | fused masks in 2 frames | time |\n'
          '|---|---|---|---|')
    for kind, configs in kinds.items():
        for config in configs:
            begin = time.monotonic()
            try:
                found = check(f'mmdet::{config}')
                result = f'{len(found[0])} + {len(found[1])}'
            except Exception as error:
                reason = ' '.join(str(error).split())[:300]
                result = f'{type(error).__name__}: {reason}'
            print(f'| {kind} | `{config}` | {result} | '
                  f'{time.monotonic() - begin:.0f} s |', flush=True)


if __name__ == '__main__':
    main()
