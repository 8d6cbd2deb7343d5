"""How well an encoder finds people again, as a metric of mmengine."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmremots.models.task_modules import centred_features
from mmremots.registry import METRICS

from .embedding_quality import retrieval_scores


@METRICS.register_module()
class RetrievalMetric(BaseMetric):
    """Rank-1 accuracy and mAP within each video, by annotated people.

    See :func:`retrieval_scores`. Of several videos it is the mean over all
    queries.

    Args:
        centred: Whether features are centred over a video before they are
            compared: as the encoder's ``feature='centred'`` says.
        min_gap: Frames on either side of a query's that are left out.
        **kwargs: As of mmengine's BaseMetric.
    """

    default_prefix = 'reid'

    def __init__(self, centred: bool = True, min_gap: int = 10,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.centred = centred
        self.min_gap = min_gap

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keep the features of a batch of :class:`AnnotatedCrops`."""
        columns = data_batch['data_samples']
        for row, feature in enumerate(data_samples):
            self.results.append((
                *(int(columns[name][row])
                  for name in ('video', 'frame', 'identity')),
                feature.float().cpu().numpy()))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Scores in percent; empty where nobody can be found again."""
        videos, frames, people = (
            np.array([result[k] for result in results]) for k in range(3))
        features = np.stack([result[3] for result in results])
        scores = []
        for video in np.unique(videos):
            rows = np.flatnonzero(videos == video)
            rows = rows[np.argsort(frames[rows], kind='stable')]
            found = features[rows]
            if self.centred:
                found = centred_features(
                    found, frames[rows], np.zeros(len(rows), np.int64))
            scores.append(retrieval_scores(
                found, frames[rows], people[rows], self.min_gap))
        queries = sum(score.get('queries', 0) for score in scores)
        return {} if not queries else {
            name: sum(score[name] * score['queries']
                      for score in scores if score) / queries
            for name in ('rank1', 'mAP')}
