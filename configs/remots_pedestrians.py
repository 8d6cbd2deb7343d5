# Real pedestrian video: TUD-Campus is the labelled set, TUD-Stadtmitte and
# ADL-Rundle-6a the targets. The encoder, small enough for a CPU, starts as
# an OSNet x0.25 trained on MSMT17, its norms folded into the convolutions.
# What was chosen beside the paper's settings, and why: docs/encoder.md.
_base_ = 'remots_mots20.py'
load_from = '../shared/weights/osnet_x0_25_msmt17.onnx'
model = dict(
    reid=dict(
        backbone=dict(
            _delete_=True, type='OSNet', widen_factor=0.25, norm_cfg=None,
            frozen_stages=2),
        neck=dict(
            _delete_=True, type='OSNetNeck', in_channels=128,
            out_channels=512, norm_eval=True),
        head=dict(
            in_channels=512,
            loss_triplet=dict(margin=0.6, normalize=True))),
    # The paper's is 15 frames. TUD-Campus and rendered sequences: 2 to 3 s.
    merger=dict(max_seconds=2.5))
test_dataloader = dict(dataset=dict(
    data_root='../shared/data/pedestrians',
    sequences=['TUD-Stadtmitte', 'ADL-Rundle-6a']))
test_cfg = dict(
    labelled=dict(
        data_root='../shared/data/pedestrians',
        sequences=['TUD-Campus']),
    training=dict(
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
        default_hooks=dict(checkpoint=dict(interval=50))))
