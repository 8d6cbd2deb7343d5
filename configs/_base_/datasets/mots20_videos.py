# The videos of MOTS20 test, as downloaded: the targets of a run. An item is a
# video without its images: ReMOTS reads them from disk, one at a time.
frames_pipeline = [
    dict(type='TransformBroadcaster', transforms=[]),
    dict(
        type='mmdet.PackTrackInputs',
        meta_keys=('sequence', 'frame_rate', 'class_ids')),
]
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmremots.MOTSChallengeDataset',
        data_root='data/MOTS20/test',
        sequences=['MOTS20-01', 'MOTS20-06', 'MOTS20-07', 'MOTS20-12'],
        pipeline=frames_pipeline,
        test_mode=True))
