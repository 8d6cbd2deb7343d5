"""Where everybody goes: walks of people and the path of the camera."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scene import IMAGE_SIZE, WORLD_SIZE, body_height

# Steps of a walk cycle cover this many body heights.
_CYCLE = 0.85
_PAN = 79  # frames from one end of the camera's pan to the other
_OUTSIDE = 24  # pixels from the image border at which nobody is seen
_KINDS = ('cross', 'cross', 'return soon', 'return late', 'stop', 'turn')


@dataclass(frozen=True)
class Walk:
    """Path of one person, one row a frame.

    Attributes:
        feet: (T, 2) float64, x and y of the ground point in the world.
        phase: (T,) gait phase, radians.
        facing: (T,) -1 (left) to 1 (right).
        stride: (T,) 0 (stands) to 1 (full step).
    """

    feet: NDArray[np.float64]
    phase: NDArray[np.float64]
    facing: NDArray[np.float64]
    stride: NDArray[np.float64]


def camera_path(rng: np.random.Generator, num_frames: int
                ) -> NDArray[np.float64]:
    """A slow pan with the shake of a hand.

    Args:
        rng: Source of everything random.
        num_frames: T.

    Returns:
        (T, 2) float64, the world's point in the image's upper left corner.
    """
    time = np.arange(num_frames) / _PAN
    room = WORLD_SIZE[1] - IMAGE_SIZE[1]
    reach = rng.uniform(0.25, 0.4) * room * rng.choice([-1, 1])
    pan = room / 2 + reach * np.sin(np.pi * (time - 0.5))
    shake = _smooth(rng.standard_normal((num_frames, 2)), 5)
    center = (WORLD_SIZE[0] - IMAGE_SIZE[0]) / 2
    path = np.stack([pan, np.full(num_frames, center)], 1)
    return path + np.clip(shake * (2.5, 2.0), -8, 8)


def make_walks(rng: np.random.Generator, camera: NDArray[np.float64],
               count: int) -> list[Walk]:
    """Send people across the street.

    Some cross the view, some leave it and come back soon or late, some
    stop or turn in the middle. Rows of the feet differ, so those who meet
    occlude one another.

    Args:
        rng: Source of everything random.
        camera: (T, 2) path of the camera.
        count: Number of people.

    Returns:
        One walk for each person.
    """
    num_frames = len(camera)
    rows = rng.permutation(np.linspace(172, 282, count))
    walks = []
    for index, row in enumerate(rows):
        direction = 1 if index % 2 else -1
        kind = _KINDS[index % len(_KINDS)]
        knots = _knots(rng, kind, direction, num_frames)
        times, screen = np.array(knots).T
        # Knots are in the view of that moment: turn them into the world.
        world = screen + np.interp(times, np.arange(num_frames),
                                   camera[:, 0])
        x = np.interp(np.arange(num_frames), times, world)
        drift = rng.uniform(4, 14) * np.sin(
            np.linspace(0, rng.uniform(2, 5), num_frames)
            + rng.uniform(0, 2 * np.pi))
        walks.append(_walk(rng, _smooth(x, 4), row + drift))
    return walks


def _knots(rng: np.random.Generator, kind: str, direction: int,
           num_frames: int) -> list[tuple[float, float]]:
    """(frame, column of the view) at which the pace changes."""
    width = IMAGE_SIZE[1]
    last = num_frames - 1
    if kind == 'cross':
        start = rng.uniform(-180, 120)
        end = start + last * rng.uniform(2.6, 4.4)
        knots = [(0.0, start), (last, end)]
    elif kind.startswith('return'):
        leave = rng.uniform(0.25, 0.5) * last
        away = rng.uniform(0, 2) if kind.endswith('soon') else 18.0
        pace = rng.uniform(2.8, 4.0)
        out = width + _OUTSIDE
        knots = [(0.0, out - pace * leave), (leave, out),
                 (leave + away, out),
                 (last, out - pace * (last - leave - away))]
    else:
        arrive = rng.uniform(0.3, 0.45) * last
        middle = rng.uniform(150, 250)
        pace = rng.uniform(2.4, 3.6)
        rest = rng.uniform(10, 22) if kind == 'stop' else 3
        onward = pace if kind == 'stop' else -pace
        depart = arrive + rest
        knots = [(0.0, middle - pace * arrive), (arrive, middle),
                 (depart, middle),
                 (last, middle + onward * (last - depart))]
    if direction > 0:
        return knots
    return [(time, width - column) for time, column in knots]


def _walk(rng: np.random.Generator, x: NDArray[np.float64],
          y: NDArray[np.float64]) -> Walk:
    velocity = np.gradient(x)
    height = np.array([body_height(row) for row in y])
    speed = np.abs(velocity) / height  # body heights a frame
    phase = rng.uniform(0, 2 * np.pi) + np.cumsum(
        2 * np.pi * speed / _CYCLE)
    return Walk(np.stack([x, y], 1), phase,
                np.clip(velocity / 1.2, -1, 1),
                np.clip(speed / 0.025, 0, 1))


def _smooth(values: NDArray[np.float64], width: int
            ) -> NDArray[np.float64]:
    """Moving average over 2 * width + 1 frames, ends held."""
    padding = [(width, width)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, padding, mode='edge')
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, 2 * width + 1, axis=0)
    return windows.mean(-1)
