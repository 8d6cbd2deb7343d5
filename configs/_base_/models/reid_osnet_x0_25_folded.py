# For weights whose norms are folded into the convolutions: ONNX files.
_base_ = './reid_osnet_x0_25.py'
encoder = dict(backbone=dict(norm_cfg=None), neck=dict(norm_eval=True))
