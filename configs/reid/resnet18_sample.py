# The encoder of remots_sample.py from the annotation of the built-in sample:
# minutes on a CPU. iter_300.pth is what tools/test.py takes as its CHECKPOINT.
_base_ = 'resnet18_16x4-120e.py'
model = dict(
    crop_size=(128, 64),
    backbone=dict(base_channels=32),
    head=dict(in_channels=256))
_sample = dict(
    _delete_=True, type='mmremots.SampleDataset', data_root='data/sample')
train_dataloader = dict(num_workers=1, dataset=dict(
    crop_size=(128, 64), videos=dict(_sample, split='train')))
val_dataloader = dict(num_workers=1, dataset=dict(
    crop_size=(128, 64), videos=dict(_sample, split='test')))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, begin=0, end=30, start_factor=0.01),
    dict(type='MultiStepLR', by_epoch=False, milestones=[210, 270],
         gamma=0.1),
]
train_cfg = dict(max_iters=300, val_interval=100)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=100))
