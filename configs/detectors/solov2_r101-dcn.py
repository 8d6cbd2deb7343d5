# One stage, no boxes.
_base_ = 'mmdet::solov2/solov2_r101-dcn_fpn_ms-3x_coco.py'
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v2.0/solov2/'
    'solov2_r101_dcn_fpn_3x_coco/'
    'solov2_r101_dcn_fpn_3x_coco_20220513_214734-16c966cb.pth'))
