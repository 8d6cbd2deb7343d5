"""The report: one page of a run that opens from disk."""
from .data import (
    NO_TRACKLET,
    Decision,
    Face,
    Mistake,
    RunData,
    Table,
    VideoData,
)
from .page import write_page
from .timeline import find_cuts

__all__ = [
    'NO_TRACKLET',
    'Decision',
    'Face',
    'Mistake',
    'RunData',
    'Table',
    'VideoData',
    'find_cuts',
    'write_page',
]
