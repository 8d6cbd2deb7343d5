"""Simulated instance segmentation: what is wrong with real detections.

Masks are coarse and a little off, people are missed for some frames in a
row, found twice or in halves, two are taken for one, and there are people
where none are. The score says, roughly, how well a person can be seen.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.structures.masks import encode_mask, rle_bbox
from mmremots.structures.observations import Observations

from .render import RenderedFrame

MIN_AREA = 60  # pixels; smaller masks are neither found nor annotated
_PEDESTRIAN = 2


@dataclass(frozen=True)
class DetectorProfile:
    """Strengths and weaknesses of a detector.

    Confidence in a person, on the logit scale, begins at ``confidence``
    and loses the other terms; below ``floor`` the person is missed.

    Attributes:
        confidence: Of a person in full view.
        occlusion: Loss where all of the body is hidden.
        distance: Loss at the smallest body.
        darkness: Loss in the deepest shade.
        border: Loss where the image border cuts the body.
        mood: Spread of the loss that comes and goes within some frames.
        floor: Lowest confidence that is still reported.
        grid: Cells of the mask head along each side of a box.
        shift: Spread of the mask's position, pixels.
        roughness: Spread of the mask head's error, 0 to 1 a cell.
        leak: Chance that an occluded person's hidden parts are masked too.
        duplicates: Chance of a second mask for a person.
        mergers: Chance that two people who touch get a mask together.
        hallucinations: Mean number of them that begin in a frame.
        seed: Makes two detectors err differently.
    """

    confidence: float = 4.0
    occlusion: float = 4.0
    distance: float = 1.0
    darkness: float = 1.0
    border: float = 1.0
    mood: float = 1.0
    floor: float = -0.8
    grid: int = 28
    shift: float = 0.5
    roughness: float = 0.10
    leak: float = 0.15
    duplicates: float = 0.15
    mergers: float = 0.1
    hallucinations: float = 0.08
    seed: int = 0


#: Sharp masks, weak on those who are far away or hidden.
ALPHA = DetectorProfile(
    occlusion=5.2, distance=3.2, darkness=0.3, grid=28, seed=1)
#: Coarse masks, weak in the shade and at the border, sees more ghosts.
BETA = DetectorProfile(
    confidence=3.5, occlusion=3.0, distance=0.4, darkness=2.2, border=2.0,
    grid=20, shift=0.7, roughness=0.12, leak=0.2, duplicates=0.25,
    mergers=0.2, hallucinations=0.16, seed=2)


@dataclass(frozen=True)
class _Found:
    mask: NDArray[np.bool_]
    confidence: float


def simulate_detector(profile: DetectorProfile,
                      frames: Iterable[RenderedFrame],
                      seed: int) -> Observations:
    """Detect people in rendered frames.

    Args:
        profile: The detector.
        frames: All frames of a sequence, in order.
        seed: Of the sequence.

    Returns:
        Its detections, frames from 1, labels 2; masks of one frame overlap
        as the detector left them.
    """
    rng = np.random.default_rng([seed, profile.seed])
    tables = []
    moods: NDArray[np.float64] | None = None
    ghosts: list[_Ghost] = []
    for number, frame in enumerate(frames, start=1):
        if moods is None:
            moods = rng.normal(0, profile.mood, len(frame.bodies))
        # A mood lasts for about five frames.
        moods = 0.8 * moods + 0.6 * rng.normal(0, profile.mood, len(moods))
        found = _people(rng, profile, frame, moods)
        found += _mergers(rng, profile, frame)
        ghosts = _haunt(rng, profile, frame.image.shape[:2], ghosts)
        found += [ghost.show(rng) for ghost in ghosts]
        found += _fooled(rng, frame)
        tables.append(_table(rng, number, found, frame.image.shape[:2]))
    return Observations.concatenate(tables)


def _people(rng: np.random.Generator, profile: DetectorProfile,
            frame: RenderedFrame, moods: NDArray[np.float64]
            ) -> list[_Found]:
    found = []
    for index, body in enumerate(frame.bodies):
        if body is None:
            continue
        visible = frame.owner == index + 1
        area = np.count_nonzero(visible)
        if area < MIN_AREA:
            continue
        hidden = 1 - area / np.count_nonzero(body)
        rows = np.flatnonzero(body.any(1))
        confidence = (
            profile.confidence + moods[index]
            - profile.occlusion * hidden
            - profile.distance * np.clip(1.6 - len(rows) / 70, 0, 1)
            - profile.darkness * np.clip(1.8 - 1.6 * frame.light[index], 0, 1)
            - profile.border * body[:, [0, -1]].any()
            + rng.normal(0, 0.4))
        if confidence < profile.floor:
            continue
        leaks = hidden > 0.1 and rng.uniform() < profile.leak
        source = body if leaks else visible
        found.append(_Found(_segment(rng, profile, source), confidence))
        if rng.uniform() < profile.duplicates:
            found.append(_Found(
                _segment(rng, profile, _part(rng, visible)),
                confidence - rng.uniform(0.3, 2.5)))
    return found


def _part(rng: np.random.Generator, mask: NDArray[np.bool_]
          ) -> NDArray[np.bool_]:
    """The whole, the upper or the lower part of a mask."""
    rows = np.flatnonzero(mask.any(1))
    cut = int(rows[0] + rng.uniform(0.45, 0.65) * (rows[-1] - rows[0]))
    part = mask.copy()
    kind = rng.integers(3)
    if kind == 1:
        part[cut:] = False
    elif kind == 2:
        part[:cut] = False
    return part


def _segment(rng: np.random.Generator, profile: DetectorProfile,
             mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pass a mask through a box and a mask head of ``grid`` cells a side."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    low = np.array([cols[0], rows[0]]) - 2.0
    high = np.array([cols[-1], rows[-1]]) + 3.0
    scale = (high - low) / profile.grid
    # Image to grid; cell centres sample an area, hence the blur.
    blurred = cv2.blur(mask.astype(np.float32), (
        max(1, round(scale[0])), max(1, round(scale[1]))))
    to_image = np.array([[scale[0], 0, low[0] + scale[0] / 2 - 0.5],
                         [0, scale[1], low[1] + scale[1] / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    head = cv2.warpAffine(blurred, to_image, (profile.grid, profile.grid),
                          flags=flags)
    head += rng.normal(0, profile.roughness, head.shape).astype(np.float32)
    to_image[:, 2] += rng.normal(0, profile.shift, 2)
    to_image[[0, 1], [0, 1]] *= rng.normal(1, 0.01, 2)
    out = cv2.warpAffine(head, to_image, mask.shape[::-1],
                         flags=cv2.INTER_LINEAR)
    return out > 0.5


def _mergers(rng: np.random.Generator, profile: DetectorProfile,
             frame: RenderedFrame) -> list[_Found]:
    """Neighbours taken for one person."""
    present = [k for k in range(len(frame.bodies))
               if np.count_nonzero(frame.owner == k + 1) >= MIN_AREA]
    found = []
    for first, second in pairwise(present):
        one, two = frame.owner == first + 1, frame.owner == second + 1
        touching = (cv2.dilate(one.astype(np.uint8), np.ones((3, 3))) > 0
                    ) & two
        if touching.any() and rng.uniform() < profile.mergers:
            found.append(_Found(_segment(rng, profile, one | two),
                                rng.normal(-0.3, 0.5)))
    return found


@dataclass
class _Ghost:
    """A person seen for some frames where nobody is."""

    center: NDArray[np.float64]
    height: float
    frames_left: int
    size: tuple[int, int]

    def show(self, rng: np.random.Generator) -> _Found:
        patch = np.zeros(self.size, np.uint8)
        center = self.center + rng.normal(0, 1.5, 2)
        cv2.ellipse(patch, (int(center[0]), int(center[1])),
                    (int(self.height * 0.18), int(self.height * 0.5)),
                    rng.normal(0, 4), 0, 360, 1, -1)
        return _Found(patch > 0, rng.normal(-0.6, 0.6))


def _haunt(rng: np.random.Generator, profile: DetectorProfile,
           size: tuple[int, int], ghosts: list[_Ghost]) -> list[_Ghost]:
    """Let ghosts age and new ones come."""
    for ghost in ghosts:
        ghost.frames_left -= 1
    ghosts = [ghost for ghost in ghosts if ghost.frames_left > 0]
    for _ in range(rng.poisson(profile.hallucinations)):
        height = rng.uniform(35, 90)
        center = np.array([rng.uniform(0, size[1]),
                           rng.uniform(90, size[0] - 50)])
        ghosts.append(_Ghost(center, height, int(rng.integers(1, 6)), size))
    return ghosts


def _fooled(rng: np.random.Generator, frame: RenderedFrame
            ) -> list[_Found]:
    """The poster and pieces of the crowd, now and then."""
    found = []
    if (np.count_nonzero(frame.poster) >= MIN_AREA
            and rng.uniform() < 0.3):
        found.append(_Found(frame.poster, rng.normal(-0.4, 0.4)))
    cols = np.flatnonzero(frame.ignore.any(0))
    if len(cols) > 15 and rng.uniform() < 0.5:
        left = rng.integers(cols[0], cols[-1] - 12)
        piece = np.zeros_like(frame.ignore)
        piece[:, left:left + 13] = frame.ignore[:, left:left + 13]
        found.append(_Found(piece, rng.normal(0.2, 0.5)))
    return found


def _table(rng: np.random.Generator, number: int, found: list[_Found],
           size: tuple[int, int]) -> Observations:
    """Detections of one frame in the order of their scores."""
    found = [item for item in found
             if np.count_nonzero(item.mask) >= MIN_AREA // 2]
    if not found:
        return Observations.empty(size)
    found.sort(key=lambda item: -item.confidence)
    rles = [encode_mask(item.mask) for item in found]
    boxes = rle_bbox(rles) + np.round(rng.normal(0, 0.7, (len(rles), 4)))
    boxes = np.clip(boxes, 0, [size[1], size[0]] * 2)
    confidence = np.array([item.confidence for item in found])
    scores = np.round(1 / (1 + np.exp(-confidence)), 4)
    return Observations(
        np.full(len(rles), number, np.int64), boxes.astype(np.float32),
        scores.astype(np.float32),
        np.full(len(rles), _PEDESTRIAN, np.int64), rles, size)
