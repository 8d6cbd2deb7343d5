"""The built-in sample: a small street scene, rendered on first use.

People with clothes of their own walk about, cross, hide one another, leave
and come back under a moving camera; two simulated detectors see them, each
in its own flawed way. The ground truth is exact. It shows that everything
runs; it says little about real video.
"""
from .build import ensure_sample, render_sample
from .dataset import SampleDataset
from .render import SequenceSpec

__all__ = ['SampleDataset', 'SequenceSpec', 'ensure_sample', 'render_sample']
