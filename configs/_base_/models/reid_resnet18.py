_base_ = './reid_resnet50.py'
encoder = dict(backbone=dict(depth=18), head=dict(in_channels=512))
