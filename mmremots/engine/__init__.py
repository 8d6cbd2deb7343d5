"""The loop over the stages of a run, and what they share."""
from .loop import ReMOTSLoop
from .run import Run
from .run_folder import RunFolder
from .stages import (
    GapFilling,
    InterTrackletTraining,
    IntraFrameTraining,
    LabelledTraining,
    MaskGeneration,
    Merging,
    ShortTermTracking,
    TrackletSplitting,
    TrackPruning,
)

__all__ = [
    'GapFilling', 'InterTrackletTraining', 'IntraFrameTraining',
    'LabelledTraining', 'MaskGeneration', 'Merging', 'ReMOTSLoop', 'Run',
    'RunFolder', 'ShortTermTracking', 'TrackPruning', 'TrackletSplitting',
]
