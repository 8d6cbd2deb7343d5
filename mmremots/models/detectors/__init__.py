"""Where masks come from."""
from .base import BaseMaskSource
from .detections_from_file import DetectionsFromFile
from .instance_segmenter import InstanceSegmenter
from .live_detector import LiveDetector
from .mask_fusion import MaskFusion, fuse

__all__ = [
    'BaseMaskSource', 'DetectionsFromFile', 'InstanceSegmenter',
    'LiveDetector', 'MaskFusion', 'fuse',
]
