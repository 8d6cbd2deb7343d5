"""Masks, the table of observations, videos: what everything is made of."""
from .files import atomic_path, file_sha256, has_file
from .observations import Observations
from .overlaps import Overlaps, sure_links

__all__ = [
    'Observations', 'Overlaps', 'atomic_path', 'file_sha256', 'has_file',
    'sure_links'
]
