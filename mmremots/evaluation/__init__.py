"""Scores, and the files that are scored."""
from .mots_evaluation import COMBINED, evaluate_mots, format_tables
from .mots_files import read_checked_mots
from .mots_metric import MOTSChallengeMetric
from .submission import write_submission

__all__ = [
    'COMBINED',
    'MOTSChallengeMetric',
    'evaluate_mots',
    'format_tables',
    'read_checked_mots',
    'write_submission',
]
