"""What faster optical flow saves, and what it costs in scores.

    python tools/test.py configs/remots_pedestrians.py --work-dir RUN
    python tools/benchmarks/flow_choices.py configs/remots_pedestrians.py RUN

Masks and features stay those of the run, thresholds follow their rules; only
the flow is another. Its seconds are CPU time of all threads, without reading
the image. "pairs" counts the masks of adjacent frames that overlap by this
flow and not by full-resolution Farneback, or the other way round. Without
flow ("none"), masks are compared where they are. "IoU" is the mean overlap of
the masks that full-resolution Farneback links, 0 where a flow has lost one.
With --every N the videos have a lower frame rate, and motion is larger.

A choice may look at the scores of the labelled sequences alone. Their masks
come from the detectors of the config, their features from the encoder that
the run started with: the trained ones have learned these very people. The
targets are tracked with the encoder after intra-frame training and merged
with the last one, as in the run.

Which differences mean nothing is seen from full-resolution Farneback itself:
a tenth of the masks is left out at random, several times, and the standard
deviation of its scores is the noise.
"""
from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.engine.run import Run
from mmremots.engine.run_folder import RunFolder
from mmremots.engine.stages.masks import MaskGeneration
from mmremots.evaluation import evaluate_mots
from mmremots.formats import read_mots, write_mots
from mmremots.models.mot.remots import ReMOTS
from mmremots.models.motion import DenseFlow
from mmremots.models.trackers import adjacent_overlaps
from mmremots.registry import DATASETS, MODELS
from mmremots.structures import Observations, Overlaps
from mmremots.structures.video import Video, read_frame

REFERENCE = 'Farneback'
CHOICES: dict[str, dict[str, Any] | None] = {
    REFERENCE: dict(method='farneback'),
    'Farneback, half': dict(method='farneback', scale=0.5),
    'DIS medium': dict(method='dis', preset='medium'),
    'DIS medium, half': dict(method='dis', preset='medium', scale=0.5),
    'DIS fast': dict(method='dis', preset='fast'),
    'DIS fast, half': dict(method='dis', preset='fast', scale=0.5),
    'DIS ultrafast': dict(method='dis', preset='ultrafast'),
    'DIS ultrafast, half': dict(
        method='dis', preset='ultrafast', scale=0.5),
    'none': None,
}
PERCENTAGES = ('sMOTSA', 'IDF1', 'HOTA')
COLUMNS = (*PERCENTAGES, 'IDSW')
LEFT_OUT = 0.1


class Given(NamedTuple):
    """What every choice of flow gets: a video, its masks and features."""

    video: Video
    table: Observations
    tracked_by: NDArray[np.float32]
    merged_by: NDArray[np.float32]
    split: bool

    def take(self, rows: NDArray[np.int64]) -> Given:
        """Some of the masks."""
        return self._replace(
            table=self.table.take(rows), tracked_by=self.tracked_by[rows],
            merged_by=self.merged_by[rows])


