# reid-strong-baseline with SE-ResNeXt50: model, losses and schedule. A run
# adds the data, 16 identities of 4 crops a batch, and model.head.num_classes.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/reid_seresnext50.py',
    '../_base_/schedules/reid_120e.py',
]
model = _base_.encoder
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=40))
