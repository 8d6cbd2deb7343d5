"""Masks and the table of observations."""
from .files import atomic_path, file_sha256, has_file
from .observation_files import (
    read_coco_results,
    read_detections,
    read_mots,
    write_detections,
    write_mots,
)
from .observations import Observations

__all__ = [
    'Observations', 'atomic_path', 'file_sha256', 'has_file',
    'read_coco_results', 'read_detections', 'read_mots', 'write_detections',
    'write_mots'
]