def every(given: Given, step: int, folder: Path) -> Given:
    """The same at a lower frame rate; ground truth goes to the folder."""
    if step == 1:
        return given
    video = given.video

    def thin(table: Observations) -> tuple[Observations, NDArray[np.int64]]:
        rows = np.flatnonzero((table.frames - 1) % step == 0)
        kept = table.take(rows)
        return replace(kept, frames=(kept.frames - 1) // step + 1), rows

    truth, ids = read_mots(str(video.gt_path), video.size, video.num_frames)
    truth, rows = thin(truth)
    path = folder / f'{video.name}_truth.txt'
    write_mots(path, truth, ids[rows])
    table, rows = thin(given.table)
    return given.take(rows)._replace(table=table, video=replace(
        video, img_paths=video.img_paths[::step], gt_path=str(path),
        frame_rate=video.frame_rate / step))


def find_overlaps(
        motion: DenseFlow | None, video: Video,
        table: Observations) -> tuple[Overlaps, float]:
    """Overlaps along one choice of flow, and its CPU seconds a pair."""
    size, num_frames = table.size, video.num_frames
    if motion is None:
        return adjacent_overlaps(
            table.frames, table.rles, size, num_frames), 0.0
    spent = 0.0

    def flows() -> Iterator[NDArray[np.float32]]:
        nonlocal spent
        previous = None
        for frame in range(1, num_frames + 1):
            gray = cv2.cvtColor(
                read_frame(video, frame), cv2.COLOR_BGR2GRAY)
            if previous is not None:
                begin = time.process_time()
                flow = motion.flow(gray, previous)
                spent += time.process_time() - begin
                yield flow
            previous = gray

    overlaps = adjacent_overlaps(
        table.frames, table.rles, size, num_frames, flows())
    return overlaps, spent / max(1, num_frames - 1)


def differing(a: Overlaps, b: Overlaps) -> int:
    """How many pairs of masks overlap by one of two flows alone."""
    pairs = [set(zip(x.previous.tolist(), x.current.tolist(), strict=True))
             for x in (a, b)]
    return len(pairs[0] ^ pairs[1])


def mean_iou(overlaps: Overlaps, tracklets: NDArray[np.int64]) -> float:
    """Mean IoU of masks of adjacent frames of the given tracklets."""
    links = len(tracklets) - len(np.unique(tracklets))
    linked = tracklets[overlaps.previous] == tracklets[overlaps.current]
    return float(overlaps.iou[linked].sum() / max(1, links))


def track(model: ReMOTS, given: Given, overlaps: Overlaps
          ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tracklets, cut where the config says so, and tracks."""
    tracklets, tracks = model.track(
        given.table, given.tracked_by, overlaps, given.video.frame_rate,
        given.split, given.merged_by)
    return tracklets.ids, tracks.ids


def score(model: ReMOTS, given: Given,
          overlaps: Overlaps) -> NDArray[np.float64]:
    """Scores (2, len(COLUMNS)) after tracking and after merging."""
    rows = []
    for ids in track(model, given, overlaps):
        with TemporaryDirectory() as folder:
            write_mots(Path(folder, f'{given.video.name}.txt'), given.table,
                       ids)
            scores = evaluate_mots([given.video], folder)
        rows.append([scores[given.video.name][name] for name in COLUMNS])
    return np.array(rows)


def noise(model: ReMOTS, given: Given, overlaps: Overlaps,
          draws: int) -> NDArray[np.float64]:
    """Standard deviation of the scores where masks are missing."""
    num = len(given.table)
    scores = []
    for seed in range(draws):
        kept = np.random.default_rng(seed).random(num) >= LEFT_OUT
        rows = np.flatnonzero(kept)
        scores.append(score(
            model, given.take(rows), overlaps.among(rows, num)))
    return np.std(scores, axis=0, ddof=1)


def prepare(cfg: Config, root: Path, scratch: Path) -> tuple[
        ReMOTS, list[Given]]:
    """The model, and labelled videos first, what flow is chosen on."""
    model = MODELS.build(cfg.model)
    split = any(stage['type'] == 'TrackletSplitting'
                for stage in cfg.test_cfg.stages)

    def run(folder: Path, videos: Sequence[Video]) -> Run:
        return Run(
            folder=RunFolder(folder), videos=videos, labelled=[],
            model=model, model_cfg=cfg.model.to_dict(), training={}, seed=0,
            resume=True)

    def given(run: Run, video: Video, *encoders: str) -> Given:
        features = []
        for name in encoders:
            run.encoder = run.folder.encoder(name)
            features.append(np.array(run.work(video).features(video.name)))
        return Given(video, run.work(video).masks(), *features, split)

    labelled = DATASETS.build(cfg.test_cfg.labelled).sequences
    on_labelled = run(scratch, labelled)
    masks = MaskGeneration()
    masks.check(on_labelled)
    masks.run(on_labelled, 'masks')
    shutil.copy(RunFolder(root).encoder('start'),
                on_labelled.folder.encoder('start'))
    targets = DATASETS.build(cfg.test_dataloader.dataset).sequences
    on_targets = run(root, targets)
    trained = [name if RunFolder(root).encoder(name).is_file() else 'start'
               for name in ('intra', 'inter')]
    return model, [
        *(given(on_labelled, v, 'start', 'start') for v in labelled),
        *(given(on_targets, v, *trained) for v in targets)]


def table(overlap: Mapping[str, tuple[float, int, float]],
          scores: Mapping[str, NDArray],
          deviation: NDArray[np.float64]) -> str:
    """Markdown of one video: after tracking, then after merging."""
    def cells(values: NDArray[np.float64], digits: int) -> list[str]:
        return [f'{value:.1f}' if name in PERCENTAGES
                else f'{value:.{digits}f}'
                for row in values
                for name, value in zip(COLUMNS, row, strict=True)]

    rows = [[name, f'{overlap[name][0]:.3f}', f'{overlap[name][1]}',
             f'{overlap[name][2]:.3f}', *cells(scores[name], 0)]
            for name in scores]
    rows.append(['noise', '', '', '', *cells(deviation, 1)])
    return markdown_table(
        ['flow', 's/frame', 'pairs', 'IoU', *COLUMNS,
         *(f'{c}, merged' for c in COLUMNS)], rows)


def main() -> None:
    """Measure, and print a table a sequence."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the run')
    parser.add_argument('run', type=Path, help='its work directory')
    parser.add_argument('--draws', type=int, default=10,
                        help='random draws for the noise, 2 or more')
    parser.add_argument('--every', type=int, default=1,
                        help='take every Nth frame (default: %(default)s)')
    parser.add_argument('--sequences', nargs='+',
                        help='only these (default: all of the config)')
    args = parser.parse_args()
    mmremots.register_all_modules()
    with one_line_errors(), TemporaryDirectory() as scratch:
        model, videos = prepare(
            Config.fromfile(args.config), args.run, Path(scratch))
        for full in videos:
            if args.sequences and full.video.name not in args.sequences:
                continue
            given = every(full, args.every, Path(scratch))
            overlap, scores = {}, {}
            for name, settings in CHOICES.items():
                motion = None if settings is None else DenseFlow(**settings)
                overlaps, seconds = find_overlaps(
                    motion, given.video, given.table)
                scores[name] = score(model, given, overlaps)
                if name == REFERENCE:
                    reference = overlaps
                    linked, _ = track(model, given, overlaps)
                    deviation = noise(model, given, overlaps, args.draws)
                overlap[name] = (seconds, differing(overlaps, reference),
                                 mean_iou(overlaps, linked))
            height, width = given.video.size
            print(f'\n{given.video.name}, {width}x{height}\n\n'
                  f'{table(overlap, scores, deviation)}', flush=True)


if __name__ == '__main__':
    main()
