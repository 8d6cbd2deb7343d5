"""Sequences, datasets and transforms."""
from .mots_challenge import MOTSChallengeDataset
from .sequences import (
    Sequence,
    find_sequences,
    read_frame,
    read_sequence,
)

__all__ = [
    'MOTSChallengeDataset',
    'Sequence',
    'find_sequences',
    'read_frame',
    'read_sequence',
]
