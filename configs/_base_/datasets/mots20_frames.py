# The frames of MOTS20 train, as downloaded, for detectors of mmdet. Regions
# that the annotators left out become ignored instances.
custom_imports = dict(imports=['mmremots.datasets'])
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='RandomChoiceResize', resize_type='mmdet.Resize',
        scales=[(1600, 640), (1600, 720), (1600, 800), (1600, 900)],
        keep_ratio=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=(1600, 900), keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    # CocoMetric takes ground truth from the instances, without a JSON.
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'instances')),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='mmdet.AspectRatioBatchSampler'),
    dataset=dict(
        type='mmremots.MOTSFrames',
        videos=dict(
            type='MOTSChallengeDataset',
            data_root='data/MOTS20/train',
            sequences=['MOTS20-02', 'MOTS20-05', 'MOTS20-09', 'MOTS20-11']),
        filter_cfg=dict(filter_empty_gt=True, min_size=32),
        pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmremots.MOTSFrames',
        videos=train_dataloader['dataset']['videos'],
        test_mode=True,
        pipeline=test_pipeline))
test_evaluator = dict(type='mmdet.CocoMetric', metric=['bbox', 'segm'])
test_cfg = dict(type='TestLoop')
