# The built-in sample, every part of ReMOTS being ours.
_base_ = 'mmremots::remots/remots_sample.py'
custom_imports = dict(imports=['club_remots'])
model = dict(
    detector=dict(sources=[dict(type='ColourBlobs', score_thr=0.2)]),
    reid=dict(_delete_=True, type='ShirtAndTrousers', crop_size=(64, 32)),
    tracker=dict(_delete_=True, type='GreedyOverlap'),
    merger=dict(_delete_=True, type='MostAlikeFirst'))
test_cfg = dict(stages=[
    dict(type='MaskGeneration'),
    dict(type='IntraFrameTraining'),
    dict(type='ShortTermTracking'),
    dict(type='InterTrackletTraining'),
    dict(type='Merging'),
    dict(type='SeenOften', least=2),
])
