"""Trackers."""
from .association import sure_similarities
from .overlaps import adjacent_overlaps, frames_to_read
from .short_term_tracker import ShortTermTracker

__all__ = [
    'ShortTermTracker', 'adjacent_overlaps', 'frames_to_read',
    'sure_similarities',
]
