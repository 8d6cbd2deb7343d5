"""Rendering of one sequence: images and exact masks, frame by frame."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .choreography import camera_path, make_walks
from .figures import Pose, Sprite, draw_person
from .people import make_people
from .scene import (
    CROWD,
    IMAGE_SIZE,
    POSTER,
    WORLD_SIZE,
    Scene,
    body_height,
    make_scene,
    paste,
)

_SENSOR_NOISE = 3.0  # standard deviation, gray levels
_SHUTTER = 0.45  # fraction of the frame interval; sets the motion blur


@dataclass(frozen=True)
class SequenceSpec:
    """What a sequence of the sample is made from.

    Attributes:
        name: Folder name.
        split: ``'train'`` (labelled) or ``'test'`` (target).
        seed: Of everything random in it.
        num_frames: Its length.
        num_people: How many people take part; not all are always in view.
        crowd: Whether there is a far crowd, an ignore region.
    """

    name: str
    split: str
    seed: int
    num_frames: int = 80
    num_people: int = 8
    crowd: bool = False


@dataclass(frozen=True)
class RenderedFrame:
    """One frame and the truth about it.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        owner: (H, W) int32; k + 1 where person k is what one sees, else 0.
        bodies: (H, W) bool of each person's whole body in the image, as
            though nobody and nothing stood before it; None where outside.
        light: (P,) float64 brightness of the place each person is at.
        ignore: (H, W) bool, the crowd as far as one sees it.
        poster: (H, W) bool, the painted person as far as one sees it.
    """

    image: NDArray[np.uint8]
    owner: NDArray[np.int32]
    bodies: tuple[NDArray[np.bool_] | None, ...]
    light: NDArray[np.float64]
    ignore: NDArray[np.bool_]
    poster: NDArray[np.bool_]


def render_sequence(spec: SequenceSpec) -> Iterator[RenderedFrame]:
    """Render a sequence.

    Args:
        spec: What to render; the same spec gives the same frames.

    Yields:
        The frames in order.
    """
    # A stream each: a change of one leaves the others as they are.
    looks, street, way, film = np.random.default_rng(spec.seed).spawn(4)
    people = make_people(looks, spec.num_people)
    scene = make_scene(street, spec.crowd)
    camera = camera_path(way, spec.num_frames)
    walks = make_walks(way, camera, spec.num_people)
    lit = scene.background * scene.light
    exposure = _exposure(film, spec.num_frames)
    motion = np.gradient(camera[:, 0])
    for frame in range(spec.num_frames):
        figures = []
        for person, walk in zip(people, walks, strict=True):
            pose = Pose(
                (walk.feet[frame, 0] - camera[frame, 0],
                 walk.feet[frame, 1] - camera[frame, 1]),
                body_height(walk.feet[frame, 1]) * person.stature,
                walk.phase[frame], walk.facing[frame], walk.stride[frame])
            reach = pose.height * 0.45
            seen = -reach < pose.feet[0] < IMAGE_SIZE[1] + reach
            figures.append(draw_person(person, pose) if seen else None)
        feet = np.array([walk.feet[frame] for walk in walks])
        light = _light_at(scene, feet)
        image, owner, bodies = _compose(
            scene, lit, camera[frame], figures, feet, light)
        decoys = _view(scene.decoys, camera[frame], cv2.INTER_NEAREST)
        decoys[owner != 0] = 0
        yield RenderedFrame(
            _develop(film, image, motion[frame], exposure[frame]),
            np.maximum(owner, 0), bodies, light.mean(1),
            decoys == CROWD, decoys == POSTER)


def _exposure(rng: np.random.Generator, num_frames: int
              ) -> NDArray[np.float64]:
    """(T, 3) gain of the camera: clouds pass, white balance drifts."""
    time = np.linspace(0, 2 * np.pi, num_frames)[:, None]
    start = rng.uniform(0, 2 * np.pi, 4)
    clouds = 0.10 * np.sin(time * 1.3 + start[:1])
    balance = 0.04 * np.sin(time * 0.8 + start[1:])
    return 1 + clouds + balance


def _view(world: NDArray, corner: NDArray[np.float64], interpolation: int
          ) -> NDArray:
    """The part of a world-sized array that the camera sees."""
    matrix = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]])
    return cv2.warpAffine(world, matrix, IMAGE_SIZE[::-1],
                          flags=interpolation,
                          borderMode=cv2.BORDER_REPLICATE)


def _light_at(scene: Scene, feet: NDArray[np.float64]
              ) -> NDArray[np.float64]:
    """(P, 3) light at each ground point."""
    limit = np.array(WORLD_SIZE[::-1]) - 1
    cols, rows = np.clip(feet, 0, limit).astype(int).T
    return scene.light[rows, cols].astype(np.float64)


def _shifted(sprite: Sprite, corner: NDArray[np.float64]) -> Sprite:
    """A sprite of the world as the camera sees it, to the fraction."""
    position = np.array([sprite.x, sprite.y]) - corner
    whole = np.floor(position).astype(int)
    dx, dy = position - whole
    matrix = np.array([[1, 0, dx], [0, 1, dy]])
    height, width = sprite.alpha.shape
    color, alpha = (
        cv2.warpAffine(array, matrix, (width + 1, height + 1))
        for array in (sprite.color, sprite.alpha))
    return Sprite(color, alpha, int(whole[0]), int(whole[1]))


def _compose(
    scene: Scene, lit: NDArray[np.float32], corner: NDArray[np.float64],
    figures: list[Sprite | None], feet: NDArray[np.float64],
    light: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int32],
           tuple[NDArray[np.bool_] | None, ...]]:
    """Paint from far to near; who is painted last owns the pixel.

    Returns:
        The image; the owner of each pixel (k + 1 for figure k, -1 for a
        prop, 0 for the background); each figure's whole mask.
    """
    image = _view(lit, corner, cv2.INTER_LINEAR)
    owner = np.zeros(IMAGE_SIZE, np.int32)
    bodies: list[NDArray[np.bool_] | None] = [None] * len(figures)
    items = [(prop.foot, -1, _shifted(prop.sprite, corner), prop_light)
             for prop, prop_light in zip(
                 scene.props, _light_at(scene, np.array(
                     [prop.base for prop in scene.props])), strict=True)]
    items += [(feet[k, 1], k + 1, figure, light[k])
              for k, figure in enumerate(figures) if figure is not None]
    for _, label, sprite, shade in sorted(items, key=lambda item: item[:2]):
        if label > 0:
            paste(image, _shadow(feet[label - 1] - corner,
                                 0.17 * sprite.alpha.shape[0]))
        pasted = paste(image, Sprite(
            sprite.color * np.float32(shade), sprite.alpha,
            sprite.x, sprite.y))
        if pasted is None:
            continue
        rows, cols, alpha = pasted
        inside = alpha > 0.5
        owner[rows, cols][inside] = label
        if label > 0 and inside.any():
            body = np.zeros(IMAGE_SIZE, bool)
            body[rows, cols] = inside
            bodies[label - 1] = body
    return image, owner, tuple(bodies)


def _shadow(feet: NDArray[np.float64], reach: float) -> Sprite:
    """Darkness on the ground at a person's feet."""
    width, height = int(reach), int(reach * 0.3)
    alpha = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
    cv2.ellipse(alpha, (width, height), (width, height), 0, 0, 360,
                0.28, -1)
    black = np.zeros((*alpha.shape, 3), np.float32)
    return Sprite(black, alpha, int(feet[0]) - width, int(feet[1]) - height)


def _develop(rng: np.random.Generator, image: NDArray[np.float32],
             motion: float, exposure: NDArray[np.float64]
             ) -> NDArray[np.uint8]:
    """What the camera makes of the light: blur, gain, noise, 8 bits."""
    smear = _SHUTTER * abs(motion) / 2
    across = np.array([smear, 1.0, smear]) / (1 + 2 * smear)
    image = cv2.sepFilter2D(image, -1, across, np.array([0.1, 0.8, 0.1]))
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = image * np.float32(exposure) + _SENSOR_NOISE * noise
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
