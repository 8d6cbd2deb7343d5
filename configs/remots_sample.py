# The built-in sample: rendered on first use, all five stages in minutes.
_base_ = 'remots_mots20.py'
model = dict(reid=dict(
    crop_size=(128, 64),
    backbone=dict(_delete_=True, type='OSNet', widen_factor=0.25),
    neck=dict(
        _delete_=True, type='OSNetNeck', in_channels=128, out_channels=512),
    head=dict(in_channels=512)))
test_dataloader = dict(dataset=dict(
    _delete_=True, type='SampleDataset', data_root='data/sample',
    split='test', test_mode=True))
test_cfg = dict(
    labelled=dict(
        _delete_=True, type='SampleDataset', data_root='data/sample',
        split='train', test_mode=True),
    training=dict(max_iters=150, num_workers=1))
