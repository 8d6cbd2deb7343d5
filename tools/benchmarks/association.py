"""What short-term tracking costs beside optical flow.

Two frames of 1920x1080 with 30 masks: everything that tracking does for a
pair of frames but flow and network (label map from RLEs, warping, overlaps,
cost, assignment) against one full-resolution Farneback flow in the same run.
The target is at most 5 %.
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.models.motion.dense_flow import DenseFlow
from mmremots.models.trackers import ShortTermTracker, adjacent_overlaps
from mmremots.structures.masks import encode_mask, resolve_overlaps

PAIRS = 10


def people(num: int, height: int, width: int, shift: int) -> list[dict]:
    """Disjoint masks the shape of people, all moved by ``shift`` pixels."""
    rng = np.random.default_rng(0)
    masks = []
    for x, y, tall in zip(
            rng.integers(50, width - 50, num),
            rng.integers(height // 3, 2 * height // 3, num),
            rng.integers(height // 6, height // 3, num), strict=True):
        mask = np.zeros((height, width), dtype=np.uint8)
        center = (int(x) + shift, int(y))
        for part, size in (
                ((0, 0), (0.18, 0.6)), ((0, -0.75), (0.1, 0.15)),
                ((0.1, 0.7), (0.07, 0.4)), ((-0.1, 0.7), (0.07, 0.4))):
            cv2.ellipse(
                mask, (int(center[0] + part[0] * tall),
                       int(center[1] + part[1] * tall)),
                (int(size[0] * tall), int(size[1] * tall)), 0, 0, 360, 1, -1)
        masks.append(encode_mask(mask))
    return resolve_overlaps(masks, np.arange(num))


def texture(height: int, width: int, shift: int) -> NDArray[np.uint8]:
    """A gray image of smooth noise, moved by ``shift`` pixels."""
    noise = np.random.default_rng(0).integers(
        0, 256, (height, width), dtype=np.uint8)
    return np.roll(cv2.GaussianBlur(noise, (0, 0), 3), shift, axis=1)


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Run and print the share; exit status 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--height', type=int, default=1080)
    parser.add_argument('--width', type=int, default=1920)
    parser.add_argument('--masks', type=int, default=30)
    parser.add_argument('--repeat', type=int, default=7)
    args = parser.parse_args()

    motion, tracker = DenseFlow(), ShortTermTracker()
    images = [texture(args.height, args.width, 3 * t) for t in range(2)]
    flow = motion.flow(images[1], images[0])
    num_frames = PAIRS + 1
    rles = [
        rle for t in range(num_frames)
        for rle in people(args.masks, args.height, args.width, 3 * t)]
    frames = np.repeat(np.arange(1, num_frames + 1), args.masks)
    looks = np.random.default_rng(0).standard_normal((args.masks, 2048))
    features = np.tile(looks, (num_frames, 1)).astype(np.float32)

    def track() -> NDArray[np.int64]:
        overlaps = adjacent_overlaps(
            frames, rles, (args.height, args.width), num_frames,
            [flow] * PAIRS)
        return tracker.link(
            frames, np.full(len(frames), 2), features, overlaps, theta=0.5)

    times = np.array([
        (seconds(lambda: motion.flow(images[1], images[0])),
         seconds(track) / PAIRS) for _ in range(args.repeat)])
    farneback, rest = times.min(axis=0)
    print(f'{args.width}x{args.height}, {args.masks} masks, '
          f'{track().max()} tracklets in {num_frames} frames; '
          f'best of {args.repeat}')
    print(f'Farneback flow   {farneback * 1e3:7.1f} ms a pair')
    print(f'everything else  {rest * 1e3:7.1f} ms a pair, '
          f'{rest / farneback:.1%} of it')
    raise SystemExit(0 if rest <= 0.05 * farneback else 1)


if __name__ == '__main__':
    main()
