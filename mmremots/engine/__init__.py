"""The loop over the stages of a run, and what they share."""
from .loop import ReMOTSLoop
from .run import Run
from .run_folder import RunFolder
from .runner import ReMOTSRunner
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
    'LabelledTraining', 'MaskGeneration', 'Merging', 'ReMOTSLoop',
    'ReMOTSRunner', 'Run', 'RunFolder', 'ShortTermTracking', 'TrackPruning',
    'TrackletSplitting',
]
