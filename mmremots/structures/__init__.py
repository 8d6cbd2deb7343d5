"""Masks and the table of observations."""
from .coco_results import read_coco_results
from .files import atomic_path, file_sha256, has_file
from .instance_pngs import read_instance_pngs, write_instance_pngs
from .observation_files import (
    read_detections,
    read_mots,
    write_detections,
    write_mots,
)
from .observations import Observations
from .overlaps import Overlaps, sure_links
from .track_files import read_tracks

__all__ = [
    'Observations', 'Overlaps', 'atomic_path', 'file_sha256', 'has_file',
    'read_coco_results', 'read_detections', 'read_instance_pngs', 'read_mots',
    'read_tracks', 'sure_links', 'write_detections', 'write_instance_pngs',
    'write_mots'
]
