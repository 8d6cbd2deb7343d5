_base_ = './reid_osnet_x1_0.py'
encoder = dict(
    backbone=dict(widen_factor=0.5), neck=dict(in_channels=256))
