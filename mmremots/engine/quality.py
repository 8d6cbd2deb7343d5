"""Reports of what an encoder tells apart.

Nothing here is read by a stage: what ground truth says of an encoder goes
to the log, to ``statistics/`` and to a plot, and nowhere else.
"""
from __future__ import annotations

import logging
import os
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
from mmremots.structures.files import file_sha256
from mmremots.structures.video import Video, sequence_folder
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
    for video in run.own_videos:
        check_ground_truth(video)


def check_labelled(run: Run) -> None:
    """Check the ground truth that is to be learned from.

    Warns of a video without an object, and of one that is a target, too:
    what is then learned is the answer.

    Raises:
        FileNotFoundError: A labelled video has none.
        ValueError: ``FILE:LINE: ...`` where it is broken, or no video has
            an object of the classes that are learned from.
    """
    without = []
    for video in run.labelled:
        if video.gt_path is None:
            raise FileNotFoundError(
                f'{sequence_folder(video)}: a labelled sequence without '
                'ground truth, gt/gt.txt or another form')
        check_ground_truth(video)
        if not len(run.work(video, 'labelled').truth()[0]):
            without.append(video.name)
        own = [target.name for target in run.videos if _same(video, target)]
        if own:
            print_log(
                f'{video.name}: a labelled video and a target, too: the '
                'encoder is trained on the answer, and scores of '
                f'{own[0]} say nothing', 'current', level=logging.WARNING)
    classes = (f'classes {run.labelled_classes}' if run.labelled_classes
               else 'any class')
    if len(without) == len(run.labelled):
        raise ValueError(
            f'no object of {classes} to learn from in the ground truth of '
            f'the labelled videos, {", ".join(without)}')
    for name in without:
        print_log(f'{name}: a labelled video without an object of {classes}',
                  'current', level=logging.WARNING)


def _same(video: Video, other: Video) -> bool:
    """Whether two videos are one: a file, or the name and the bytes."""
    first, second = video.img_paths[0], other.img_paths[0]
    return os.path.samefile(first, second) or (
        (video.num_frames, os.path.getsize(first)) == (
            other.num_frames, os.path.getsize(second))
        and file_sha256(first) == file_sha256(second))


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

    What was said of the encoder before is not said again when only the
    tracklets are others.

    Args:
        run: The run.
        label: Number and title of the stage.
        tracked: Whether this run has made tracklets.
    """
    encoder = run.require_encoder().stem

    def piece(video: Video) -> str:
        return (f'reports/{encoder}/{video.name}'
                + f'_{run.tracklet_folder}' * tracked)

    run.prepare(label, piece, VideoWork.features)
    for video in run.own_videos:
        title = f'{label}, {video.name}, {encoder}'
        found = run.artifacts.make(piece(video), title, partial(
            _report, run, run.work(video), title, tracked))
        told = run.tell(video, encoder, found)
        plot_separation(
            told['intra_frame'], told.get('within_tracklet', []),
            run.folder.plot(video.name, encoder))
    run.processes.wait()


def _report(run: Run, work: VideoWork, title: str,
            tracked: bool) -> dict[str, Any]:
    frames = work.masks().frames
    features = work.features(title)
    different = intra_frame_similarities(features, frames)
    encoder = run.require_encoder()
    found: dict[str, Any] = dict(
        weights=run.artifacts.digest(encoder),
        intra_frame=histogram(different))
    told = run.told(work.video, encoder.stem)
    line = [] if told else [_spread('people of one frame', different)]
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
    if scores and not told:
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
