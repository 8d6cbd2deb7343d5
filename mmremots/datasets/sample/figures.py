"""Figures: a person in a pose, drawn as a sprite."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .people import Cloth, Color, Person, paint

Point = tuple[float, float]

# Drawn at this multiple of the image's resolution, then averaged: the
# alpha channel is the covered fraction of each pixel.
_SUPERSAMPLING = 2
_SHIFT = 4  # fractional bits of OpenCV's polygon coordinates
_CIRCLE = np.stack([np.cos(np.arange(16) * np.pi / 8),
                    np.sin(np.arange(16) * np.pi / 8)], 1)


@dataclass(frozen=True)
class Pose:
    """Where and how a person stands.

    Attributes:
        feet: (x, y) of the ground point in image coordinates, pixels.
        height: Body height in pixels.
        phase: Gait phase, radians.
        facing: -1 (walks to the left) to 1 (to the right).
        stride: 0 (stands) to 1 (full step).
    """

    feet: Point
    height: float
    phase: float
    facing: float
    stride: float


@dataclass(frozen=True)
class Sprite:
    """A drawn object and where its upper left corner lies.

    Attributes:
        color: (h, w, 3) float32 BGR, multiplied by alpha.
        alpha: (h, w) float32, covered fraction of each pixel, 0 to 1.
        x: Column of the image at which the sprite begins; may be negative.
        y: Row, likewise.
    """

    color: NDArray[np.float32]
    alpha: NDArray[np.float32]
    x: int
    y: int


def _plain(color: Color) -> Cloth:
    return Cloth('plain', color, color)


class _Canvas:
    """A patch of the image on which body parts are painted in order."""

    def __init__(self, pose: Pose) -> None:
        x, y = pose.feet
        reach = 0.40 * pose.height
        self.x, self.y = int(x - reach), int(y - 1.04 * pose.height)
        width = int(x + reach) - self.x + 2
        height = int(y + 0.05 * pose.height) - self.y + 2
        self.scale = pose.height * _SUPERSAMPLING
        self.origin = (np.array(pose.feet) - (self.x, self.y)
                       ) * _SUPERSAMPLING
        shape = (height * _SUPERSAMPLING, width * _SUPERSAMPLING)
        self.color = np.zeros((*shape, 3), np.float32)
        self.alpha = np.zeros(shape, np.float32)

    def polygon(self, points: list[Point] | NDArray[np.float64],
                cloth: Cloth, anchor: Point, shade: float = 1.0) -> None:
        """Fill a convex polygon, given in body heights from the feet."""
        pixels = np.asarray(points, np.float64) * self.scale + self.origin
        fixed = np.round(pixels * (1 << _SHIFT)).astype(np.int32)
        cv2.fillConvexPoly(self.alpha, fixed, 1, shift=_SHIFT)
        if cloth.pattern == 'plain':
            color = [shade * channel for channel in cloth.base]
            cv2.fillConvexPoly(self.color, fixed, color, shift=_SHIFT)
            return
        limit = self.alpha.shape[::-1]
        x0, y0 = np.clip(pixels.min(0).astype(int) - 1, 0, limit)
        x1, y1 = np.clip(pixels.max(0).astype(int) + 3, 0, limit)
        u = (np.arange(x0, x1) - self.origin[0]) / self.scale - anchor[0]
        v = (np.arange(y0, y1) - self.origin[1]) / self.scale - anchor[1]
        painted = paint(cloth, u[None].astype(np.float32),
                        v[:, None].astype(np.float32)) * np.float32(shade)
        inside = np.zeros(self.alpha.shape, np.uint8)
        cv2.fillConvexPoly(inside, fixed, 1, shift=_SHIFT)
        np.copyto(self.color[y0:y1, x0:x1], painted,
                  where=inside[y0:y1, x0:x1, None] > 0)

    def ellipse(self, center: Point, axes: Point, cloth: Cloth,
                shade: float = 1.0) -> None:
        self.polygon(_CIRCLE * axes + center, cloth, center, shade)

    def limb(self, start: Point, end: Point, radii: Point, cloth: Cloth,
             shade: float = 1.0) -> None:
        """A tapering limb with round ends."""
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = np.hypot(dx, dy)
        # Half circles: the first eight points turned to face away from the
        # other end, the last eight turned the other way.
        arc = _CIRCLE @ np.array([[-dy, dx], [-dx, -dy]]) / length
        outline = np.concatenate([start + radii[0] * arc[:9],
                                  end + radii[1] * -arc[:9]])
        self.polygon(outline, cloth, start, shade)

    def sprite(self) -> Sprite:
        # Light falls from the upper left: the right side is darker.
        u = (np.arange(self.alpha.shape[1]) - self.origin[0]) / self.scale
        shade = np.clip(1.0 - 1.1 * u, 0.7, 1.2).astype(np.float32)
        self.color *= shade[None, :, None]
        size = (self.alpha.shape[1] // _SUPERSAMPLING,
                self.alpha.shape[0] // _SUPERSAMPLING)
        color = cv2.resize(self.color, size, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(self.alpha, size, interpolation=cv2.INTER_AREA)
        return Sprite(color, alpha, self.x, self.y)


def _bent_limb(root: Point, swing: float, bend: float, lengths: Point
               ) -> tuple[Point, Point]:
    """Middle joint and end of a two-part limb that hangs from a root."""
    middle = (root[0] + lengths[0] * np.sin(swing),
              root[1] + lengths[0] * np.cos(swing))
    end = (middle[0] + lengths[1] * np.sin(swing + bend),
           middle[1] + lengths[1] * np.cos(swing + bend))
    return middle, end


def draw_person(person: Person, pose: Pose) -> Sprite:
    """Draw one person in one pose.

    Coordinates inside are body heights from the ground point, y downward.

    Args:
        person: The looks.
        pose: Position in the image, size and gait.

    Returns:
        The figure as a sprite in image coordinates.
    """
    canvas = _Canvas(pose)
    turn, build = pose.facing, person.build
    side = 1.0 if turn >= 0 else -1.0
    stride = pose.stride * (0.35 + 0.65 * abs(turn))
    sleeve = (_plain(person.top.base)
              if person.top.pattern in ('block', 'emblem') else person.top)

    hips, shoulders = (0.0, -0.50), (0.02 * turn, -0.81)
    half_hips = 0.085 * build * (1 - 0.2 * abs(turn))
    half_shoulders = 0.115 * build * (1 - 0.25 * abs(turn))

    legs = []
    for offset, phase in ((-1, pose.phase + np.pi), (1, pose.phase)):
        root = (0.035 * offset * build, hips[1])
        swing = side * 0.5 * stride * np.sin(phase)
        bend = -side * 0.8 * stride * max(0.0, np.cos(phase))
        legs.append((root, *_bent_limb(root, swing, bend, (0.25, 0.24))))
    # The lower foot stands on the ground.
    sink = -0.015 - max(foot[1] for _, _, foot in legs)

    def lower(point: Point) -> Point:
        return point[0], point[1] + sink

    def leg(index: int, shade: float) -> None:
        root, knee, foot = (lower(point) for point in legs[index])
        bare = person.legwear != 'trousers'
        shin = _plain(person.skin) if bare else person.bottom
        canvas.limb(knee, foot, (0.038 * build, 0.028), shin, shade)
        canvas.limb(root, knee, (0.055 * build, 0.042 * build),
                    person.bottom, shade)
        canvas.ellipse((foot[0] + 0.02 * side, foot[1]), (0.045, 0.022),
                       _plain(person.shoes), shade)

    def arm(offset: int, phase: float, shade: float) -> Point:
        root = lower((shoulders[0] + offset * half_shoulders * 0.85, -0.79))
        swing = side * 0.55 * stride * np.sin(phase) + 0.06 * offset
        elbow, hand = _bent_limb(root, swing, side * 0.35, (0.16, 0.15))
        fore = sleeve if person.long_sleeves else _plain(person.skin)
        canvas.limb(root, elbow, (0.038 * build, 0.032), sleeve, shade)
        canvas.limb(elbow, hand, (0.03, 0.022), fore, shade)
        canvas.ellipse(hand, (0.022, 0.024), _plain(person.skin), shade)
        return hand

    arm(-1, pose.phase, 0.72)
    leg(0, 0.72)
    leg(1, 0.95)
    if person.bag == 'backpack':
        canvas.ellipse(lower((-side * 0.12, -0.68)), (0.075, 0.12),
                       _plain(person.bag_color), 0.9)
    hem = -0.37 if person.coat else -0.46
    half_hem = half_hips * (1.25 if person.coat else 1.05)
    if person.legwear == 'skirt':
        canvas.polygon([lower(point) for point in (
            (-half_hips, -0.52), (half_hips, -0.52), (0.13 * build, -0.26),
            (-0.13 * build, -0.26))], person.bottom, lower(hips))
    canvas.polygon([lower(point) for point in (
        (shoulders[0] - half_shoulders * 0.6, -0.84),
        (shoulders[0] + half_shoulders * 0.6, -0.84),
        (shoulders[0] + half_shoulders, -0.79), (half_hem, hem),
        (-half_hem, hem), (shoulders[0] - half_shoulders, -0.79))],
        person.top, lower(shoulders))
    _draw_head(canvas, person, lower((0.03 * turn, -0.92)), side)
    hand = arm(1, pose.phase + np.pi, 1.0)
    if person.bag == 'case':
        canvas.ellipse((hand[0], hand[1] + 0.09), (0.085, 0.07),
                       _plain(person.bag_color))
    elif person.bag == 'satchel':
        canvas.limb(lower((-0.06 * side, -0.8)), lower((0.07 * side, -0.55)),
                    (0.012, 0.012), _plain(person.bag_color))
        canvas.ellipse(lower((0.08 * side, -0.5)), (0.06, 0.055),
                       _plain(person.bag_color))
    return canvas.sprite()


def _draw_head(canvas: _Canvas, person: Person, center: Point,
               side: float) -> None:
    hair = _plain(person.hair)
    x, y = center
    if person.hairstyle == 'long':
        canvas.limb((x - 0.025 * side, y), (x - 0.04 * side, y + 0.14),
                    (0.06, 0.05), hair)
    if person.hairstyle == 'bun':
        canvas.ellipse((x - 0.065 * side, y - 0.03), (0.035, 0.035), hair)
    canvas.limb((x, y), (x, y + 0.1), (0.04, 0.035), _plain(person.skin))
    canvas.ellipse(center, (0.055, 0.07), _plain(person.skin))
    if person.hairstyle == 'bald':
        return
    canvas.ellipse((x - 0.012 * side, y - 0.03), (0.058, 0.045), hair)
    if person.hairstyle == 'cap':
        canvas.limb((x, y - 0.035), (x + 0.07 * side, y - 0.025),
                    (0.02, 0.012), hair)
