"""Where masks come from."""
from .detections_from_file import DetectionsFromFile
from .instance_segmenter import InstanceSegmenter
from .live_detector import LiveDetector
from .mask_fusion import MaskFusion, fuse

__all__ = [
    'DetectionsFromFile', 'InstanceSegmenter', 'LiveDetector', 'MaskFusion',
    'fuse'
]
