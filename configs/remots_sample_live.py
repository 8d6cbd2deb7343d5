# The built-in sample with detectors that run on its frames, not detections
# in files. Train the two first, some minutes each on a CPU:
#   python tools/train.py configs/detectors/mask-rcnn_r18_sample.py
#   python tools/train.py configs/detectors/cascade-mask-rcnn_r18_sample.py
_base_ = 'remots_sample.py'
model = dict(detector=dict(sources=[
    dict(
        type='InstanceSegmenter',
        config='{{ fileDirname }}/detectors/mask-rcnn_r18_sample.py',
        checkpoint='work_dirs/mask-rcnn_r18_sample/epoch_12.pth',
        classes={'pedestrian': 2}),
    dict(
        type='InstanceSegmenter',
        config='{{ fileDirname }}/detectors/cascade-mask-rcnn_r18_sample.py',
        checkpoint='work_dirs/cascade-mask-rcnn_r18_sample/epoch_12.pth',
        classes={'pedestrian': 2}),
]))
