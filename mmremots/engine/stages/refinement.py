"""Beyond the paper: what a result can lose and gain after merging."""
from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmremots.engine.progress import progress
from mmremots.engine.run import Run
from mmremots.engine.stages.base import TrackStage
from mmremots.engine.video_work import VideoWork
from mmremots.models.motion.gap_filling import (
    Gap,
    agreed_masks,
    carry_masks,
    find_gaps,
    frames_in_gaps,
    with_filled,
)
from mmremots.models.task_modules.track_pruning import (
    least_score,
    seconds_on_end,
    stretches,
    supported,
    usual_step,
)
from mmremots.models.trackers.track_extension import extend_tracks
from mmremots.registry import STAGES
from mmremots.structures import Observations
from mmremots.structures.durations import frames_in
from mmremots.structures.masks import RLE
from mmremots.structures.observations import NO_ROW, Tracks
from mmremots.structures.video import Video, read_frame


@STAGES.register_module()
@dataclass
class TrackPruning(TrackStage):
    """Leave tracks out of the result that too little speaks for.

    The paper's result holds every fused mask. Scores punish false positives
    as they do misses, and most tracks of a few frames are false. What score
    people have depends on detector and video, so the least one is taken from
    the masks of this video that are seen for long, of each class by itself:
    :func:`mmremots.models.task_modules.track_pruning.least_score`.

    False masks that flicker are alike, and merging puts long tracks of them
    together. So each part of a track between two long breaks must be seen
    on end for a while. Detectors that miss people now and then break nothing:
    a step of as many frames as most steps of this video, from a mask of a
    part to its next, is no break of being seen on end
    (:func:`mmremots.models.task_modules.track_pruning.usual_step`).

    Args:
        min_seconds: Each part must be seen for as long on end once, from the
            first frame to the last.
        break_seconds: What is unseen for longer is a break.
        sure_seconds: What is seen for as long on end is surely somebody.
        sigmas: The mean score of a track may be so many standard deviations
            below the mean score of sure masks.
        usual: Share of the steps that are no break.
    """

    title = 'track pruning'

    min_seconds: float = 0.35
    break_seconds: float = 0.5
    sure_seconds: float = 1.0
    sigmas: float = 2.0
    usual: float = 0.9

    def __post_init__(self) -> None:
        _check_times(self, 'min_seconds', 'break_seconds', 'sure_seconds')
        if not 0 <= self.usual <= 1:
            raise ValueError(
                f'TrackPruning: usual={self.usual} is not in [0, 1]')

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Keep what is long and sure enough."""
        tracks = work.tracks()
        table, ids, of_masks = tracks
        scores = np.where(of_masks == NO_ROW, np.nan, table.scores)
        max_gap = frames_in(self.break_seconds, work.frame_rate)
        parts = stretches(table.frames, ids, max_gap)
        seconds = np.zeros(len(ids))
        keep = np.zeros(len(ids), dtype=bool)
        least, steps = {}, {}
        for label in np.unique(table.labels):
            rows = table.labels == label
            step = steps[str(label)] = usual_step(
                table.frames[rows], ids[rows], max_gap, self.usual)
            seconds[rows] = seconds_on_end(
                table.frames[rows], ids[rows], work.frame_rate, step)
            score = least_score(
                scores[rows], seconds[rows], self.sure_seconds,
                self.sigmas)
            keep[rows] = supported(
                seconds[rows], scores[rows], ids[rows], parts[rows],
                self.min_seconds, score)
            # JSON has no infinity: nothing was sure, nothing is too weak.
            least[str(label)] = score if np.isfinite(score) else None
        if len(ids) and not keep.any():
            warnings.warn(
                f'none of {len(set(ids.tolist()))} tracks is left: none is '
                f'seen for {self.min_seconds:g} s on end with a score that '
                'people of this video have; without this stage '
                '(--no-pruning) they stay', stacklevel=2)
        work.write_tracks(tracks.take(keep), self.folder)
        return dict(
            least_score=least, usual_step=steps,
            tracks=len(set(ids.tolist())), observations=len(ids),
            tracks_left=len(set(ids[keep].tolist())),
            observations_left=int(keep.sum()))


@STAGES.register_module()
@dataclass
class TrackExtension(TrackStage):
    """Continue tracks by masks that would not stand alone.

    Weak masks of the detectors (``weak_thr`` of a source), and fused masks
    that no track has any more, since they were left out or never merged:
    :func:`mmremots.models.trackers.track_extension.extend_tracks`.

    Args:
        min_iou: Least IoU of a track's mask, carried by flow, with the next.
    """

    title = 'track extension'
    needs = ('overlaps_of_all', )

    min_iou: float = 0.7

    def __post_init__(self) -> None:
        _check_iou(self)

    def steps(self, run: Run, made: set[str]) -> list[str]:
        """Flow anew where there are weak masks."""
        return (['flow'] if run.model.detector.has_weak
                else super().steps(run, made))

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Carry tracks on to free masks.

        Raises:
            ValueError: A track has a mask that no detector gave.
        """
        tracks, masks = work.tracks(), work.masks()
        if (tracks.rows == NO_ROW).any():
            frame = tracks.table.frames[np.argmax(tracks.rows == NO_ROW)]
            raise ValueError(
                f'{work.video.name}: frame {frame} has a mask in a track '
                'that no detector gave; list TrackExtension before '
                'GapFilling')
        weak = work.weak()
        free = Observations.concatenate([masks, weak])
        row = np.argsort(np.concatenate([masks.frames, weak.frames]),
                         kind='stable')
        owner = np.zeros(len(free), dtype=np.int64)
        owner[np.argsort(row)[tracks.rows]] = tracks.ids
        found = extend_tracks(
            free.frames, free.labels, owner, work.overlaps_of_all(title),
            self.min_iou)
        kept = found > 0
        work.write_tracks(
            Tracks(free.take(kept), found[kept], row[kept]), self.folder)
        return dict(free=int((owner == 0).sum()),
                    observations_added=int(kept.sum()) - len(tracks.ids))


