# The frames of the built-in sample, rendered on first use.
_base_ = 'mots20_frames.py'
train_dataloader = dict(
    batch_size=2,
    num_workers=1,
    dataset=dict(
        videos=dict(
            _delete_=True, type='SampleDataset', data_root='data/sample',
            split='train'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
            dict(type='mmdet.PhotoMetricDistortion'),
            dict(type='mmdet.RandomCrop', crop_size=(256, 320)),
            dict(type='mmdet.RandomFlip', prob=0.5),
            dict(type='mmdet.PackDetInputs'),
        ]))
test_dataloader = dict(
    num_workers=1,
    dataset=dict(
        videos=dict(
            _delete_=True, type='SampleDataset', data_root='data/sample',
            split='test'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmdet.Resize', scale=(384, 288), keep_ratio=True),
            dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
            dict(
                type='mmdet.PackDetInputs',
                meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                           'scale_factor', 'instances')),
        ]))
