# TUD-Campus as the target, with nobody of it labelled: the video on which
# settings for real video are chosen, so that no target needs to be looked at.
_base_ = 'remots_pedestrians.py'
test_dataloader = dict(dataset=dict(sequences=['TUD-Campus']))
test_cfg = dict(labelled=dict(
    _delete_=True, type='mmremots.SampleDataset', data_root='data/sample',
    split='train', test_mode=True))
