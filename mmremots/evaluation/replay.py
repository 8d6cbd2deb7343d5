"""A result, given to mm's hooks and metrics as if it came from a model."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmdet.structures import TrackDataSample
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremots.datasets.mots_challenge import MOTSChallengeDataset
from mmremots.evaluation.mots_metric import MOTSChallengeMetric
from mmremots.formats import read_mots
from mmremots.structures.data_samples import put_tracks


def replay(runner: Runner, metrics: list[BaseMetric],
           dataset: MOTSChallengeDataset, tracks: Path) -> dict[str, float]:
    """Give a result to hooks and to other metrics than ours, by frame.

    A frame is one step of a test loop. Metrics are called on this process
    alone, which has all results. ``DumpResults``, which ``--out`` of mmdet's
    ``tools/test.py`` adds, gets masks as RLEs, all others as arrays.

    Args:
        runner: Whose hooks; those of mmengine itself, which time and log
            the steps of a model, are left out, and those told not to draw.
        metrics: The metrics; a :class:`MOTSChallengeMetric` is left out, it
            scores the files.
        dataset: The videos.
        tracks: Folder with ``<sequence>.txt``.

    Returns:
        What the metrics say, each with its prefix.
    """
    hooks = [hook for hook in runner.hooks
             if not type(hook).__module__.startswith('mmengine.')
             and getattr(hook, 'draw', True)]
    others = [metric for metric in metrics
              if not isinstance(metric, MOTSChallengeMetric)]
    if not (hooks or others):
        return {}
    dumps = [metric for metric in others if isinstance(metric, DumpResults)]
    for encoded, listeners, listening in (
            (False, [m for m in others if m not in dumps], hooks),
            (True, dumps, [])):
        if listeners or listening:
            _play(runner, listeners, listening,
                  tracked_frames(dataset, tracks, encoded))
    found: dict[str, float] = {}
    for metric in others:
        for key, value in metric.compute_metrics(metric.results).items():
            found[f'{metric.prefix}/{key}' if metric.prefix else key] = value
        metric.results.clear()
    return found


def tracked_frames(dataset: MOTSChallengeDataset, tracks: Path,
                   encoded: bool = False) -> Iterator[TrackDataSample]:
    """The frames of all videos with what was tracked in them.

    Args:
        dataset: The videos; its pipeline makes the data samples.
        tracks: Folder with ``<sequence>.txt``.
        encoded: Whether masks are RLEs, see
            :func:`~mmremots.structures.data_samples.put_tracks`.

    Yields:
        A sample of one frame each.
    """
    for number, video in enumerate(dataset.sequences):
        table, ids = read_mots(
            tracks / f'{video.name}.txt', video.size, video.num_frames)
        sample = dataset[number]['data_samples']
        for t, frame in enumerate(sample.video_data_samples, 1):
            rows = table.of_frame(t)
            put_tracks(frame, table.take(rows), ids[rows], encoded)
            single = TrackDataSample()
            single.video_data_samples = [frame]
            yield single
            del frame.pred_track_instances  # Arrays of masks are large.


def _play(runner: Runner, metrics: list[BaseMetric], hooks: list[Hook],
          samples: Iterator[TrackDataSample]) -> None:
    for number, sample in enumerate(samples):
        batch = dict(data_samples=[sample])
        for hook in hooks:
            hook.before_test_iter(runner, number, batch)
        for metric in metrics:
            metric.process(batch, [sample.to_dict()])
        for hook in hooks:
            hook.after_test_iter(runner, number, batch, [sample])
