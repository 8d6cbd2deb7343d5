# The five steps of the paper, and the training settings of its reference
# (reid-strong-baseline): Adam 3.5e-4, weight decay 5e-4, batch 64, warm-up
# over 10 of 120 epochs, steps after 40 and 70.
test_cfg = dict(
    type='mmremots.ReMOTSLoop',
    stages=[
        dict(type='MaskGeneration'),
        dict(type='IntraFrameTraining'),
        dict(type='ShortTermTracking'),
        dict(type='InterTrackletTraining'),
        dict(type='Merging'),
    ],
    # What both trainings share: settings of mmengine's runner, and how often
    # a crop may be seen.
    training=dict(
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=12000),
        # What 12000 batches are to the masks of MOTS20 test. In a training
        # of that length a short video would be learned by heart. A training
        # that is shorter by this or by max_iters=... has a shorter schedule.
        max_views=12,
        start_share=0.0,
        # A batch of 64: two groups, 16 labelled and 16 target crops each. Up
        # to 8 people of a frame, two views each, all known to differ.
        train_dataloader=dict(
            batch_size=2, num_workers=2, dataset=dict(group_size=16)),
        labelled=dict(train_dataloader=dict(batch_size=4)),
        # Without a GPU a plain OptimWrapper.
        optim_wrapper=dict(
            type='AmpOptimWrapper',
            optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=5e-4)),
        param_scheduler=[
            dict(type='LinearLR', by_epoch=False, begin=0, end=1000,
                 start_factor=0.01),
            dict(type='MultiStepLR', by_epoch=False,
                 milestones=[4000, 7000], gamma=0.1)],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=50),
            # Two are kept: the older one is removed before the newer one is
            # on disk.
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=500,
                max_keep_ckpts=2, save_last=True))))
