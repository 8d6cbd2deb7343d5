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
    training=dict(
        max_iters=12000,
        # What 12000 batches are to the masks of MOTS20 test. In a training
        # of that length a short video would be learned by heart.
        max_views=12,
        batch_size=64,
        # Up to 8 people of a frame, two views each, all known to differ.
        group_size=16,
        start_share=0.0,
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=5e-4)),
        schedule=dict(warmup=10 / 120, milestones=[40 / 120, 70 / 120]),
        amp=True,
        num_workers=2,
        checkpoint_interval=500,
        log_interval=50))
