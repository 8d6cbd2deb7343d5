# Any video of people: no labelled set, no GPU, no training. Needs weights
# from the network once (PyTorch keeps them), or files in their place:
#   load_from=...                                      an OSNet x0.25
#   model.detector.sources.0.checkpoint=...            the detector
# and any other detector of mmdet for this one. `labelled` and `training` are
# looked at only if one of the two trainings is put into the stages.
_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/mots20_videos.py',
    '_base_/models/remots.py',
    '_base_/models/reid_osnet_x0_25.py',
    '_base_/schedules/remots.py',
    '_base_/schedules/remots_plus.py',
    '_base_/schedules/fine_tuning.py',
]
# OSNet x0.25 trained on all of MSMT17, of torchreid's model zoo.
load_from = (
    'https://huggingface.co/kaiyangzhou/osnet/resolve/main/'
    'osnet_x0_25_msmt17_combineall_256x128_amsgrad_ep150_stp60_lr0.0015_b64_'
    'fb10_softmax_labelsmooth_flip_jitter.pth')
model = dict(
    _base_.plus_model,
    detector=dict(sources=[dict(
        type='InstanceSegmenter',
        config='mmdet::mask_rcnn/mask-rcnn_r50_fpn_ms-poly-3x_coco.py',
        checkpoint='https://download.openmmlab.com/mmdetection/v2.0/'
        'mask_rcnn/mask_rcnn_r50_fpn_mstrain-poly_3x_coco/'
        'mask_rcnn_r50_fpn_mstrain-poly_3x_coco_20210524_201154-21b550bb.pth'
    )]),
    # The trainings, if any, change the last layers alone.
    reid=dict(_base_.encoder, backbone=dict(
        _base_.encoder.backbone, frozen_stages=2), neck=dict(
        _base_.encoder.neck, norm_eval=True), head=dict(
        _base_.encoder.head,
        loss_triplet=dict(type='TripletLoss', margin=0.6, normalize=True))))
test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmremots.VideoFiles', files='video.mp4',
    frames_dir='data/frames', pipeline=_base_.frames_pipeline,
    test_mode=True))
test_cfg = dict(
    stages=[
        dict(type='MaskGeneration'),
        dict(type='ShortTermTracking'),
        dict(type='TrackletSplitting'),
        dict(type='Merging'),
        dict(type='TrackPruning'),
        dict(type='TrackExtension'),
        dict(type='GapFilling'),
    ],
    labelled=dict(
        type='mmremots.SampleDataset', data_root='data/sample', split='train',
        test_mode=True),
    training=_base_.fine_tuning)
