"""Time the fusion of masks against the code that the paper prints.

A crowd is drawn, each person found by two detectors. The paper's way works
on whole arrays: ``pixel_iom`` of every candidate and every mask kept so far,
then overlaps pixel by pixel; it is handed decoded masks, and decoding is not
counted. Ours is ``mmremots.models.detectors.fuse`` from RLEs to RLEs. Both
must keep the same masks and the same pixels.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import cv2
import numpy as np

from mmremots.models.detectors import fuse
from mmremots.models.task_modules.iom_nms import IoMNMS
from mmremots.structures.masks import decode_mask, encode_mask, rle_bbox
from mmremots.structures.observations import Observations


def pixel_iom(target: np.ndarray, prediction: np.ndarray) -> float:
    """As printed in section 2.1."""
    intersection = np.logical_and(target, prediction)
    min_area = min(np.sum(target), np.sum(prediction))
    iom_score = np.sum(intersection) / min_area
    return iom_score


def paper_fusion(
        masks: list[np.ndarray], scores: np.ndarray, iom_thr: float,
        min_area: int) -> tuple[list[int], list[np.ndarray]]:
    """Kept indices, best first, and their masks without overlaps.

    Masks below ``min_area`` go before suppression and after it.
    """
    kept: list[int] = []
    for index in np.argsort(-scores, kind='stable').tolist():
        if np.sum(masks[index]) >= min_area and all(
                pixel_iom(masks[other], masks[index]) <= iom_thr
                for other in kept):
            kept.append(index)
    taken = np.zeros_like(masks[0])
    left = []
    for index in kept:
        left.append(masks[index] & ~taken)
        taken |= masks[index]
    large = [k for k, mask in enumerate(left) if np.sum(mask) >= min_area]
    return [kept[k] for k in large], [left[k] for k in large]


def draw_crowd(
        count: int, height: int, width: int,
        rng: np.random.Generator) -> list[np.ndarray]:
    """Masks of people, 40 to 400 pixels tall at 1080 lines, in clusters.

    Two masks of each: the second detector sees them a little differently.
    """
    centres = rng.uniform((0.05, 0.4), (0.95, 0.8), size=(6, 2))
    masks = []
    for person in range((count + 1) // 2):
        place = centres[person % len(centres)] + rng.normal(0, (0.05, 0.04))
        x, y = place.clip(0.02, 0.98) * (width, height)
        tall = np.exp(rng.uniform(np.log(40), np.log(400))) * height / 1080
        stride = rng.uniform(0.05, 0.2)
        for _ in range(2):
            tall_here = tall * rng.normal(1, 0.04)
            masks.append(_draw_person(
                x + rng.normal(0, 0.02) * tall, y, tall_here, stride,
                (height, width), rng))
    return masks[:count]


def _draw_person(
        x: float, y: float, tall: float, stride: float,
        size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    canvas = np.zeros(size, dtype=np.uint8)

    def point(right: float, up: float) -> tuple[int, int]:
        return int(x + right * tall), int(y - up * tall)

    thick = max(2, int(0.09 * tall))
    for side in (-stride, stride):
        cv2.line(canvas, point(0, 0), point(side, -0.47), 1, thick)
        cv2.line(canvas, point(side / 2, 0.3), point(side, 0), 1, thick // 2)
    cv2.ellipse(
        canvas, point(0, 0.15), (int(0.13 * tall), int(0.23 * tall)), 0, 0,
        360, 1, -1)
    cv2.circle(canvas, point(0, 0.43), int(0.07 * tall) + 1, 1, -1)
    # A network's outline is not smooth: shift rows by a pixel here and there.
    shift = np.cumsum(rng.integers(-1, 2, size=size[0])) // 3
    for row in np.flatnonzero(canvas.any(axis=1)):
        canvas[row] = np.roll(canvas[row], shift[row])
    return canvas.astype(bool)


def timed(
        repeat: int, function: Callable[..., Any],
        *args: Any) -> tuple[float, Any]:
    """Median CPU seconds of some calls, and what the last returned."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        result = function(*args)
        seconds.append(time.process_time() - start)
    return median(seconds), result


def main() -> int:
    """Print the comparison; 1 if the results differ."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--masks', type=int, default=60)
    parser.add_argument('--height', type=int, default=1080)
    parser.add_argument('--width', type=int, default=1920)
    parser.add_argument('--iom-thr', type=float, default=0.5)
    parser.add_argument('--min-area', type=int, default=16)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    masks = draw_crowd(args.masks, args.height, args.width, rng)
    scores = rng.uniform(0.5, 1, size=len(masks)).astype(np.float32)
    rles = [encode_mask(mask) for mask in masks]
    found = Observations(
        np.ones(len(rles), np.int64), rle_bbox(rles).astype(np.float32),
        scores, np.full(len(rles), 2), rles, (args.height, args.width))

    # The two take turns, so that other work on the machine slows both.
    theirs, ours = [], []
    for _ in range(3):
        seconds, (kept, left) = timed(
            1, paper_fusion, masks, scores, args.iom_thr, args.min_area)
        theirs.append(seconds)
        seconds, fused = timed(
            20, fuse, [found], IoMNMS(args.iom_thr), args.min_area)
        ours.append(seconds)

    same = bool(
        np.array_equal(fused.scores, scores[kept])
        and all(np.array_equal(decode_mask(rle), mask)
                for rle, mask in zip(fused.rles, left, strict=True)))
    print(f'{len(masks)} masks of {args.width}x{args.height}, '
          f'{len(fused)} kept')
    print(f'paper    {1e3 * median(theirs):10.2f} ms')
    print(f'mmremots {1e3 * median(ours):10.2f} ms')
    print(f'{median(theirs) / median(ours):.0f} times faster; same masks and '
          f'pixels: {"yes" if same else "NO"}')
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main())
