# The built-in sample with detectors that run on its frames, not detections
# in files. Train the two first, a quarter of an hour each on a core:
#   python tools/train.py configs/detectors/mask-rcnn_r18_sample.py
#   python tools/train.py configs/detectors/cascade-mask-rcnn_r18_sample.py
# Least scores were chosen on the sample: the surer of both, since every false
# mask of either stays in a union.
_base_ = 'remots_sample.py'
model = dict(detector=dict(sources=[
    dict(
        type='InstanceSegmenter',
        config='{{ fileDirname }}/detectors/mask-rcnn_r18_sample.py',
        checkpoint='work_dirs/mask-rcnn_r18_sample/epoch_24.pth',
        score_thr=0.9,
        classes={'pedestrian': 2}),
    dict(
        type='InstanceSegmenter',
        config='{{ fileDirname }}/detectors/cascade-mask-rcnn_r18_sample.py',
        checkpoint='work_dirs/cascade-mask-rcnn_r18_sample/epoch_24.pth',
        score_thr=0.8,
        classes={'pedestrian': 2}),
]))
