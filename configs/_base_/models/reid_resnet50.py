_base_ = './reid_seresnext50.py'
encoder = dict(backbone=dict(
    _delete_=True,
    type='mmdet.ResNet',
    depth=50,
    strides=(1, 2, 2, 1),
    out_indices=(3, ),
    norm_eval=False,
    zero_init_residual=False))
