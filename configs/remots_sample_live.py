# The built-in sample with detectors that run on its frames, not detections
# in files. Train the two first, 8 and 15 minutes on a core:
#   python tools/train.py configs/detectors/mask-rcnn_r18_sample.py
#   python tools/train.py configs/detectors/cascade-mask-rcnn_r18_sample.py
_base_ = 'remots_sample.py'
model = dict(detector=dict(sources=[
    dict(
        type='InstanceSegmenter',
        config='{{ fileDirname }}/detectors/mask-rcnn_r18_sample.py',
        checkpoint='work_dirs/mask-rcnn_r18_sample/epoch_24.pth',
        classes={'pedestrian': 2}),
    dict(
        type='InstanceSegmenter',
        config='{{ fileDirname }}/detectors/cascade-mask-rcnn_r18_sample.py',
        checkpoint='work_dirs/cascade-mask-rcnn_r18_sample/epoch_24.pth',
        classes={'pedestrian': 2}),
]))
