"""Models of multi-object tracking and segmentation."""
from .remots import ReMOTS

__all__ = ['ReMOTS']
