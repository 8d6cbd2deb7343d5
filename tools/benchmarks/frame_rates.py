"""What a run's result is worth at a lower frame rate.

    python tools/benchmarks/frame_rates.py CONFIG RUN [--every 2 5]

Makes the target videos of a finished run anew with every k-th frame of them,
and the run's own fused masks there, and runs the config on those, trainings
included, with no setting touched. Beside it the result of the run itself,
scored on the same frames. Thinned videos and their runs stay in WORK_DIR.
"""
from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

import mmremots
from mmremots.apis.command_line import (
    build_runner,
    markdown_table,
    one_line_errors,
)
from mmremots.datasets.sequences import read_sequence
from mmremots.engine.finished_run import finished_run
from mmremots.engine.run import Run
from mmremots.evaluation import evaluate_mots
from mmremots.formats import read_mots, write_detections, write_mots
from mmremots.structures import Observations
from mmremots.structures.video import Video

METRICS = ('sMOTSA', 'IDF1', 'HOTA', 'IDSW')


def thin(table: Observations, step: int
         ) -> tuple[Observations, NDArray[np.int64]]:
    """The rows of every so many frames, numbered anew; and which they are."""
    rows = np.flatnonzero((table.frames - 1) % step == 0)
    kept = table.take(rows)
    return replace(kept, frames=(kept.frames - 1) // step + 1), rows


def thin_tracks(source: Path, target: Path, video: Video,
                step: int) -> None:
    """Copy the lines of every so many frames of a MOTS file."""
    table, ids = read_mots(source, video.size, video.num_frames)
    kept, rows = thin(table, step)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_mots(target, kept, ids[rows])


def thin_video(run: Run, video: Video, step: int,
               folder: Path) -> Video:
    """Write a target video with every so many frames, and its masks."""
    images = folder / 'img1'
    images.mkdir(parents=True, exist_ok=True)
    paths = video.img_paths[::step]
    for number, path in enumerate(paths, 1):
        link = images / f'{number:06d}{Path(path).suffix}'
        if not link.is_symlink():
            link.symlink_to(Path(path).resolve())
    (folder / 'seqinfo.ini').write_text(
        f'[Sequence]\nname={video.name}\nseqLength={len(paths)}\n'
        f'frameRate={video.frame_rate / step:g}\n')
    thin_tracks(Path(str(video.gt_path)), folder / 'gt' / 'gt.txt', video,
                step)
    (folder / 'det').mkdir(exist_ok=True)
    write_detections(folder / 'det' / 'fused.txt',
                     thin(run.work(video).masks(), step)[0])
    return read_sequence(folder)


def compare(cfg: Config, run: Run, step: int, root: Path) -> list[list[str]]:
    """Rows of a table: scope, frames, scores at both rates."""
    videos = [thin_video(run, video, step, root / 'videos' / video.name)
              for video in run.videos]
    thinned = Config(cfg.to_dict())
    thinned.test_dataloader.dataset = dict(
        type='MOTSChallengeDataset', data_root=str(root / 'videos'),
        sequences=[video.name for video in videos], test_mode=True)
    thinned.model.detector.sources = [dict(
        type='DetectionsFromFile', path='det/fused.txt')]
    thinned.work_dir, thinned.launcher = str(root / 'run'), 'none'
    thinned.resume = True
    build_runner(thinned).test()
    with TemporaryDirectory() as scratch:
        for video in run.videos:
            thin_tracks(run.folder.tracks(video.name),
                        Path(scratch, f'{video.name}.txt'), video, step)
        full = evaluate_mots(videos, scratch)
    found = evaluate_mots(videos, root / 'run' / 'tracks')
    return [[scope or 'all', f'1 of {step}', *(
        f'{row[m]:.1f}' for row in (full[scope], found[scope])
        for m in METRICS)] for scope in full]


def main() -> None:
    """Run at each rate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the run')
    parser.add_argument('run', type=Path, help='its work directory')
    parser.add_argument('--every', type=int, nargs='+', default=[2, 5])
    parser.add_argument('--work-dir', type=Path,
                        default=Path('work_dirs/frame_rates'))
    args = parser.parse_args()
    if min(args.every) < 1:
        parser.error(f'--every {min(args.every)}: 1 at least')
    cfg = Config.fromfile(args.config)
    mmremots.register_all_modules()
    run = finished_run(cfg, args.run)
    rows = [row for step in args.every for row in compare(
        cfg, run, step, args.work_dir / args.run.name / f'every{step}')]
    print(markdown_table(
        ['', 'frames', *(f'{rate}: {m}' for rate in ('full', 'thinned')
                         for m in METRICS)], rows))


if __name__ == '__main__':
    with one_line_errors():
        main()