@STAGES.register_module()
@dataclass
class GapFilling(TrackStage):
    """Carry masks by optical flow over short gaps inside a track.

    From both ends of each gap; where the two agree, what they have in common
    is added. Other masks of the frame stay as they are.

    Args:
        max_seconds: Longest time between the frames at both ends.
        min_iou: Least IoU of the masks carried from both ends. Defaults to
            0.5, what the scores call the same mask.
        min_area: Least pixels of a mask.
    """

    title = 'gap filling'

    max_seconds: float = 0.3
    min_iou: float = 0.5
    min_area: int = 16

    def __post_init__(self) -> None:
        _check_times(self, 'max_seconds')
        _check_iou(self)

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Carry forward and backward, then add what agrees."""
        tracks, video = work.tracks(), work.images()
        table, ids, _ = tracks
        gaps = find_gaps(
            table.frames, ids,
            frames_in(self.max_seconds, work.frame_rate))
        inside = frames_in_gaps(table.frames, gaps, video.num_frames)
        end = video.num_frames + 1
        forward = carry_masks(
            table.frames, table.rles, gaps, video.size, video.num_frames,
            self._flows(run, video, inside, False, f'{title}, forward'))
        mirrored = carry_masks(
            end - table.frames, table.rles,
            [Gap(gap.track, gap.after, gap.before) for gap in gaps],
            video.size, video.num_frames,
            self._flows(run, video, inside, True, f'{title}, backward'))
        backward: dict[tuple[int, int], RLE] = {
            (gap, end - t): rle for (gap, t), rle in mirrored.items()}
        filled = agreed_masks(
            forward, backward, self.min_iou, self.min_area)
        all_masks, all_ids, old = with_filled(table, ids, gaps, filled)
        rows = np.where(old >= 0, tracks.rows[old], NO_ROW)
        work.write_tracks(Tracks(all_masks, all_ids, rows), self.folder)
        return dict(gaps=len(gaps), observations_added=len(filled))

    @staticmethod
    def _flows(
            run: Run, video: Video, inside: NDArray[np.bool_],
            backward: bool, title: str) -> Iterator[NDArray | None]:
        """Flow of each frame inside a gap to the one before (or after)."""
        step = -1 if backward else 1
        numbers = np.arange(1, video.num_frames + 1)[::step]
        needed = inside[::step].copy()
        needed[:-1] |= inside[::step][1:]
        frames = (read_frame(video, int(t)) if wanted else None
                  for t, wanted in zip(numbers, needed, strict=True))
        flows = run.part('motion').flows(
            frames, workers=run.processes.threads)
        yield from progress(flows, title, video.num_frames - 1, 'pair',
                            outlook=run.processes.outlook)


def _check_times(stage: TrackStage, *names: str) -> None:
    for name in names:
        if not getattr(stage, name) >= 0:
            raise ValueError(
                f'{type(stage).__name__}: {name}={getattr(stage, name)} is '
                'below 0')


def _check_iou(stage: TrackExtension | GapFilling) -> None:
    if not 0 < stage.min_iou <= 1:
        raise ValueError(
            f'{type(stage).__name__}: min_iou={stage.min_iou} is not in '
            '(0, 1]')
