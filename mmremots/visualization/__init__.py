"""Pictures of results: mask overlays, histograms, timelines."""
from mmremots.structures.drawing import draw_masks, track_color

from .overlays import write_overlays
from .plots import (
    histogram,
    histogram_overlap,
    plot_merge_threshold,
    plot_separation,
    plot_short_threshold,
    plot_timeline,
)
from .track_visualizer import TrackOverlayVisualizer

__all__ = [
    'TrackOverlayVisualizer',
    'draw_masks',
    'histogram',
    'histogram_overlap',
    'plot_merge_threshold',
    'plot_separation',
    'plot_short_threshold',
    'plot_timeline',
    'track_color',
    'write_overlays',
]
