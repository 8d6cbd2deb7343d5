# The built-in sample: rendered on first use, all five stages in minutes.
_base_ = [
    'remots_mots20.py',
    '_base_/models/reid_osnet_x0_25.py',
]
model = dict(reid=dict(_delete_=True, **_base_.encoder))
test_dataloader = dict(dataset=dict(
    _delete_=True, type='SampleDataset', data_root='data/sample',
    split='test', test_mode=True))
test_cfg = dict(
    labelled=dict(
        _delete_=True, type='SampleDataset', data_root='data/sample',
        split='train', test_mode=True),
    training=dict(max_iters=200, num_workers=1))
