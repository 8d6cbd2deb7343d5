"""Scores, and the files that are scored."""
from .mots_evaluation import COMBINED, evaluate_mots, format_tables
from .mots_files import check_ground_truth, read_checked_mots
from .mots_metric import KittiMOTSMetric, MOTSChallengeMetric
from .submission import write_submission

__all__ = [
    'COMBINED',
    'KittiMOTSMetric',
    'MOTSChallengeMetric',
    'check_ground_truth',
    'evaluate_mots',
    'format_tables',
    'read_checked_mots',
    'write_submission',
]
