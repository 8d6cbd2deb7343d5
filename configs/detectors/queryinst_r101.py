# Queries, refined in six stages.
_base_ = (
    'mmdet::queryinst/'
    'queryinst_r101_fpn_300-proposals_crop-ms-480-800-3x_coco.py')
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v2.0/queryinst/'
    'queryinst_r101_fpn_300_proposals_crop_mstrain_480-800_3x_coco/'
    'queryinst_r101_fpn_300_proposals_crop_mstrain_480-800_3x_coco_'
    '20210904_153621-76cce59f.pth'))
