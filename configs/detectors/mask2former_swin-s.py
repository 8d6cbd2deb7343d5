# Queries. Every query becomes a mask of the frame's size before the score
# threshold: at 1920x1080 that takes gigabytes a frame, so leave batch_size 1.
_base_ = 'mmdet::mask2former/mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py'
model = dict(init_cfg=dict(
    _delete_=True,
    type='Pretrained',
    checkpoint='https://download.openmmlab.com/mmdetection/v3.0/mask2former/'
    'mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco/'
    'mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco_20220504_001756-c9d0c4f2'
    '.pth'))
