_base_ = './reid_seresnext50.py'
encoder = dict(
    backbone=dict(
        _delete_=True, type='mmdet.MobileNetV2', out_indices=(7, )),
    head=dict(in_channels=1280))
