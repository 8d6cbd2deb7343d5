"""Peak memory of each stage for short and long videos, in MB.

Videos of 160x120 with five moving masks a frame are made and run through
all stages but the trainings, each in a process of its own. What counts is
anonymous memory: mapped files, such as crops and features, can be dropped
by the system at any time. Videos much longer than the first should cost
little more than their table of masks.
"""
from __future__ import annotations

import argparse
import logging
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.formats import write_detections
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox

SIZE, PEOPLE = (120, 160), 5
STAGES = ('MaskGeneration', 'ShortTermTracking', 'TrackletSplitting',
          'Merging', 'TrackPruning', 'TrackExtension', 'GapFilling')
#: How often memory is looked at, in seconds.
EVERY = 0.02


def make_video(folder: Path, num_frames: int) -> None:
    """A video and its detections.

    Args:
        folder: Of the sequence.
        num_frames: Its length.
    """
    rng = np.random.default_rng(0)
    height, width = SIZE
    background = cv2.GaussianBlur(
        rng.integers(0, 255, (height, width, 3), dtype=np.uint8), (9, 9), 0)
    colors = rng.integers(0, 255, (PEOPLE, 3)).tolist()
    for name in ('img1', 'det'):
        (folder / name).mkdir(parents=True)
    rles = []
    for t in range(num_frames):
        image = background.copy()
        for k, color in enumerate(colors):
            x = int(10 + 28 * k + 8 * np.sin(t / 15 + k))
            y = int(30 + 10 * np.cos(t / 20 + k))
            mask = np.zeros(SIZE, np.uint8)
            mask[y:y + 40, x:x + 14] = 1
            image[mask > 0] = color
            rles.append(encode_mask(mask))
        cv2.imwrite(str(folder / 'img1' / f'{t + 1:06d}.jpg'), image)
    num = len(rles)
    write_detections(folder / 'det' / 'boxes.txt', Observations(
        np.repeat(np.arange(1, num_frames + 1), PEOPLE),
        rle_bbox(rles).astype(np.float32), np.full(num, 0.9, np.float32),
        np.full(num, 2), rles, SIZE))


class Peaks(logging.Handler):
    """The most memory in use since a stage was logged, for each stage."""

    def __init__(self) -> None:
        super().__init__()
        self.of_stage: dict[str, float] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """A stage begins."""
        found = re.fullmatch(r'\[\d+/\d+\] ([^,]+)', record.getMessage())
        if found:
            self.of_stage[found[1]] = anonymous_memory()

    def _watch(self) -> None:
        while True:
            stage = next(reversed(self.of_stage), None)
            if stage is not None:
                self.of_stage[stage] = max(
                    self.of_stage[stage], anonymous_memory())
            time.sleep(EVERY)


def anonymous_memory() -> float:
    """Of this process, in MB."""
    status = Path('/proc/self/status').read_text()
    return int(re.findall(r'RssAnon:\s+(\d+) kB', status)[0]) / 1024


def run(config: str, root: Path) -> None:
    """Run the stages in this process and print a line a stage."""
    cfg = Config.fromfile(config)
    cfg.work_dir = str(root / 'run')
    cfg.test_dataloader.dataset.update(
        type='mmremots.MOTSChallengeDataset', data_root=str(root / 'data'))
    cfg.test_dataloader.dataset.pop('split', None)
    cfg.test_cfg.update(
        labelled=None, stages=[dict(type=name) for name in STAGES])
    runner, peaks = Runner.from_cfg(cfg), Peaks()
    MMLogger.get_current_instance().addHandler(peaks)
    runner.test()
    for stage, peak in peaks.of_stage.items():
        print(f'peak\t{stage}\t{peak:.0f}')


def main() -> None:
    """Make the videos, run each in a process, print a row a stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', nargs='?',
                        default='configs/remots_plus_sample.py')
    parser.add_argument('--frames', nargs='+', type=int,
                        default=[1000, 10000])
    parser.add_argument('--run', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        run(args.config, Path(args.run))
        return
    columns: list[dict[str, str]] = []
    with one_line_errors():
        for num_frames in args.frames:
            with tempfile.TemporaryDirectory() as folder:
                make_video(Path(folder, 'data', 'LONG'), num_frames)
                done = subprocess.run(
                    [sys.executable, __file__, args.config, '--run', folder],
                    check=True, stdout=subprocess.PIPE, text=True)
            columns.append(dict(
                line.split('\t')[1:] for line in done.stdout.splitlines()
                if line.startswith('peak\t')))
    print(markdown_table(
        ['stage', *(f'{n} frames' for n in args.frames)],
        [[stage, *(column[stage] for column in columns)]
         for stage in columns[0]]))


if __name__ == '__main__':
    main()
