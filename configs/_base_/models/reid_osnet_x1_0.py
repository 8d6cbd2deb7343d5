_base_ = './reid_seresnext50.py'
encoder = dict(
    backbone=dict(_delete_=True, type='OSNet', widen_factor=1.0),
    neck=dict(
        _delete_=True, type='OSNetNeck', in_channels=512, out_channels=512),
    head=dict(in_channels=512))
