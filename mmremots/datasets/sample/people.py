"""Who the people of the sample are: their clothes and their looks."""
from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Color = tuple[float, float, float]

PATTERNS = ('plain', 'hoops', 'stripes', 'checks', 'dots', 'diagonal',
            'block', 'emblem')
HAIRSTYLES = ('short', 'long', 'bun', 'cap', 'bald')
LEGWEAR = ('trousers', 'trousers', 'shorts', 'skirt')
BAGS = ('none', 'none', 'backpack', 'satchel', 'case')
# Multiples of it, modulo 1, are spread over the colour circle.
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True)
class Cloth:
    """A piece of clothing.

    Attributes:
        pattern: One of :data:`PATTERNS`.
        base: BGR of the ground, 0 to 255.
        accent: BGR of the pattern.
        frequency: Stripes (checks, dots) per body height.
    """

    pattern: str
    base: Color
    accent: Color
    frequency: float = 14.0


@dataclass(frozen=True)
class Person:
    """How one person looks; everything but the pose."""

    top: Cloth
    bottom: Cloth
    skin: Color
    hair: Color
    shoes: Color
    bag_color: Color
    hairstyle: str = 'short'
    legwear: str = 'trousers'
    bag: str = 'none'
    long_sleeves: bool = True
    coat: bool = False
    stature: float = 1.0
    build: float = 1.0


def paint(cloth: Cloth, u: NDArray[np.float32], v: NDArray[np.float32]
          ) -> NDArray[np.float32]:
    """Colour of a cloth at points of the body.

    Args:
        cloth: What to paint.
        u: (1, w) horizontal offset from the anchor, body heights.
        v: (h, 1) vertical offset, downward.

    Returns:
        (h, w, 3) float32 BGR.
    """
    fu, fv = u * cloth.frequency, v * cloth.frequency
    base, accent_color = np.array(
        [cloth.base, cloth.accent], np.float32)
    if cloth.pattern == 'plain':
        return np.broadcast_to(base, (v.shape[0], u.shape[1], 3))
    if cloth.pattern == 'hoops':
        accent = np.floor(fv + 0 * fu) % 2 == 1
    elif cloth.pattern == 'stripes':
        accent = np.floor(fu + 0 * fv) % 2 == 1
    elif cloth.pattern == 'checks':
        accent = (np.floor(fu) + np.floor(fv)) % 2 == 1
    elif cloth.pattern == 'dots':
        accent = (fu % 1 - 0.5) ** 2 + (fv % 1 - 0.5) ** 2 < 0.1
    elif cloth.pattern == 'diagonal':
        accent = np.floor(fu + fv) % 2 == 1
    elif cloth.pattern == 'block':
        accent = v + 0 * u > 0.12
    elif cloth.pattern == 'emblem':
        accent = u ** 2 + (v - 0.1) ** 2 < 0.055 ** 2
    else:
        raise ValueError(f'unknown pattern {cloth.pattern!r}')
    return np.where(accent[..., None], accent_color, base)


def _hsv(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return 255 * blue, 255 * green, 255 * red


def make_people(rng: np.random.Generator, count: int) -> list[Person]:
    """Invent people.

    Colour alone must not tell all of them apart: every third takes the
    hues of top and legs from the one before, within a few degrees, and
    differs in pattern, hair, bag and build.

    Args:
        rng: Source of everything random.
        count: Number of people.

    Returns:
        The people; 3k + 1 and 3k + 2 are look-alikes.
    """
    hues = rng.uniform() + _GOLDEN_RATIO * np.arange(count)
    people: list[Person] = []
    for index in range(count):
        if index % 3 < 2:
            hue, leg_hue = hues[index], rng.uniform()
            value, leg_value = rng.uniform(0.3, 0.85), rng.uniform(0.2, 0.8)
            patterns = rng.permutation(len(PATTERNS))
        accent = _hsv(rng.uniform(), rng.uniform(0, 0.9),
                      rng.choice([0.15, 0.95]))
        top = Cloth(PATTERNS[patterns[index % 3]],
                    _hsv(hue + rng.normal(0, 0.015), rng.uniform(0.35, 0.7),
                         float(np.clip(value + rng.normal(0, 0.05), 0, 1))),
                    accent, rng.uniform(11, 19))
        bottom = Cloth(
            'plain' if rng.uniform() < 0.6
            else PATTERNS[rng.integers(1, 6)],
            _hsv(leg_hue + rng.normal(0, 0.02), rng.uniform(0.1, 0.5),
                 float(np.clip(leg_value + rng.normal(0, 0.05), 0.1, 1))),
            _hsv(rng.uniform(), 0.4, rng.uniform(0.2, 0.9)),
            rng.uniform(13, 20))
        people.append(Person(
            top=top, bottom=bottom,
            skin=_hsv(rng.uniform(0.04, 0.08), rng.uniform(0.3, 0.6),
                      rng.uniform(0.4, 0.95)),
            hair=_hsv(rng.uniform(0.02, 0.12), rng.uniform(0.1, 0.8),
                      rng.uniform(0.08, 0.6)),
            shoes=_hsv(rng.uniform(), rng.uniform(0, 0.5),
                       rng.choice([0.12, 0.3, 0.9])),
            bag_color=_hsv(rng.uniform(), rng.uniform(0.2, 0.9),
                           rng.uniform(0.2, 0.8)),
            hairstyle=HAIRSTYLES[rng.integers(len(HAIRSTYLES))],
            legwear=LEGWEAR[rng.integers(len(LEGWEAR))],
            bag=BAGS[rng.integers(len(BAGS))],
            long_sleeves=bool(rng.uniform() < 0.6),
            coat=bool(rng.uniform() < 0.25),
            stature=rng.uniform(0.9, 1.08), build=rng.uniform(0.9, 1.25)))
    return people
