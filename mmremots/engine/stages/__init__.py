"""The steps of a run."""
from .base import SequenceStage, Stage
from .masks import MaskGeneration
from .merging import Merging
from .tracking import ShortTermTracking
from .training import (
    InterTrackletTraining,
    IntraFrameTraining,
    LabelledTraining,
)

__all__ = [
    'InterTrackletTraining', 'IntraFrameTraining', 'LabelledTraining',
    'MaskGeneration', 'Merging', 'SequenceStage', 'ShortTermTracking',
    'Stage',
]
