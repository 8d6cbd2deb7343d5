"""Seconds of one video by one process and by several, in one run.

A sequence of the built-in sample, with a network that has learned nothing but
works as hard as any beside the detections from files: its masks, then crops,
features, flow and tracklets of all. Each number of processes has a thread a
process and takes turns with the others; the least time counts.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mmengine.config import Config

from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.registry import DATASETS

ROOT = Path(__file__).resolve().parents[2]


def seconds(cfg: Config, folder: Path, processes: int) -> dict[str, float]:
    """Seconds of each stage of a run in a new folder."""
    cfg.work_dir = str(folder / 'run')
    cfg.dump(folder / 'config.py')
    subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         f'--nproc_per_node={processes}', 'tools/test.py',
         str(folder / 'config.py'), '--launcher', 'pytorch'],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env={**os.environ, 'OMP_NUM_THREADS': '1'})
    return json.loads((folder / 'run' / 'seconds.json').read_text())


def main() -> None:
    """Runs in turn, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', help='default: the sample',
                        default=str(ROOT / 'configs' / 'remots_sample.py'))
    parser.add_argument('--sequence', help='default: the first')
    parser.add_argument('--detector', help='config of the network',
                        default='mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py')
    parser.add_argument('--processes', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--times', type=int, default=1)
    args = parser.parse_args()
    with one_line_errors():
        cfg = Config.fromfile(args.config)
        first = DATASETS.build(cfg.test_dataloader.dataset).sequences[0]
        cfg.test_dataloader.dataset.sequences = [args.sequence or first.name]
        cfg.model.detector.sources = [*cfg.model.detector.sources, dict(
            type='mmremots.InstanceSegmenter', score_thr=0.99,
            config=args.detector,
            scale=(160, 160), classes=dict(person=2))]
        cfg.test_cfg.stages = [
            dict(type='mmremots.MaskGeneration', num_workers=0),
            dict(type='mmremots.ShortTermTracking')]
        cfg.test_cfg.report = False
        best: dict[int, dict[str, float]] = {}
        for _ in range(args.times):
            for processes in args.processes:
                with tempfile.TemporaryDirectory() as folder:
                    found = seconds(cfg, Path(folder), processes)
                known = best.setdefault(processes, found)
                best[processes] = {
                    stage: min(found[stage], known[stage]) for stage in found}
    print(markdown_table(
        ['seconds by', *(f'{n} processes' if n > 1 else '1 process'
                         for n in args.processes)],
        [[stage, *(f'{best[n][stage]:.1f}' for n in args.processes)]
         for stage in best[args.processes[0]]]))


if __name__ == '__main__':
    main()
