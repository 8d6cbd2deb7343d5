# reid-strong-baseline: Adam; a linear warm-up from 0.109 to 1 over the first
# ten of 120 epochs; a tenth of the rate from the 40th epoch, a hundredth from
# the 70th.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=5e-4))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.109,
        by_epoch=True,
        begin=0,
        end=10),
    dict(
        type='MultiStepLR',
        milestones=[39, 69],
        gamma=0.1,
        by_epoch=True),
]
train_cfg = dict(by_epoch=True, max_epochs=120)
