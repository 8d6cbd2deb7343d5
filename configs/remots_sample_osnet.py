# The built-in sample with OSNet x0.25 as downloaded: an encoder of real
# people that has never seen drawn ones, so there is something to learn.
_base_ = 'remots_pedestrians.py'
test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmremots.SampleDataset', data_root='data/sample',
    split='test', pipeline=_base_.frames_pipeline, test_mode=True))
test_cfg = dict(labelled=dict(
    _delete_=True, type='mmremots.SampleDataset', data_root='data/sample',
    split='train', test_mode=True))
