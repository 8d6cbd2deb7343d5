"""Suppression, thresholds and merging: the steps between networks."""
from .iom_nms import IoMNMS
from .similarities import (
    intra_frame_similarities,
    unit_features,
    within_tracklet_similarities,
)
from .thresholds import CrossingThreshold, ThreeSigmaThreshold, Threshold
from .tracklet_merger import TrackletMerger

__all__ = [
    'CrossingThreshold', 'IoMNMS', 'ThreeSigmaThreshold', 'Threshold',
    'TrackletMerger', 'intra_frame_similarities', 'unit_features',
    'within_tracklet_similarities',
]
