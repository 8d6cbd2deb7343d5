"""Where masks come from."""
from .detections_from_file import DetectionsFromFile
from .mask_fusion import MaskFusion, fuse

__all__ = ['DetectionsFromFile', 'MaskFusion', 'fuse']
