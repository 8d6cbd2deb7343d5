# The paper's "X-101-64x4d-FPN of MMDetection", fine-tuned on MOTS20 train by
# tools/train.py. It starts as COCO's; the last layers, of one class instead
# of 80, start anew.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmdet::_base_/default_runtime.py',
    '../_base_/datasets/mots20_frames.py',
]
load_from = (
    'https://download.openmmlab.com/mmdetection/v2.0/mask_rcnn/'
    'mask_rcnn_x101_64x4d_fpn_2x_coco/'
    'mask_rcnn_x101_64x4d_fpn_2x_coco_20200509_224208-39d6f70c.pth')
ignore = dict(assigner=dict(ignore_iof_thr=0.5))
model = dict(
    backbone=dict(
        type='ResNeXt', depth=101, groups=64, base_width=4, init_cfg=None),
    roi_head=dict(
        bbox_head=dict(num_classes=1), mask_head=dict(num_classes=1)),
    train_cfg=dict(rpn=ignore, rcnn=ignore))

# 2862 frames, most of them much like the one before: four epochs. The rate
# is an eighth of COCO's 0.02 for 16 images, as for 2, and grows with them.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.0025, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=35))
auto_scale_lr = dict(enable=True, base_batch_size=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, end=500),
    dict(type='MultiStepLR', milestones=[3], gamma=0.1, by_epoch=True),
]
