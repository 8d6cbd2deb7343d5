# One stage, masks by dynamic convolution.
_base_ = 'mmdet::rtmdet/rtmdet-ins_x_8xb16-300e_coco.py'
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v3.0/rtmdet/'
    'rtmdet-ins_x_8xb16-300e_coco/'
    'rtmdet-ins_x_8xb16-300e_coco_20221124_111313-33d4595b.pth'))
