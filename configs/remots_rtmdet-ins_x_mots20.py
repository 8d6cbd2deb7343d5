_base_ = 'remots_mots20.py'
model = dict(detector=dict(sources=[dict(
    type='InstanceSegmenter',
    config='{{ fileDirname }}/detectors/rtmdet-ins_x.py')]))
