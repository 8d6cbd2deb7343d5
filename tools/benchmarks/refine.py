"""Each of mmdet's five trackers, before and after its tracks are refined.

    python tools/benchmarks/refine.py configs/remots_campus.py \
        configs/remots_pedestrians.py configs/remots_sample_osnet.py

SORT, DeepSORT, StrongSORT, ByteTrack and OC-SORT track the fused masks of a
config's targets, with the encoder that the config starts from, as in
compare_trackers.py. What each leaves is refined by
configs/remots_plus_refine.py, with the same encoder and without any training.
Prints sMOTSA, IDF1 and HOTA before and after.
"""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from compare_trackers import TRACKERS, track
from mmengine.config import Config

from mmremots.apis.command_line import (
    build_runner,
    markdown_table,
    one_line_errors,
)
from mmremots.apis.inference import encoder_config
from mmremots.engine.finished_run import finished_run
from mmremots.engine.run import Run
from mmremots.engine.run_folder import read_json
from mmremots.formats.tracks import VideoTracks

ROOT = Path(__file__).resolve().parents[2]
REFINE = ROOT / 'configs' / 'remots_plus_refine.py'
METRICS = ('sMOTSA', 'IDF1', 'HOTA')
#: Names of the tables in metrics.json.
BEFORE, AFTER = 'tracklets from file', 'ReMOTS'


def masks_of(path: Path, root: Path) -> Run:
    """A run of a config up to its masks and their features."""
    cfg = Config.fromfile(path)
    cfg.test_cfg.stages = [
        dict(type='MaskGeneration'), dict(type='ShortTermTracking')]
    cfg.work_dir, cfg.launcher, cfg.resume = str(root), 'none', True
    build_runner(cfg).test()
    run = finished_run(cfg, root)
    run.encoder = run.folder.encoder('start')
    return run


def write_tracks(run: Run, tracker: str, folder: Path) -> None:
    """What a tracker of mmdet makes of a run's masks, a file a video."""
    for video in run.videos:
        table = run.work(video).masks()
        ids, _ = track(tracker, video, table,
                       np.asarray(run.work(video).features(tracker)))
        rows = np.flatnonzero(ids)
        VideoTracks(table.take(rows), ids[rows], video.num_frames,
                    video.frame_rate, video.name).to_coco(
                        folder / f'{video.name}.json')


def refined(path: Path, tracks: Path, root: Path,
            options: dict[str, Any] | None = None) -> dict[str, Any]:
    """Metrics of tracks before and after: of each stage."""
    data = Config.fromfile(path)
    cfg = encoder_config(REFINE, data.load_from, options)
    cfg.test_dataloader.dataset = data.test_dataloader.dataset
    cfg.test_cfg.stages[0].path = f'{tracks.resolve()}/{{sequence}}.json'
    cfg.work_dir, cfg.launcher, cfg.resume = str(root), 'none', True
    build_runner(cfg).test()
    metrics = read_json(root / 'metrics.json')
    if metrics is None:
        raise ValueError(f'{path}: its targets have no ground truth')
    return dict(metrics['stages'])


def table(found: dict[str, dict[str, Any]], sequence: str) -> str:
    """Markdown, a row a tracker: before and after."""
    rows = []
    for tracker, stages in found.items():
        cells = []
        for metric in METRICS:
            before, after = (stages[stage][f'mots/{sequence}/{metric}']
                             for stage in (BEFORE, AFTER))
            mark = '**' if after > before else ''
            cells.append(f'{before:.1f} → {mark}{after:.1f}{mark}')
        rows.append([tracker, *cells])
    return markdown_table(['', *METRICS], rows)


def main() -> None:
    """Track, refine, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', type=Path, nargs='+')
    parser.add_argument('--trackers', nargs='+', default=list(TRACKERS),
                        choices=list(TRACKERS))
    parser.add_argument('--work-dir', type=Path,
                        default=Path('work_dirs/refine'))
    args = parser.parse_args()
    for path in args.configs:
        root = args.work_dir / path.stem
        run = masks_of(path, root / 'masks')
        found = {}
        for tracker in args.trackers:
            folder = root / tracker
            write_tracks(run, tracker, folder / 'given')
            found[tracker] = refined(path, folder / 'given', folder)
        for video in run.videos:
            print(f'\n{video.name}\n\n{table(found, video.name)}',
                  flush=True)


if __name__ == '__main__':
    with one_line_errors():
        main()
