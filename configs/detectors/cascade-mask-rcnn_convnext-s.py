# ConvNeXt is mmpretrain's: this one needs mmpretrain installed.
_base_ = (
    'mmdet::convnext/cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_'
    'amp-ms-crop-3x_coco.py')
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v2.0/convnext/'
    'cascade_mask_rcnn_convnext-s_p4_w7_fpn_giou_4conv1f_fp16_ms-crop_3x_coco/'
    'cascade_mask_rcnn_convnext-s_p4_w7_fpn_giou_4conv1f_fp16_ms-crop_3x_coco_'
    '20220510_201004-3d24f5a4.pth'))
