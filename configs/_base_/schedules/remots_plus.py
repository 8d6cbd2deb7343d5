# Beyond the paper: each part is off in the paper's config. What is on, and
# its values, were chosen on TUD-Campus alone; docs/trackers.md has a row of
# each. Two more are there, but off, since they gained nothing:
#   model.tracker.threshold=dict(type='WindowedThreshold', window=15)
#   model.merger.gate=dict(type='MotionGate')
plus_model = dict(merger=dict(max_gap=45))
plus_stages = [
    dict(type='TrackPruning', min_length=10, min_confidence=0.7),
    dict(type='GapFilling', max_gap=15, min_iou=0.5),
]
