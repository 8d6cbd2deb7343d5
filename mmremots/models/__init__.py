"""The parts of ReMOTS."""
from . import detectors, mot, motion, reid, task_modules, trackers

__all__ = [
    'detectors', 'mot', 'motion', 'reid', 'task_modules', 'trackers',
]
