"""The report of a run: collects what it left, and has a page made of it."""
from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

from mmremots.engine.finished_run import finished_run
from mmremots.engine.progress import progress
from mmremots.engine.run import Run
from mmremots.engine.run_folder import read_json
from mmremots.engine.stage_list import build_stages
from mmremots.engine.stages import (
    Merging,
    Stage,
    TrackletStage,
    TrackStage,
)
from mmremots.engine.video_work import VideoWork
from mmremots.evaluation import find_mistakes, score_tables
from mmremots.formats import read_mots
from mmremots.formats.ground_truth import read_truth
from mmremots.models.task_modules.merge_review import (
    MergePair,
    merged_pairs,
    refused_pairs,
)
from mmremots.models.task_modules.similarities import unit_features
from mmremots.structures import Observations
from mmremots.structures.observations import NO_ROW, rows_of
from mmremots.version import __version__
from mmremots.visualization.report import (
    NO_TRACKLET,
    Decision,
    Face,
    Mistake,
    RunData,
    Table,
    VideoData,
    find_cuts,
    write_page,
)

#: Decisions of a video to look at, of each kind.
MOST_DECISIONS = 10
_HEADLINE = ('sMOTSA', 'IDF1', 'HOTA', 'MOTSA', 'IDSW')


def write_report(root: Path, cfg: Config) -> Path:
    """Make the report of a finished run again.

    Args:
        root: Its work directory.
        cfg: Its config.

    Returns:
        The page.

    Raises:
        FileNotFoundError: There is no finished run.
    """
    return make_report(
        finished_run(cfg, root), build_stages(cfg.test_cfg.stages))


def make_report(run: Run, stages: Sequence[Stage]) -> Path:
    """Write ``report.html`` into the folder of a run that is at its end.

    Args:
        run: The run, after its last stage.
        stages: Its stages.

    Returns:
        The page.
    """
    path = run.folder.report
    data = collect(run, stages)
    write_page(path, data, partial(
        progress, title='report', total=len(data.videos), unit='video'))
    return path


def collect(run: Run, stages: Sequence[Stage]) -> RunData:
    """What a report shows of a run.

    Args:
        run: The run, after its last stage.
        stages: Its stages.
    """
    unit = next((unit for unit, kind in (
        ('track', TrackStage), ('tracklet', TrackletStage))
        if any(isinstance(stage, kind) for stage in stages)), 'mask')
    videos = [_video(run, run.work(video), stages, unit)
              for video in run.videos]
    metrics = read_json(run.folder.root / 'metrics.json') or {}
    tables = score_tables(dict(sorted(
        metrics['stages'].items(), key=lambda item: _place(item[0], stages)))
    ) if metrics else []
    notes = []
    if not metrics:
        notes.append('There is no ground truth, so there are no scores.')
    if unit != 'track':
        notes.append('No stage of this run makes tracks: what is shown are '
                     f'its {unit}s.')
    elif not any(isinstance(stage, Merging) for stage in stages):
        notes.append('This run has no stage that merges.')
    else:
        gone = [video.name for video in run.videos
                if _kept_features(run, run.work(video)) is None]
        if gone:
            notes.append(
                'There are no merges and refusals to check of '
                f'{", ".join(gone)}: the features that merging compared, '
                'in embeddings/, are gone or of another encoder.')
    return RunData(
        name=run.folder.root.resolve().name,
        facts=[f'mmremots {__version__}',
               time.strftime('%Y-%m-%d %H:%M')],
        unit=unit, headline=_headline(metrics, videos, unit),
        tables=[Table(title, header, rows, names)
                for title, names, (header, rows) in zip(
                    ('All sequences', 'Each sequence'), (1, 2), tables,
                    strict=False)],
        seconds=dict(sorted(
            run.folder.read_seconds().items(),
            key=lambda item: _place(item[0], stages))),
        videos=videos, notes=notes)


def _place(title: str, stages: Sequence[Stage]) -> int:
    """Where a row of scores or times comes from in the list of stages."""
    names = [stage.title + stage.suffix for stage in stages]
    return names.index(title) if title in names else len(names)


def _headline(metrics: dict[str, Any], videos: Sequence[VideoData],
              unit: str) -> list[tuple[str, str]]:
    found = []
    for key, value in metrics.items():
        label, _, field = key.partition('/')[2].rpartition('_')
        if field in _HEADLINE:  # 'mots/SEQ/sMOTSA' is of a sequence.
            found.append((f'{field}, {label}' if label else field,
                          f'{value:.0f}' if field == 'IDSW' else
                          f'{value:.1f}'))
    found.sort(key=lambda item: _HEADLINE.index(item[0].split(',')[0]))
    counts = [('videos', len(videos)),
              ('frames', sum(data.video.num_frames for data in videos)),
              ('masks', sum(len(data.table) for data in videos))]
    if unit != 'mask':
        counts.append((f'{unit}s', sum(
            len(np.unique(data.ids)) for data in videos)))
    return found + [(name, f'{count:,}') for name, count in counts]


