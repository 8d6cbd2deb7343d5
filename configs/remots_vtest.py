# Real video that OpenCV brings, on a CPU, from random weights: nothing to
# download. tools/dataset_converters/vtest2mots.py makes data/vtest.
_base_ = 'remots_sample.py'
test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmremots.MOTSChallengeDataset',
    data_root='data/vtest', sequences=None,
    pipeline=_base_.test_dataloader.dataset.pipeline, test_mode=True))
