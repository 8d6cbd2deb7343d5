# Two stages; points on the outline are looked at again.
_base_ = 'mmdet::point_rend/point-rend_r50-caffe_fpn_ms-3x_coco.py'
model = dict(init_cfg=dict(
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v2.0/point_rend/'
    'point_rend_r50_caffe_fpn_mstrain_3x_coco/'
    'point_rend_r50_caffe_fpn_mstrain_3x_coco-e0ebb6b7.pth'))
