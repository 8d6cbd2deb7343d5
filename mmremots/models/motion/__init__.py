"""Motion between frames."""
from .dense_flow import DenseFlow, warp_labels

__all__ = ['DenseFlow', 'warp_labels']
