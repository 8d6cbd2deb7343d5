_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/reid_osnet_x1_0.py',
    '../_base_/datasets/mots20_crops.py',
    '../_base_/schedules/reid_120e.py',
]
# Not less than there are people; MOTS20 train has 228.
model = dict(_base_.encoder, head=dict(_base_.encoder.head, num_classes=228))
default_hooks = dict(checkpoint=dict(
    type='CheckpointHook', by_epoch=False, interval=2000, max_keep_ckpts=2))
