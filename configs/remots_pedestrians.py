# Real pedestrian video: TUD-Campus is the labelled set, TUD-Stadtmitte and
# ADL-Rundle-6a the targets. An OSNet x0.25 trained on MSMT17 is where the
# encoder starts: small enough for a CPU.
_base_ = [
    'remots_mots20.py',
    '_base_/models/reid_osnet_x0_25.py',
]
load_from = '../shared/weights/osnet_x0_25_msmt17.onnx'
model = dict(reid=dict(_delete_=True, **_base_.encoder))
test_dataloader = dict(dataset=dict(
    data_root='../shared/data/pedestrians',
    sequences=['TUD-Stadtmitte', 'ADL-Rundle-6a']))
test_cfg = dict(
    labelled=dict(
        data_root='../shared/data/pedestrians',
        sequences=['TUD-Campus']),
    training=dict(max_iters=300, num_workers=1))
