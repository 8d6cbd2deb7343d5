# The built-in sample: rendered on first use, all five stages in minutes.
_base_ = 'remots_mots20.py'
model = dict(reid=dict(
    crop_size=(128, 64),
    backbone=dict(
        _delete_=True, type='mmdet.ResNet', depth=18, base_channels=32,
        strides=(1, 2, 2, 1), out_indices=(3, ), norm_eval=False),
    head=dict(in_channels=256)))
test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmremots.SampleDataset', data_root='data/sample',
    split='test', pipeline=_base_.frames_pipeline, test_mode=True))
test_cfg = dict(
    labelled=dict(
        _delete_=True, type='mmremots.SampleDataset', data_root='data/sample',
        split='train', test_mode=True),
    # From random weights: a higher rate, held for longer.
    training=dict(
        train_cfg=dict(max_iters=150),
        train_dataloader=dict(num_workers=1),
        optim_wrapper=dict(optimizer=dict(lr=1e-3)),
        param_scheduler=[
            dict(type='LinearLR', by_epoch=False, begin=0, end=15,
                 start_factor=0.01),
            dict(type='MultiStepLR', by_epoch=False, milestones=[105, 135],
                 gamma=0.1)],
        default_hooks=dict(checkpoint=dict(interval=50))))
