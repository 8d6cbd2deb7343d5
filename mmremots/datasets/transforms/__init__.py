"""Transforms of person crops."""
from .augment import (
    REFERENCE,
    STRONG,
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
    'CropAffine',
    'CropBackground',
    'CropBlur',
    'CropColour',
    'CropErase',
    'CropFlip',
    'CropPadShift',
    'CropTransform',
]
