"""Transforms of person crops."""
from .augment import (
    REFERENCE,
    STRONG,
    WEAK,
    CropAffine,
    CropBackground,
    CropBlur,
    CropColour,
    CropErase,
    CropFlip,
    CropPadShift,
    CropTransform,
)

__all__ = [
    'REFERENCE',
    'STRONG',
    'WEAK',
    'CropAffine',
    'CropBackground',
    'CropBlur',
    'CropColour',
    'CropErase',
    'CropFlip',
    'CropPadShift',
    'CropTransform',
]
