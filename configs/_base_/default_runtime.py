default_scope = 'mmremots'
runner_type = 'mmremots.ReMOTSRunner'
custom_imports = dict(imports=['mmremots'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # A process may wait for the longest video of another one; torchrun ends
    # all when one dies, so a wait that is long is no hang.
    dist_cfg=dict(backend='nccl', timeout=7 * 24 * 3600))
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50),
    visualization=dict(type='mmdet.TrackVisualizationHook', draw=False))
visualizer = dict(
    type='mmremots.TrackOverlayVisualizer',
    vis_backends=[dict(type='LocalVisBackend')])
randomness = dict(seed=0)
log_level = 'INFO'
load_from = None
resume = False
