"""What fusing the masks of detectors is worth, as tables of sMOTSA.

    python tools/benchmarks/fusion_table.py configs/remots_pedestrians.py \
        --sources det/ssd.txt det/hog.json --sequences TUD-Campus
    python tools/benchmarks/fusion_table.py CONFIG ENCODER

Each source alone and all together; IoM suppression, the paper's, against
plain IoU suppression; over thresholds of both. Scores are of a run without
the trainings: masks, short-term tracking and merging, with an encoder as it
is and everything else as the config says. A second table says more of the
default, IoM 0.5.

The sources are those of the config, or files. A live detector looks at each
frame once.
"""
from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.evaluation import COMBINED, evaluate_mots
from mmremots.formats import write_mots
from mmremots.models.detectors import MaskFusion, fuse
from mmremots.models.mot.remots import ReMOTS
from mmremots.models.reid import load_encoder
from mmremots.models.trackers import adjacent_overlaps
from mmremots.registry import DATASETS, MODELS, TASK_UTILS
from mmremots.structures import Observations
from mmremots.structures.crops import cut_out
from mmremots.structures.masks import rle_bbox
from mmremots.structures.video import Video, read_frame

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SUPPRESSIONS = {'IoM': ('IoMNMS', 'iom_thr'), 'IoU': ('IoUNMS', 'iou_thr')}
DEFAULT = ('IoM', 0.5)
PERCENTAGES = ('sMOTSA', 'MOTSA', 'IDF1', 'HOTA', 'Rcll', 'Prcn')
COUNTS = ('TP', 'FP', 'FN', 'IDSW')
#: What each source found, frame by frame.
Found = Mapping[str, Sequence[Observations]]
Key = tuple[int, ...]


class Tracker:
    """Tracks fused masks of one video.

    Flow and the feature of each crop are found once.

    Args:
        model: Encoder, motion, tracker and merger.
        video: The flow of all its frames is kept in memory: 8 bytes a pixel
            and frame.
        split: Whether tracklets are cut before they are merged.
    """

    def __init__(self, model: ReMOTS, video: Video, split: bool) -> None:
        self.model = model
        self.video = video
        self.split = split
        frames = range(1, video.num_frames + 1)
        self.flows = list(model.motion.flows(
            read_frame(video, frame) for frame in frames))
        self.features: dict[Key, NDArray[np.float32]] = {}

    def __call__(self, table: Observations) -> NDArray[np.int64]:
        """Track ids of masks that are disjoint within each frame."""
        features = self._embed(table)
        overlaps = adjacent_overlaps(
            table.frames, table.rles, table.size, self.video.num_frames,
            self.flows)
        return self.model.track(
            table, features, overlaps, self.video.frame_rate,
            self.split)[1].ids

    def _embed(self, table: Observations) -> NDArray[np.float32]:
        if not len(table):
            return np.zeros((0, self.model.reid.feature_dim), np.float32)
        boxes = rle_bbox(table.rles).astype(int)
        keys = [(frame, *box) for frame, box in zip(
            table.frames.tolist(), boxes.tolist(), strict=True)]
        for frame, rows in table.frame_slices():
            fresh = [key for key in keys[rows] if key not in self.features]
            if fresh:
                image = read_frame(self.video, frame)
                crops = np.stack([
                    cut_out(image, box, self.model.reid.crop_size)
                    for _, *box in fresh])
                self.features.update(zip(
                    fresh, self.model.reid.embed(crops), strict=True))
        return self.model.reid.centre(
            np.stack([self.features[key] for key in keys]), table.frames,
            table.labels)


def detect(detector: MaskFusion, video: Video) -> dict[str, Any]:
    """What each source finds in each frame of a video."""
    frames = range(1, video.num_frames + 1)
    found = {}
    for name, source in detector.named_sources():
        source.check(video)
        found[name] = [
            source.detect(
                read_frame(video, frame) if source.needs_image else None,
                video, frame) for frame in frames]
        if source.needs_image:
            source.unload()
    return found


