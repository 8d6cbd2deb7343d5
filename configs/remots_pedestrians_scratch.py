# The same videos, with an encoder that knows nothing but the labelled set:
# an OSNet x0.25 with norms, from random weights, trained on TUD-Campus alone
# before the five steps.
_base_ = 'remots_pedestrians.py'
load_from = None
model = dict(reid=dict(
    backbone=dict(norm_cfg=dict(_delete_=True, type='BN'), frozen_stages=-1),
    neck=dict(norm_eval=False)))
test_cfg = dict(
    stages=[
        dict(type='LabelledTraining'),
        dict(type='MaskGeneration'),
        dict(type='IntraFrameTraining'),
        dict(type='ShortTermTracking'),
        dict(type='InterTrackletTraining'),
        dict(type='Merging'),
    ],
    # There is not much to keep of the start, and everything to learn.
    training=dict(
        train_dataloader=dict(dataset=dict(group_size=8)),
        intra=dict(start_share=0.0),
        labelled=dict(max_iters=100),
        optim_wrapper=dict(optimizer=dict(lr=3.5e-4)),
        param_scheduler=[
            dict(type='LinearLR', by_epoch=False, begin=0, end=1200,
                 start_factor=0.01),
            dict(type='MultiStepLR', by_epoch=False,
                 milestones=[8400, 10800], gamma=0.1)]))
