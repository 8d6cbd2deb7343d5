"""What fusing detections in files is worth, as tables of sMOTSA.

    python tools/benchmarks/fusion_table.py configs/remots_pedestrians.py \
        --sources det/ssd.txt det/hog.json --sequence TUD-Campus

Each source alone and all together; IoM suppression, the paper's, against
plain IoU suppression; over thresholds of both. Scores are of a run without
the trainings: masks, short-term tracking and merging, with the encoder that
the config starts from and everything else as the config says. A second table
says more of the default, IoM 0.5.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import one_line_errors
from mmremots.datasets.crops import resize
from mmremots.datasets.sequences import Sequence as Video
from mmremots.datasets.sequences import find_sequences, read_frame
from mmremots.evaluation import COMBINED, evaluate_mots
from mmremots.models.mot.remots import ReMOTS
from mmremots.models.reid import load_encoder
from mmremots.models.task_modules import (
    intra_frame_similarities,
    within_tracklet_similarities,
)
from mmremots.models.trackers import adjacent_overlaps
from mmremots.registry import MODELS
from mmremots.structures import Observations, write_mots
from mmremots.structures.masks import rle_bbox

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SUPPRESSIONS = {'IoM': ('IoMNMS', 'iom_thr'), 'IoU': ('IoUNMS', 'iou_thr')}
DEFAULT = ('IoM', 0.5)
DETAILS = ('sMOTSA', 'MOTSA', 'IDF1', 'HOTA', 'Rcll', 'Prcn', 'TP', 'FP',
           'FN', 'IDSW')
Key = tuple[int, ...]


class Scorer:
    """Scores fused masks of one video by tracking them.

    Flow, the feature of each crop and the score of each table of masks are
    found once.

    Args:
        model: Encoder, motion, tracker and merger.
        video: With ground truth. The flow of all its frames is kept in
            memory: 8 bytes a pixel and frame.
    """

    def __init__(self, model: ReMOTS, video: Video) -> None:
        self.model = model
        self.video = video
        frames = range(1, video.num_frames + 1)
        self.flows = list(model.motion.flows(
            read_frame(video, frame) for frame in frames))
        self.features: dict[Key, NDArray[np.float32]] = {}
        self.scores: dict[tuple, dict[str, float]] = {}

    def __call__(self, table: Observations) -> dict[str, float]:
        """Scores of masks that are disjoint within each frame."""
        key = (*table.frames.tolist(), *(r['counts'] for r in table.rles))
        if key not in self.scores:
            self.scores[key] = self._score(table)
        return self.scores[key]

    def _score(self, table: Observations) -> dict[str, float]:
        tracker, merger = self.model.tracker, self.model.merger
        features = self._embed(table)
        different = intra_frame_similarities(features, table.frames)
        overlaps = adjacent_overlaps(
            table.frames, table.rles, table.size, self.video.num_frames,
            self.flows)
        tracklets = tracker.link(
            table.frames, table.labels, features, overlaps,
            tracker.threshold(different).value)
        same = within_tracklet_similarities(features, table.frames, tracklets)
        ids = merger.merge(
            features, table.frames, tracklets, table.labels,
            merger.threshold(different, same).value)
        with TemporaryDirectory() as folder:
            write_mots(Path(folder, f'{self.video.name}.txt'), table, ids)
            return evaluate_mots([self.video], folder)[COMBINED]

    def _embed(self, table: Observations) -> NDArray[np.float32]:
        boxes = rle_bbox(table.rles).astype(int)
        keys = [(frame, *box) for frame, box in zip(
            table.frames.tolist(), boxes.tolist(), strict=True)]
        for frame, rows in table.frame_slices():
            fresh = [key for key in keys[rows] if key not in self.features]
            if fresh:
                image = read_frame(self.video, frame)
                crops = np.stack([
                    resize(image[y1:y2, x1:x2], self.model.reid.crop_size)
                    for _, x1, y1, x2, y2 in fresh])
                self.features.update(zip(
                    fresh, self.model.reid.embed(crops), strict=True))
        return np.stack([self.features[key] for key in keys])


def fused(sources: Sequence[dict], name: str, threshold: float,
          video: Video) -> Observations:
    """What a ``MaskFusion`` makes of sources in a whole video."""
    kind, option = SUPPRESSIONS[name]
    detector = MODELS.build(dict(
        type='MaskFusion', sources=list(sources),
        nms={'type': kind, option: threshold}))
    return Observations.concatenate([
        detector.detect(None, video, frame)
        for frame in range(1, video.num_frames + 1)])


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='ReMOTS config')
    parser.add_argument('--sequence', required=True)
    parser.add_argument(
        '--sources', nargs='+', required=True,
        help='files of detections, in the folder of the sequence')
    parser.add_argument('--score-thr', type=float, default=0.5)
    args = parser.parse_args()
    mmremots.register_all_modules()
    with one_line_errors():
        cfg = Config.fromfile(args.config)
        model = MODELS.build(cfg.model)
        if cfg.load_from:
            load_encoder(model.reid, cfg.load_from)
        video, = find_sequences(
            cfg.test_dataloader.dataset.data_root, [args.sequence])
        choices = {path: [path] for path in args.sources}
        if len(args.sources) > 1:
            choices[' + '.join(args.sources)] = args.sources
        scorer = Scorer(model, video)
        results = {}
        for label, name, threshold in product(
                choices, SUPPRESSIONS, THRESHOLDS):
            sources = [
                dict(type='DetectionsFromFile', path=path,
                     score_thr=args.score_thr) for path in choices[label]]
            results[label, name, threshold] = scorer(
                fused(sources, name, threshold, video))
            print(f'# {label}, {name} {threshold}: sMOTSA '
                  f'{results[label, name, threshold]["sMOTSA"]:.1f}',
                  flush=True)

    print(f'\n{video.name}, sMOTSA\n')
    print('| masks | suppression | '
          + ' | '.join(map(str, THRESHOLDS)) + ' |')
    print('|---' * (2 + len(THRESHOLDS)) + '|')
    for label, name in product(choices, SUPPRESSIONS):
        print(f'| {label} | {name} | ' + ' | '.join(
            f'{results[label, name, threshold]["sMOTSA"]:.1f}'
            for threshold in THRESHOLDS) + ' |')
    print(f'\n{video.name}, {DEFAULT[0]} {DEFAULT[1]}\n')
    print('| masks | ' + ' | '.join(DETAILS) + ' |')
    print('|---' * (1 + len(DETAILS)) + '|')
    for label in choices:
        scores = results[(label, *DEFAULT)]
        print(f'| {label} | ' + ' | '.join(
            f'{scores[name]:.0f}' if name in DETAILS[6:]
            else f'{scores[name]:.1f}' for name in DETAILS) + ' |')


if __name__ == '__main__':
    main()
