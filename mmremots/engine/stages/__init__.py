"""The steps of a run."""
from .base import Stage, TrackStage, VideoStage
from .masks import MaskGeneration
from .merging import Merging
from .refinement import GapFilling, TrackExtension, TrackPruning
from .tracking import ShortTermTracking, TrackletSplitting, TrackletStage
from .tracks_given import TrackletsFromFile
from .training import (
    InterTrackletTraining,
    IntraFrameTraining,
    LabelledTraining,
)

__all__ = [
    'GapFilling',
    'InterTrackletTraining',
    'IntraFrameTraining',
    'LabelledTraining',
    'MaskGeneration',
    'Merging',
    'ShortTermTracking',
    'Stage',
    'TrackExtension',
    'TrackPruning',
    'TrackStage',
    'TrackletSplitting',
    'TrackletStage',
    'TrackletsFromFile',
    'VideoStage',
]
