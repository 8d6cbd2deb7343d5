_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/reid_osnet_x0_25.py',
    '../_base_/schedules/reid_120e.py',
]
model = _base_.encoder
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=40))
