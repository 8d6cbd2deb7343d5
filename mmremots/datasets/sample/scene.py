"""The street behind the people: background, street furniture, light."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .figures import Pose, Sprite, draw_person
from .people import Person, make_people

IMAGE_SIZE = (288, 384)  # (h, w)
WORLD_SIZE = (320, 640)  # (h, w) of the panorama the camera looks at
HORIZON = 22  # row at which a person would be 0 pixels tall
WALL_FOOT = 128  # row at which the buildings stand
# Body height grows linearly with the row of the feet: one ground plane.
HEIGHT_PER_ROW = 0.47
CROWD, POSTER = 1, 2  # what else looks like people


@dataclass(frozen=True)
class Prop:
    """Street furniture that hides people who walk behind it.

    Attributes:
        sprite: Drawing in world coordinates.
        foot: Row of the world at which it stands.
    """

    sprite: Sprite
    foot: float

    @property
    def base(self) -> tuple[float, float]:
        """(x, y) of the ground point."""
        return self.sprite.x + self.sprite.alpha.shape[1] / 2, self.foot


@dataclass(frozen=True)
class Scene:
    """What does not move.

    Attributes:
        background: (H, W, 3) float32 BGR of the whole world, unlit.
        light: (H, W, 3) float32 factor of the light that falls there.
        props: Street furniture.
        decoys: (H, W) uint8: :data:`CROWD` where far people stand whom
            nobody labels, :data:`POSTER` where one is painted on a wall.
    """

    background: NDArray[np.float32]
    light: NDArray[np.float32]
    props: tuple[Prop, ...]
    decoys: NDArray[np.uint8]


def body_height(foot: float) -> float:
    """Height in pixels of an average person whose feet are in a row."""
    return HEIGHT_PER_ROW * (foot - HORIZON)


def make_scene(rng: np.random.Generator, crowd: bool) -> Scene:
    """Build a street.

    Args:
        rng: Source of everything random.
        crowd: Whether a far crowd stands before the buildings.

    Returns:
        The scene. A poster of a person hangs on a wall.
    """
    background = _ground(rng)
    _buildings(rng, background)
    decoys = np.zeros(WORLD_SIZE, np.uint8)
    _poster(rng, background, decoys)
    if crowd:
        _crowd(rng, background, decoys)
    background *= 1 + 0.25 * _clouds(rng)[..., None]
    return Scene(background, _light(rng), _props(rng), decoys)


def _clouds(rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of every scale in (H, W), about -1 to 1: grain for the flow."""
    height, width = WORLD_SIZE
    total = np.zeros(WORLD_SIZE, np.float32)
    for cell in (2, 4, 8, 32):
        coarse = rng.standard_normal(
            (height // cell + 2, width // cell + 2)).astype(np.float32)
        total += cv2.resize(coarse, (width, height),
                            interpolation=cv2.INTER_CUBIC) / 4
    return total


def _ground(rng: np.random.Generator) -> NDArray[np.float32]:
    height, width = WORLD_SIZE
    rows = np.arange(height, dtype=np.float32)[:, None]
    cols = np.arange(width, dtype=np.float32)[None]
    depth = 1800 / np.maximum(rows - HORIZON, 20)  # shrinks towards us
    lateral = (cols - width / 2) * depth / 25
    tile = (np.floor(depth * 1.3) + np.floor(lateral / 2.5)) % 2
    base = rng.uniform(120, 165)
    gray = base + rng.uniform(14, 24) * (tile - 0.5)
    ground = np.repeat(gray[..., None], 3, 2).astype(np.float32)
    ground *= rng.uniform(0.93, 1.07, 3).astype(np.float32)
    kerb = WALL_FOOT + 18
    ground[kerb:kerb + 4] = base * 1.25
    for _ in range(40):  # stains and leaves
        center = (int(rng.integers(width)),
                  int(rng.integers(WALL_FOOT + 4, height)))
        axes = (int(rng.integers(2, 9)), int(rng.integers(1, 4)))
        cv2.ellipse(ground, center, axes, 0, 0, 360,
                    (base * rng.uniform(0.5, 1.1, 3)).tolist(), -1)
    return ground


def _buildings(rng: np.random.Generator,
               background: NDArray[np.float32]) -> None:
    left = 0
    while left < WORLD_SIZE[1]:
        right = left + int(rng.integers(70, 130))
        wall = rng.uniform(70, 190) * rng.uniform(0.75, 1.15, 3)
        cv2.rectangle(background, (left, 0), (right, WALL_FOOT),
                      wall.tolist(), -1)
        for row in range(0, WALL_FOOT, 7):  # courses of brick
            cv2.line(background, (left, row), (right, row),
                     (wall * 0.88).tolist())
        pitch = int(rng.integers(22, 34))
        for x in range(left + 8, right - 14, pitch):
            for y in (6, 40):
                glass = rng.uniform(20, 110) * rng.uniform(0.8, 1.2, 3)
                cv2.rectangle(background, (x, y), (x + 13, y + 22),
                              (wall * 1.2).tolist(), -1)
                cv2.rectangle(background, (x + 2, y + 2), (x + 11, y + 20),
                              glass.tolist(), -1)
        # A shop: sign, awning, window, door.
        sign = rng.uniform(30, 220, 3)
        cv2.rectangle(background, (left + 6, 72), (right - 6, 82),
                      sign.tolist(), -1)
        for x in range(left + 6, right - 12, 6):
            stripe = sign if (x // 6) % 2 else np.full(3, 215.0)
            cv2.rectangle(background, (x, 83), (x + 5, 90),
                          stripe.tolist(), -1)
        cv2.rectangle(background, (left + 10, 91), (right - 34, WALL_FOOT),
                      rng.uniform(20, 90, 3).tolist(), -1)
        cv2.rectangle(background, (right - 28, 90), (right - 10, WALL_FOOT),
                      rng.uniform(30, 130, 3).tolist(), -1)
        left = right


def paste(image: NDArray[np.float32], sprite: Sprite
          ) -> tuple[slice, slice, NDArray[np.float32]] | None:
    """Blend a sprite into an image, in place.

    Args:
        image: (H, W, 3) float32.
        sprite: What to blend; may stick out or lie outside.

    Returns:
        Rows and columns that it covers and its alpha there, or None where
        it lies outside the image.
    """
    height, width = sprite.alpha.shape
    top, left = max(sprite.y, 0), max(sprite.x, 0)
    bottom = min(sprite.y + height, image.shape[0])
    right = min(sprite.x + width, image.shape[1])
    if top >= bottom or left >= right:
        return None
    rows, cols = slice(top, bottom), slice(left, right)
    inner = (slice(top - sprite.y, bottom - sprite.y),
             slice(left - sprite.x, right - sprite.x))
    alpha = sprite.alpha[inner]
    image[rows, cols] *= 1 - alpha[..., None]
    image[rows, cols] += sprite.color[inner]
    return rows, cols, alpha


def _still(person: Person, x: float, foot: float, height: float) -> Sprite:
    return draw_person(person, Pose((x, foot), height, 1.0, 0.4, 0.4))


def _poster(rng: np.random.Generator, background: NDArray[np.float32],
            decoys: NDArray[np.uint8]) -> None:
    x = int(rng.integers(180, WORLD_SIZE[1] - 180))
    cv2.rectangle(background, (x - 20, 50), (x + 20, 122),
                  (200.0, 205.0, 210.0), -1)
    cv2.rectangle(background, (x - 17, 53), (x + 17, 119),
                  rng.uniform(90, 180, 3).tolist(), -1)
    _paste_decoy(background, decoys, POSTER,
                 _still(make_people(rng, 1)[0], x, 117, 60))


def _crowd(rng: np.random.Generator, background: NDArray[np.float32],
           decoys: NDArray[np.uint8]) -> None:
    left = int(rng.integers(220, 320))
    for person in make_people(rng, 9):
        x, foot = left + rng.uniform(0, 70), WALL_FOOT + rng.uniform(4, 14)
        _paste_decoy(background, decoys, CROWD,
                     _still(person, x, foot, 36.0))
    # The region a human would outline: the people and a little around.
    crowd = (decoys == CROWD).astype(np.uint8)
    decoys[cv2.dilate(crowd, np.ones((7, 7), np.uint8)) > 0] = CROWD


def _paste_decoy(background: NDArray[np.float32], decoys: NDArray[np.uint8],
                 kind: int, sprite: Sprite) -> None:
    pasted = paste(background, sprite)
    if pasted is not None:
        rows, cols, alpha = pasted
        decoys[rows, cols][alpha > 0.5] = kind


def _light(rng: np.random.Generator) -> NDArray[np.float32]:
    """Shadows of buildings that fall across the street: dark and bluish."""
    height, width = WORLD_SIZE
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    slanted = cols + (rows - height / 2) * np.float32(rng.uniform(-0.6, 0.6))
    shade = np.zeros(WORLD_SIZE, np.float32)
    for center in (width * rng.uniform(0.25, 0.4),
                   width * rng.uniform(0.6, 0.75)):
        half = rng.uniform(35, 70)
        shade = np.maximum(
            shade, np.clip((half - abs(slanted - center)) / 8 + 0.5, 0, 1))
    shaded = np.float32(np.array([0.80, 0.70, 0.64]) * rng.uniform(0.9, 1.05))
    sunny = np.array([0.96, 1.04, 1.10], np.float32)
    return sunny + shade[..., None] * (shaded - sunny)


def _box_sprite(x: float, foot: float, width: int, height: int,
                color: NDArray[np.float64]) -> Sprite:
    """A standing cylinder: shaded, with a lid and a foot."""
    across = np.linspace(-1, 1, width, dtype=np.float32)
    shade = 1.05 - 0.35 * (across + 0.3) ** 2
    body = np.float32(color) * shade[None, :, None]
    body = np.repeat(body, height, 0)
    body[:max(2, height // 20)] *= 0.6
    body[-max(2, height // 25):] *= 0.5
    return Sprite(body, np.ones((height, width), np.float32),
                  int(x - width / 2), int(foot - height))


def _props(rng: np.random.Generator) -> tuple[Prop, ...]:
    """An advertising column, lamp posts and a tree, spread over the street.

    The column hides a person for some frames, a post cuts a body in two.
    """
    column_x, tree_x, post_x, far_post_x = (
        rng.permutation([170.0, 290.0, 400.0, 500.0])
        + rng.uniform(-25, 25, 4))
    foot = rng.uniform(236, 250)
    column = _box_sprite(column_x, foot, 60, 140, rng.uniform(60, 150, 3))
    bills = column.color[14:-12, 3:-3]
    for top in range(0, bills.shape[0] - 24, 26):
        for left in (1, 19, 37):
            cv2.rectangle(bills, (left, top), (left + 15, top + 22),
                          rng.uniform(40, 230, 3).tolist(), -1)
            cv2.line(bills, (left + 3, top + 6), (left + 12, top + 6),
                     rng.uniform(40, 230, 3).tolist(), 2)
    props = [Prop(column, foot)]
    for x, row, width in ((post_x, rng.uniform(245, 262), 9),
                          (far_post_x, rng.uniform(190, 205), 7)):
        post = _box_sprite(x, row, width, int(row) - 8,
                           np.array([62.0, 70.0, 66.0]))
        props.append(Prop(post, row))
    foot = rng.uniform(205, 225)
    trunk = _box_sprite(tree_x, foot, 20, int(foot), np.array(
        [48.0, 70.0, 92.0]))
    bark = 1 + 0.2 * rng.standard_normal((trunk.color.shape[0], 5, 1))
    trunk.color[:] *= cv2.resize(bark.astype(np.float32), (
        20, trunk.color.shape[0]))[..., None]
    props.append(Prop(trunk, foot))
    return tuple(props)
