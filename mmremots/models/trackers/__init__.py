"""Trackers."""
from .association import sure_similarities
from .overlaps import (
    adjacent_overlaps,
    frames_to_read,
    overlaps_along_flow,
)
from .short_term_tracker import ShortTermTracker

__all__ = [
    'ShortTermTracker', 'adjacent_overlaps', 'frames_to_read',
    'overlaps_along_flow',
    'sure_similarities',
]
