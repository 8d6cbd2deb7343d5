# Real pedestrian video: TUD-Campus is the labelled set, TUD-Stadtmitte and
# ADL-Rundle-6a the targets. The encoder, small enough for a CPU, starts as
# an OSNet x0.25 trained on MSMT17, its norms folded into the convolutions.
# What was chosen beside the paper's settings, and why: docs/encoder.md.
_base_ = ['remots_mots20.py', '_base_/schedules/fine_tuning.py']
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
    training=_base_.fine_tuning)
