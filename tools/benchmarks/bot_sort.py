"""BoT-SORT of the package `trackers`, in an environment of its own.

compare_trackers.py starts this file with the python that its --bot-sort
names. It needs nothing of mmremots, only what the package brings:

    python -m venv BOTSORT
    BOTSORT/bin/python -m pip install 'trackers>=2.6.1'

All settings are the package's own. It compensates for camera motion by sparse
optical flow. It has no appearance: boxes are matched by overlap and score
alone, so this is BoT-SORT, not BoT-SORT-ReID, and it gets no features. Nor
does it look at classes, or at the frame rate.

It gives back boxes as it got them, fewer and in another order, and with each
the number of its row, which it was given along with it. So an id leads back
to its row, and a box to its mask, without boxes being compared.

    python bot_sort.py IN.npz OUT.npz

IN.npz holds N `boxes` (N, 4) as x1, y1, x2, y2, `scores` (N,), `frames` (N,)
from 1, and `img_paths` (T,), an image a frame. OUT.npz gets `ids` (N,), from
1, 0 where there is none, and the `seconds` that the tracker took.
"""
from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version
from pathlib import Path

try:
    import cv2
    import numpy as np
    from supervision import Detections
    from trackers import BoTSORTTracker
except ImportError as error:
    sys.exit(f"{error}; needed is: pip install 'trackers>=2.6.1'")


def track(boxes: np.ndarray, scores: np.ndarray, frames: np.ndarray,
          img_paths: np.ndarray) -> tuple[np.ndarray, float]:
    """Ids of the boxes of a video.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        scores: (N,) scores.
        frames: (N,) frames, from 1.
        img_paths: (T,) image files.

    Returns:
        (N,) int64 ids from 1, 0 where there is none; seconds it took.

    Raises:
        ValueError: An image cannot be read.
    """
    tracker = BoTSORTTracker()
    ids = np.zeros(len(boxes), np.int64)
    seconds = 0.0
    for frame, path in enumerate(img_paths, start=1):
        rows = np.flatnonzero(frames == frame)
        image = cv2.imread(str(path))
        if image is None:  # the package would go on without it
            raise ValueError(f'{path}: not an image that can be read')
        found = Detections(
            xyxy=boxes[rows], confidence=scores[rows], data={'row': rows})
        begin = time.perf_counter()
        found = tracker.update(found, image)
        seconds += time.perf_counter() - begin
        if len(found):  # else it says nothing of rows
            # Its ids start at 0; -1 is that of a track not yet confirmed.
            ids[found.data['row']] = found.tracker_id + 1
    return ids, seconds


def main() -> None:
    """Read, track, write."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version',
                        version=f'trackers {version("trackers")}')
    parser.add_argument('given', type=Path, help='file to read')
    parser.add_argument('result', type=Path, help='file to write')
    args = parser.parse_args()
    with np.load(args.given, allow_pickle=False) as given:
        ids, seconds = track(**given)
    np.savez(args.result, ids=ids, seconds=seconds)


if __name__ == '__main__':
    main()
