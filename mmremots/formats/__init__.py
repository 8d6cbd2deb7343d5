"""Files and objects of other libraries, read into the table and written."""
from .coco_results import read_coco_results
from .instance_pngs import read_instance_pngs, write_instance_pngs
from .observation_files import (
    read_detections,
    read_mots,
    write_detections,
    write_mots,
)
from .track_files import read_tracks

__all__ = [
    'read_coco_results', 'read_detections', 'read_instance_pngs', 'read_mots',
    'read_tracks', 'write_detections', 'write_instance_pngs', 'write_mots'
]
