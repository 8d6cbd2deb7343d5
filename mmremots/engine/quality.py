"""Reports of what an encoder tells apart.

Nothing here is read by a stage: what ground truth says of an encoder goes
to the log, to ``statistics/`` and to a plot, and nowhere else.
"""
from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmremots.engine.run import Run
from mmremots.engine.video_work import VideoWork
from mmremots.evaluation.embedding_quality import (
    NOBODY,
    PART,
    match_to_truth,
    retrieval_scores,
)
from mmremots.evaluation.mots_files import check_ground_truth
from mmremots.models.task_modules import (
    intra_frame_similarities,
    within_tracklet_similarities,
)
from mmremots.visualization import (
    histogram,
    histogram_overlap,
    plot_separation,
)


def check_truth(run: Run) -> None:
    """Check the ground truth that reports and scores are to use.

    Raises:
        ValueError: ``FILE:LINE: ...`` where it is broken.
    """
    for video in run.share(run.videos):
        if video.gt_path is not None:
            check_ground_truth(
                video.gt_path, video.size, video.num_frames)


def report_encoder(run: Run, label: str, *, tracked: bool) -> None:
    """Measure the encoder in use on each target video.

    Writes the section ``encoder_<name>`` of the video's statistics and a
    plot of that name, and logs a line:

    - ``intra_frame``: histogram of the similarities of different people;
    - ``within_tracklet``: of one person, where there are tracklets, and
      ``overlap``, of the two histograms;
    - ``rank1``, ``mAP`` and ``queries``, where there is ground truth, see
      :func:`retrieval_scores`; and ``mAP_strict``, for which to find a part
      of a person is wrong;
    - ``weights``: SHA-256 of the encoder's file.

    Args:
        run: The run.
        label: Number and title of the stage.
        tracked: Whether this run has made tracklets.
    """
    encoder = run.require_encoder().stem
    for video in run.share(run.videos):
        title = f'{label}, {video.name}, {encoder}'
        work = run.work(video)
        found = run.make(
            f'reports/{encoder}/{video.name}'
            + f'_{run.tracklet_folder}' * tracked,
            title, partial(_report, run, work, title, tracked))
        told = run.tell(video, encoder, found)
        plot_separation(
            told['intra_frame'], told.get('within_tracklet', []),
            run.folder.plot(video.name, encoder))
    run.wait()


def _report(run: Run, work: VideoWork, title: str,
            tracked: bool) -> dict[str, Any]:
    frames = work.masks().frames
    features = work.features(title)
    different = intra_frame_similarities(features, frames)
    found: dict[str, Any] = dict(
        weights=run.artifacts.digest(run.require_encoder()),
        intra_frame=histogram(different))
    line = [_spread('people of one frame', different)]
    if tracked:
        same = within_tracklet_similarities(
            features, frames, work.tracklets())
        found['within_tracklet'] = histogram(same)
        line.append(_spread('of one tracklet', same))
        if len(same) and len(different):
            found['overlap'] = histogram_overlap(
                found['intra_frame'], found['within_tracklet'])
            line.append(f'overlap {found["overlap"]:.1%}')
    scores = _scores(work, features)
    if scores:
        line.append(f'rank-1 {scores["rank1"]:.1f}, mAP {scores["mAP"]:.1f}')
    print_log(f'{title}: {"; ".join(line)}', 'current')
    return found | scores


def _scores(work: VideoWork, features: np.ndarray) -> dict[str, Any]:
    """Retrieval scores by ground truth; none where there is none."""
    if not work.annotated:
        return {}
    table = work.masks()
    people = match_to_truth(table, *work.truth())
    scores = retrieval_scores(features, table.frames, people)
    if scores:
        strict = np.where(people == PART, NOBODY, people)
        scores['mAP_strict'] = retrieval_scores(
            features, table.frames, strict)['mAP']
    return dict(scores)


def _spread(name: str, similarities: np.ndarray) -> str:
    if not len(similarities):
        return f'{name}: no pair'
    return (f'{name} {similarities.mean():.3f} \u00b1 '
            f'{similarities.std():.3f}')
