"""Suppression, thresholds and merging: the steps between networks."""
from .iom_nms import IoMNMS
from .motion_veto import MotionVeto
from .similarities import (
    centred_features,
    intra_frame_similarities,
    pair_similarities,
    unit_features,
    within_tracklet_similarities,
)
from .thresholds import (
    CrossingThreshold,
    Evidence,
    ThreeSigmaThreshold,
    Threshold,
)
from .tracking_steps import BaseMerger, BaseShortTermTracker, Tracked
from .tracklet_merger import TrackletMerger
from .tracklet_splitting import split_tracklets

__all__ = [
    'BaseMerger', 'BaseShortTermTracker', 'CrossingThreshold', 'Evidence',
    'IoMNMS', 'MotionVeto', 'ThreeSigmaThreshold', 'Threshold', 'Tracked',
    'TrackletMerger', 'centred_features', 'intra_frame_similarities',
    'pair_similarities',
    'split_tracklets', 'unit_features', 'within_tracklet_similarities',
]
