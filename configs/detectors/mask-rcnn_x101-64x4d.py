# The paper's "X-101-64x4d-FPN of MMDetection".
_base_ = 'mmdet::mask_rcnn/mask-rcnn_x101-64x4d_fpn_2x_coco.py'
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v2.0/mask_rcnn/'
    'mask_rcnn_x101_64x4d_fpn_2x_coco/'
    'mask_rcnn_x101_64x4d_fpn_2x_coco_20200509_224208-39d6f70c.pth'))
