# A Mask R-CNN small enough to be trained on the built-in sample on a CPU.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    '../_base_/datasets/sample_frames.py',
    '../_base_/schedules/sample_detector.py',
]
# Norms in neck and heads: it starts from random weights.
norm_cfg = dict(type='GN', num_groups=8)
ignore = dict(assigner=dict(ignore_iof_thr=0.5))
model = dict(
    backbone=dict(
        depth=18, stem_channels=16, base_channels=24, frozen_stages=-1,
        norm_eval=False, init_cfg=None),
    neck=dict(
        in_channels=[24, 48, 96, 192], out_channels=48,
        norm_cfg=dict(type='BN')),
    rpn_head=dict(
        in_channels=48, feat_channels=48,
        anchor_generator=dict(scales=[8], ratios=[1.5, 3.0])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=48),
        bbox_head=dict(
            type='Shared4Conv1FCBBoxHead', in_channels=48,
            conv_out_channels=48, fc_out_channels=128, num_classes=1,
            norm_cfg=norm_cfg),
        mask_roi_extractor=dict(out_channels=48),
        mask_head=dict(
            num_convs=2, in_channels=48, conv_out_channels=48,
            num_classes=1, norm_cfg=norm_cfg)),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=128), **ignore),
        rpn_proposal=dict(nms_pre=500, max_per_img=200),
        rcnn=dict(sampler=dict(num=64), **ignore)),
    test_cfg=dict(
        rpn=dict(nms_pre=300, max_per_img=100),
        rcnn=dict(max_per_img=40)))
