# reid-strong-baseline, its 120 epochs as 100 iterations each: Adam; a linear
# warm-up over the first ten; a tenth of the rate from the 40th, a hundredth
# from the 70th.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=5e-4))
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, begin=0, end=1000,
         start_factor=0.01),
    dict(type='MultiStepLR', by_epoch=False, milestones=[3900, 6900],
         gamma=0.1),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=12000, val_interval=2000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
log_processor = dict(by_epoch=False)
