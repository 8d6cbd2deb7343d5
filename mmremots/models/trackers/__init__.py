"""Trackers."""
from .short_term_tracker import (
    Overlaps,
    ShortTermTracker,
    Tracked,
    adjacent_overlaps,
    frames_to_read,
    sure_links,
    sure_similarities,
)

__all__ = [
    'Overlaps', 'ShortTermTracker', 'Tracked', 'adjacent_overlaps',
    'frames_to_read', 'sure_links', 'sure_similarities',
]
