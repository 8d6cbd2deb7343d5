# The paper's two detectors, live. For Detectron2's own X152 instead of the
# model of mmdet: detectors/cascade-mask-rcnn_x152_detectron2.py
_base_ = 'remots_mots20.py'
model = dict(detector=dict(sources=[
    dict(type='InstanceSegmenter',
         config='{{ fileDirname }}/detectors/cascade-mask-rcnn_x152.py'),
    dict(type='InstanceSegmenter',
         config='{{ fileDirname }}/detectors/mask-rcnn_x101-64x4d.py')]))
