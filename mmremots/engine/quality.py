"""Reports of what an encoder tells apart.

Nothing here is read by a stage: what ground truth says of an encoder goes
to the log, to ``statistics/`` and to a plot, and nowhere else.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmremots.engine.run import Run, file_hash
from mmremots.engine.run_folder import read_json
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
from mmremots.structures.video import Video
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
    encoder = run.require_encoder()
    for video in run.share(run.videos):
        title = f'{label}, {video.name}, {encoder.stem}'
        files = {'detections': run.folder.detections(video.name)}
        if tracked:
            files['tracklets'] = run.tracklet_path(video)
        if video.gt_path is not None:
            files['truth'] = Path(video.gt_path)
        task = run.folder.task(
            f'{encoder.stem}/{video.name}'
            + f'_{run.tracklet_folder}' * tracked,
            dict(encoder=file_hash(encoder), reid=run.model_cfg['reid'],
                 **{name: file_hash(path) for name, path in files.items()}),
            [run.folder.statistics(video.name)])
        run.do(title, task, lambda v=video, t=title:  # type: ignore
               _report(run, v, t, encoder.stem, tracked))
    run.wait()


def _report(run: Run, video: Video, title: str, section: str,
            tracked: bool) -> None:
    frames = run.observations(video).frames
    features = run.features(video, title)
    different = intra_frame_similarities(features, frames)
    found: dict[str, Any] = dict(
        weights=file_hash(run.require_encoder()),
        intra_frame=histogram(different))
    line = [_spread('people of one frame', different)]
    if tracked:
        same = within_tracklet_similarities(
            features, frames, run.tracklets(video))
        found['within_tracklet'] = histogram(same)
        line.append(_spread('of one tracklet', same))
        if len(same) and len(different):
            found['overlap'] = histogram_overlap(
                found['intra_frame'], found['within_tracklet'])
            line.append(f'overlap {found["overlap"]:.1%}')
    scores = _scores(run, video, features)
    if scores:
        line.append(f'rank-1 {scores["rank1"]:.1f}, mAP {scores["mAP"]:.1f}')
    print_log(f'{title}: {"; ".join(line)}', 'current')

    before = (read_json(run.folder.statistics(video.name)) or {}).get(section)
    if before and before['weights'] == found['weights']:
        # This was done again: what only tracklets tell is there already.
        found = {**before, **found}
    found |= scores
    run.folder.update_statistics(video.name, **{section: found})
    plot_separation(found['intra_frame'], found.get('within_tracklet', []),
                    run.folder.plot(video.name, section))


def _scores(run: Run, video: Video, features: np.ndarray) -> dict[str, Any]:
    """Retrieval scores by ground truth; none where there is none."""
    if video.gt_path is None:
        return {}
    table = run.observations(video)
    people = match_to_truth(table, *run.ground_truth(video))
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
