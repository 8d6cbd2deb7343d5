"""Suppression, thresholds and merging: the steps between networks."""
from .iom_nms import IoMNMS
from .motion_gate import MotionGate
from .similarities import (
    centred_features,
    intra_frame_similarities,
    pair_similarities,
    unit_features,
    within_tracklet_similarities,
)
from .thresholds import CrossingThreshold, ThreeSigmaThreshold, Threshold
from .tracklet_merger import TrackletMerger
from .windowed_threshold import WindowedThreshold

__all__ = [
    'CrossingThreshold', 'IoMNMS', 'MotionGate', 'ThreeSigmaThreshold',
    'Threshold', 'TrackletMerger', 'WindowedThreshold',
    'centred_features', 'intra_frame_similarities', 'pair_similarities',
    'unit_features', 'within_tracklet_similarities',
]
