# Beyond the paper. Values and what is on were chosen on TUD-Campus: what
# helps there, and over a range of values. Also there to be tried:
#   model.tracker.threshold=dict(type='WindowedThreshold', window=15)
#   model.merger.gate=dict(type='MotionGate')
plus_merger = dict(max_gap=45)
plus_stages = [
    dict(type='TrackPruning', min_length=5, min_confidence=0.7),
    dict(type='GapFilling', max_gap=15, min_iou=0.5),
]
