"""Sequences, datasets and transforms."""
from .sequences import (
    Sequence,
    find_sequences,
    read_frame,
    read_sequence,
)

__all__ = [
    'Sequence',
    'find_sequences',
    'read_frame',
    'read_sequence',
]