def _video(run: Run, work: VideoWork, stages: Sequence[Stage],
           unit: str) -> VideoData:
    name = work.video.name
    masks = work.masks()
    parts = cuts = None
    if run.folder.tracklets(name, run.tracklet_folder).is_file():
        parts = work.tracklets()
        cuts = _cuts(run, work, stages, parts)
    if unit == 'track':
        table, ids, rows = work.tracks()
        tracklets = np.full(len(table), NO_TRACKLET, np.int64)
        if parts is not None:
            known = (rows != NO_ROW) & (rows < len(masks))
            tracklets[known] = parts[rows[known]]
    else:
        table = masks
        ids = (parts if unit == 'tracklet' and parts is not None
               else np.zeros(len(masks), np.int64))
        tracklets = ids
    statistics = read_json(run.folder.statistics(name)) or {}
    merges, refusals = (
        _decisions(run, work, stages, statistics, parts, set(ids.tolist()))
        if parts is not None and unit == 'track' else ([], []))
    switches = false_tracks = None
    if work.video.gt_path is not None and unit != 'mask':
        switches, false_tracks = _mistakes(work, table, ids, unit)
    return VideoData(
        work.video, table, ids, tracklets,
        np.zeros((0, 3), np.int64) if cuts is None else cuts, statistics,
        merges, refusals, switches, false_tracks)


def _ids_of_masks(path: Path, work: VideoWork) -> NDArray[np.int64]:
    """The id of each fused mask in a file, or ``NO_ROW``."""
    masks = work.masks()
    table, ids = read_mots(path, work.video.size, work.video.num_frames)
    rows = rows_of(table, masks)
    found = np.full(len(masks), NO_ROW, np.int64)
    found[rows[rows != NO_ROW]] = ids[rows != NO_ROW]
    return found


def _cuts(run: Run, work: VideoWork, stages: Sequence[Stage],
          parts: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Where the first tracklets of the run were cut."""
    folders = [stage.folder for stage in stages
               if isinstance(stage, TrackletStage)]
    if len(folders) < 2:
        return None
    path = run.folder.tracklets(work.video.name, folders[0])
    if not path.is_file():
        return None
    return find_cuts(work.masks().frames, _ids_of_masks(path, work), parts)


def _kept_features(
        run: Run, work: VideoWork) -> NDArray[np.float32] | None:
    """Features by the encoder in use, where they are there and valid."""
    encoder = run.require_encoder().stem
    if not run.artifacts.valid(f'embeddings/{work.video.name}/{encoder}'):
        return None
    return np.load(run.folder.embeddings(work.video.name, encoder),
                   mmap_mode='r', allow_pickle=False)


def _decisions(
        run: Run, work: VideoWork, stages: Sequence[Stage],
        statistics: dict[str, Any], parts: NDArray[np.int64],
        shown: set[int]) -> tuple[list[Decision], list[Decision]]:
    """The merges and refusals of a video that are nearest to its threshold.

    Of tracks that are in the result. Without the features that merging
    looked at there is nothing to tell; they are not computed again for this.
    """
    merging = next((stage for stage in reversed(stages)
                    if isinstance(stage, Merging)), None)
    name, features = work.video.name, _kept_features(run, work)
    if merging is None or features is None:
        return [], []
    tracks = _ids_of_masks(run.folder.tracks(name, merging.folder), work)
    section = statistics.get(merging.name.replace('-', '_'), {})
    gap = getattr(run.model.merger, 'gap', None)
    masks = work.masks()
    merges: list[Decision] = []
    refusals: list[Decision] = []
    of_result = np.isin(tracks, sorted(shown - {NO_ROW}))
    for label in np.unique(masks.labels):
        rows = np.flatnonzero((masks.labels == label) & of_result)
        theta = section.get('classes', {}).get(str(label), {}).get('value')
        mine, frames = features[rows], masks.frames[rows]
        pairs = merged_pairs(mine, frames, parts[rows], tracks[rows])
        merges += _faced(
            pairs[:MOST_DECISIONS], theta, masks.take(rows), mine,
            parts[rows], tracks[rows], 'tracklet {} of track {}')
        if gap is not None:
            pairs = refused_pairs(mine, frames, tracks[rows],
                                  gap(work.frame_rate), MOST_DECISIONS)
            refusals += _faced(
                pairs, theta, masks.take(rows), mine, tracks[rows],
                tracks[rows], 'track {}')
    return merges, refusals


def _faced(pairs: Sequence[MergePair], theta: float | None,
           table: Observations, features: NDArray, ids: NDArray[np.int64],
           tracks: NDArray[np.int64], name: str) -> list[Decision]:
    """Pairs with the mask of each side that is most like its mean."""
    def face(number: int) -> Face:
        rows = np.flatnonzero(ids == number)
        unit = unit_features(features[rows])
        row = int(rows[np.argmax(unit @ unit.mean(axis=0))])
        track = int(tracks[row])
        return Face(track, name.format(number, track),
                    int(table.frames[row]), table.rles[row])

    return [Decision(face(pair.first), face(pair.second), pair.similarity,
                     theta, pair.before, pair.after) for pair in pairs]


def _mistakes(
        work: VideoWork, table: Observations, ids: NDArray[np.int64],
        unit: str) -> tuple[list[Mistake], list[Mistake]]:
    switches, false_tracks = find_mistakes(
        table, ids, *read_truth(work.video))
    return [
        Mistake(switch.frame, switch.after,
                f'person {switch.person}: {unit} {switch.before} until frame '
                f'{switch.last_frame}, {unit} {switch.after} from frame '
                f'{switch.frame}')
        for switch in switches], [
        Mistake(found.first_frame, found.track,
                f'{unit} {found.track}: {found.false} of {found.masks} '
                'masks show nobody who is annotated')
        for found in false_tracks]
