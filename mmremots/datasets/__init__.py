"""Sequences, datasets and transforms."""
from .annotated_crops import AnnotatedCrops, AnnotatedGroups
from .collate import collate_groups
from .crops import CropStore, cut_crops
from .mots_challenge import KittiMOTSDataset, MOTSChallengeDataset
from .mots_frames import MOTSFrames
from .relations import relation_matrix
from .sample import SampleDataset
from .sequences import find_sequences, read_sequence
from .triplets import (
    InterTrackletTriplets,
    IntraFrameTriplets,
    LabelledCrops,
    NoGroupsError,
)
from .video_files import VideoFiles, read_video, write_sequence

__all__ = [
    'AnnotatedCrops',
    'AnnotatedGroups',
    'CropStore',
    'InterTrackletTriplets',
    'IntraFrameTriplets',
    'KittiMOTSDataset',
    'LabelledCrops',
    'MOTSChallengeDataset',
    'MOTSFrames',
    'NoGroupsError',
    'SampleDataset',
    'VideoFiles',
    'collate_groups',
    'cut_crops',
    'find_sequences',
    'read_sequence',
    'read_video',
    'relation_matrix',
    'write_sequence',
]
