# The paper's "Mask R-CNN X152 of Detectron2" as a model of mmdet alone. Its
# weights are made of Detectron2's by
#   tools/model_converters/detectron2_cascade2mmdet.py
# mmdet averages the three stages' logits, Detectron2 their probabilities, so
# scores differ a little.
_base_ = [
    'mmdet::_base_/models/cascade-mask-rcnn_r50_fpn.py',
    'mmdet::common/ms-poly-90k_coco-instance.py',
]
norm_cfg = dict(type='GN', num_groups=32)
model = dict(
    init_cfg=dict(
        type='Pretrained',
        checkpoint='checkpoints/cascade-mask-rcnn_x152.pth'),
    data_preprocessor=dict(
        mean=[103.53, 116.28, 123.675], std=[1., 1., 1.], bgr_to_rgb=False),
    backbone=dict(
        type='ResNeXt', depth=152, groups=32, base_width=8,
        dcn=dict(type='DCN', deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, True, True, True), init_cfg=None),
    roi_head=dict(
        bbox_head=[
            dict(
                type='Shared4Conv1FCBBoxHead', num_classes=80,
                norm_cfg=norm_cfg, reg_class_agnostic=True,
                bbox_coder=dict(
                    type='DeltaXYWHBBoxCoder', target_means=[0.] * 4,
                    target_stds=[1 / x, 1 / x, 2 / x, 2 / x]),
                loss_cls=dict(type='CrossEntropyLoss'),
                loss_bbox=dict(type='SmoothL1Loss', beta=1.0))
            for x in (10, 20, 30)],
        mask_head=dict(num_convs=8, norm_cfg=norm_cfg)))
