"""Scores, and the files that are scored."""
from .mistakes import FalseTrack, IdSwitch, find_mistakes
from .mots_evaluation import (
    COMBINED,
    evaluate_mots,
    format_tables,
    score_tables,
)
from .mots_files import check_ground_truth, read_checked_mots
from .mots_metric import KittiMOTSMetric, MOTSChallengeMetric
from .retrieval_metric import RetrievalMetric
from .submission import write_submission

__all__ = [
    'COMBINED',
    'FalseTrack',
    'IdSwitch',
    'KittiMOTSMetric',
    'MOTSChallengeMetric',
    'RetrievalMetric',
    'check_ground_truth',
    'evaluate_mots',
    'find_mistakes',
    'format_tables',
    'read_checked_mots',
    'score_tables',
    'write_submission',
]
