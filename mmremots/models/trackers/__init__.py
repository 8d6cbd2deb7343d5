"""Trackers."""
from .short_term_tracker import ShortTermTracker, frames_to_read

__all__ = ['ShortTermTracker', 'frames_to_read']
