"""Trackers."""
from .association import sure_links, sure_similarities
from .overlaps import Overlaps, adjacent_overlaps, frames_to_read
from .short_term_tracker import ShortTermTracker, Tracked

__all__ = [
    'Overlaps', 'ShortTermTracker', 'Tracked', 'adjacent_overlaps',
    'frames_to_read', 'sure_links', 'sure_similarities',
]
