# mmtrack's DeepSORT as in its own config, with an encoder of ours. The
# detector is small and not trained: it finds what it finds.
_base_ = './tiny_segmenter.py'
default_scope = 'mmtrack'
detector = _base_.model
detector.pop('data_preprocessor')
detector.backbone.init_cfg = None
detector.test_cfg.rcnn.score_thr = 0.0
detector['_scope_'] = 'mmdet'
model = dict(
    _delete_=True,
    type='mmtrack.DeepSORT',
    _scope_='mmtrack',
    data_preprocessor=dict(
        type='TrackDataPreprocessor', mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375], bgr_to_rgb=True, pad_size_divisor=32),
    detector=detector,
    reid=dict(
        type='mmremots.ReIDEncoder',
        crop_size=(128, 64),
        backbone=dict(
            type='mmdet.ResNet', depth=18, base_channels=32,
            out_indices=(3, )),
        head=dict(type='mmremots.BNNeckHead', in_channels=256)),
    motion=dict(type='KalmanFilter', center_only=False),
    tracker=dict(
        type='SORTTracker', obj_score_thr=0.0, match_iou_thr=0.5,
        reid=dict(num_samples=10, img_scale=(128, 64), img_norm_cfg=None,
                  match_score_thr=2.0),
        num_tentatives=2, num_frames_retain=100))
test_dataloader = dict(_delete_=True, dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='mmtrack.LoadTrackAnnotations'),
    dict(type='mmdet.Resize', scale=(320, 240), keep_ratio=True),
    dict(type='mmtrack.PackTrackInputs', pack_single_img=True)]))