def fused(found: Found, names: Sequence[str], suppression: str,
          threshold: float, min_area: int) -> Observations:
    """Disjoint masks of what some of the sources found."""
    kind, option = SUPPRESSIONS[suppression]
    nms = TASK_UTILS.build({'type': kind, option: threshold})
    return Observations.concatenate([
        fuse(tables, nms, min_area)
        for tables in zip(*(found[name] for name in names), strict=True)])


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='ReMOTS config')
    parser.add_argument('checkpoint', nargs='?', help='encoder')
    parser.add_argument(
        '--sequences', nargs='+',
        help='targets, in the data_root of the config; default: its own')
    parser.add_argument(
        '--sources', nargs='+', help='files of detections, as '
        'DetectionsFromFile takes them; default: the config\'s sources')
    parser.add_argument(
        '--score-thr', type=float, nargs='+', default=[0.5],
        help='of --sources: least score, of all or of each')
    parser.add_argument(
        '--score-weight', type=float, nargs='+', default=[1.0],
        help='of --sources: what scores are multiplied by then')
    return parser.parse_args()


def load_config(args: argparse.Namespace) -> Config:
    """The config with what the command line says."""
    cfg = Config.fromfile(args.config)
    cfg.load_from = args.checkpoint or cfg.load_from
    if args.sequences:
        cfg.test_dataloader.dataset.sequences = args.sequences
    if args.sources:
        count = len(args.sources)
        for name in ('score_thr', 'score_weight'):
            values = getattr(args, name)
            if len(values) not in (1, count):
                raise ValueError(
                    f'{name} of {len(values)} sources, but there are {count}')
            setattr(args, name, values * (count // len(values)))
        cfg.model.detector.sources = [
            dict(type='DetectionsFromFile', path=path, score_thr=least,
                 score_weight=weight)
            for path, least, weight in zip(
                args.sources, args.score_thr, args.score_weight, strict=True)]
    return cfg


def measure(cfg: Config, names: Sequence[str]) -> dict[tuple, dict]:
    """Scores by (sources, suppression, threshold)."""
    videos = DATASETS.build(cfg.test_dataloader.dataset).sequences
    model = MODELS.build(cfg.model)
    if cfg.load_from:
        load_encoder(model.reid, cfg.load_from)
    found = [detect(model.detector, video) for video in videos]
    split = any(stage['type'] == 'TrackletSplitting'
                for stage in cfg.test_cfg.stages)
    trackers = [Tracker(model, video, split) for video in videos]
    sources = list(found[0])
    labels = dict(zip(names or sources, ([x] for x in sources), strict=True))
    if len(sources) > 1:
        labels[' + '.join(labels)] = sources
    results = {}
    for label, suppression, threshold in product(
            labels, SUPPRESSIONS, THRESHOLDS):
        with TemporaryDirectory() as folder:
            for tracker, tables in zip(trackers, found, strict=True):
                table = fused(tables, labels[label], suppression, threshold,
                              model.detector.min_area)
                write_mots(Path(folder, f'{tracker.video.name}.txt'), table,
                           tracker(table))
            scores = evaluate_mots(videos, folder)[COMBINED]
        results[label, suppression, threshold] = scores
        print(f'# {label}, {suppression} {threshold}: sMOTSA '
              f'{scores["sMOTSA"]:.1f}', flush=True)
    return results


def tables(results: Mapping[tuple, Mapping[str, float]]) -> str:
    """The two tables in Markdown."""
    labels = list(dict.fromkeys(label for label, *_ in results))
    thresholds = markdown_table(['sMOTSA', 'suppression',
                                 *map(str, THRESHOLDS)], [
        [label, name] + [f'{results[label, name, threshold]["sMOTSA"]:.1f}'
                         for threshold in THRESHOLDS]
        for label, name in product(labels, SUPPRESSIONS)])
    more = []
    for label in labels:
        scores = results[label, *DEFAULT]
        more.append(
            [label, *(f'{scores[name]:.1f}' for name in PERCENTAGES),
             *(f'{scores[name]:.0f}' for name in COUNTS)])
    return thresholds + '\n\n' + markdown_table(
        ['{} {}'.format(*DEFAULT), *PERCENTAGES, *COUNTS], more)


def main() -> None:
    """Run and print the tables."""
    args = parse_args()
    mmremots.register_all_modules()
    with one_line_errors():
        names = [Path(path).stem for path in args.sources or ()]
        print(f'\n{tables(measure(load_config(args), names))}')


if __name__ == '__main__':
    main()
