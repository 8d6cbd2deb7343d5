# Tracks of any tracker, refined: no labelled set, no GPU, no training. Masks
# come with the tracks, so no detector is ever asked.
_base_ = 'remots_plus_video.py'
model = dict(detector=dict(sources=[
    dict(type='DetectionsFromFile', path='no detector is asked')]))
test_cfg = dict(stages=[
    dict(type='TrackletsFromFile', path='tracks/{sequence}.txt'),
    dict(type='TrackletSplitting'),
    dict(type='Merging'),
    dict(type='TrackPruning'),
    dict(type='TrackExtension'),
    dict(type='GapFilling'),
])
