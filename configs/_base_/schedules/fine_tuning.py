# Trainings of an encoder that knows people already and is small enough for a
# CPU: test_cfg = dict(training=_base_.fine_tuning), over schedules/remots.py.
# Chosen on TUD-Campus: docs/encoder.md.
fine_tuning = dict(
    # Half of what the encoder knows is kept in the training that sees
    # nobody twice; the tracklets of the other are worth all of it.
    intra=dict(start_share=0.5),
    # The length follows the number of crops. More views of each, and 71
    # frames of TUD-Campus are learned by heart.
    max_views=4,
    train_dataloader=dict(num_workers=1),
    optim_wrapper=dict(optimizer=dict(lr=2e-4)),
    param_scheduler=[
        dict(type='LinearLR', by_epoch=False, begin=0, end=1200,
             start_factor=0.01),
        dict(type='MultiStepLR', by_epoch=False,
             milestones=[7200, 10200], gamma=0.1)],
    default_hooks=dict(checkpoint=dict(interval=50)))
