"""COCO's compressed run-length encoding: reading, checking, writing.

An RLE is ``dict(size=[h, w], counts=...)``: the runs of a mask read column
by column, beginning with background. ``counts`` may be ``str`` or ``bytes``
where it comes in and is ``bytes`` where it goes out.

pycocotools trusts what it is given: an RLE that is too short or too long
makes its ``merge`` and ``iou`` loop for ever, and runs of no pixels make
them stop early. So whatever comes from outside passes :func:`sound_rles`
first. Many RLEs are parsed at once, for a call to numpy costs as much as
the work on one.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pycocotools import mask as coco_mask

RLE = dict[str, Any]

#: A number in ``counts`` is a chain of characters of 5 bits each, and
#: pycocotools shifts them in an int of 32 bits: beyond 6 it reads garbage.
_MAX_CHARACTERS = 6
#: The largest image whose runs and their differences take no more than that.
_MAX_PIXELS = 2**29 - 1


def check_rle(rle: RLE) -> None:
    """Raise unless an RLE is sound.

    Sound is: ``size`` holds two positive integers, ``counts`` is COCO's
    compressed string, and its runs are exactly h * w pixels long.

    Args:
        rle: What claims to be an RLE.

    Raises:
        ValueError: If it is unsound; says how.
    """
    rle_runs(rle)


def rle_runs(rle: RLE) -> NDArray[np.int64]:
    """Run lengths of an RLE: background, mask, background, ... in turn.

    Args:
        rle: A mask.

    Returns:
        (R,) int64 pixel counts in column-major order, R >= 1, sum h * w.

    Raises:
        ValueError: If the RLE is unsound.
    """
    return all_runs([rle])[0]


def runs_to_rle(runs: ArrayLike, size: Sequence[int]) -> RLE:
    """The RLE of run lengths; the inverse of :func:`rle_runs`.

    Args:
        runs: (R,) integers >= 0, background first, sum h * w. Runs of no
            pixels are joined away.
        size: (h, w) in pixels.

    Returns:
        The mask.

    Raises:
        ValueError: If a run is negative or no integer, or the sum is not
            h * w.
    """
    height, width = rle_size({'size': size})
    lengths = np.asarray(runs)
    if lengths.ndim != 1 or lengths.dtype.kind not in 'iu':
        raise ValueError('runs are not one row of integers')
    beyond = (lengths < 0) | (lengths > height * width)
    if beyond.any():
        raise ValueError(
            f'a run of {lengths[beyond][0]} pixels in an image of size '
            f'{height} x {width}')
    bounds = np.cumsum(lengths, dtype=np.int64)
    length = bounds[-1] if len(bounds) else 0
    if length != height * width:
        raise ValueError(
            f'runs are {length} pixels long, the size {height} x {width} is '
            f'{height * width}')
    return bounds_to_rle(bounds[:-1], height, width)


def bounds_to_rle(
        bounds: NDArray[np.int64], height: int, width: int) -> RLE:
    """The mask that turns over at each of some pixels, given in order.

    Args:
        bounds: (B,) never decreasing, in 0 to h * w; equal ones cancel.
        height: Of the image in pixels.
        width: Of the image in pixels.
    """
    closing = np.ones(len(bounds), dtype=bool)
    closing[:-1] = bounds[1:] != bounds[:-1]
    closing = np.flatnonzero(closing)
    turns = bounds[closing][np.diff(closing, prepend=-1) % 2 == 1]
    if len(turns) and turns[-1] == height * width:
        turns = turns[:-1]
    return coco_mask.frPyObjects({
        'size': [height, width],
        'counts': np.diff(turns, prepend=0, append=height * width)
    }, height, width)


def sound_rles(rles: Sequence[RLE]) -> list[RLE]:
    """RLEs as pycocotools needs them: checked, no empty run inside.

    Raises:
        ValueError: If one is unsound or sizes differ.
    """
    return sound_rles_and_runs(rles)[0]


def sound_rles_and_runs(
    rles: Sequence[RLE]
) -> tuple[list[RLE], NDArray[np.int64], NDArray[np.int64]]:
    """:func:`sound_rles` of some masks and :func:`all_runs` of those."""
    sizes, texts, runs, offsets = _checked(rles)
    if len(set(sizes)) > 1:
        raise ValueError(f'masks of different sizes: {sorted(set(sizes))}')
    sound = [{'size': list(size), 'counts': text}
             for size, text in zip(sizes, texts, strict=True)]
    empty = runs == 0
    empty[offsets[:-1]] = False
    if empty.any():
        for k in set(_mask_of(offsets, np.flatnonzero(empty))):
            sound[k] = runs_to_rle(
                runs[offsets[k]:offsets[k + 1]], sound[k]['size'])
        runs, offsets = all_runs(sound)
    return sound, runs, offsets


def repaired_counts(rle: RLE) -> str | None:
    """Counts that were spoilt on their way into a file, as they were.

    Two ways are known: the text of a bytes object, ``b'...'``, with its
    backslashes doubled, and these doubled alone.

    Args:
        rle: What claims to be an RLE.

    Returns:
        What makes it sound; None if it is sound, or cannot be made so.
    """
    counts = rle.get('counts')
    if not isinstance(counts, str):
        return None
    bare = counts
    if counts[:2] in ("b'", 'b"') and counts[-1] == counts[1]:
        bare = counts[2:-1]
    spoilt = bare != counts or '\\\\' in counts
    if not spoilt or _is_sound(rle):
        return None
    for candidate in (bare.replace('\\\\', '\\'), bare):
        if _is_sound({**rle, 'counts': candidate}):
            return candidate
    return None


def _is_sound(rle: RLE) -> bool:
    try:
        check_rle(rle)
    except ValueError:
        return False
    return True


def all_runs(
    rles: Sequence[RLE]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Run lengths of many RLEs, one after the other.

    Args:
        rles: N masks.

    Returns:
        (R,) int64 run lengths, and (N + 1,) int64 offsets: those of mask k
        are ``runs[offsets[k]:offsets[k + 1]]``, as :func:`rle_runs` has it.

    Raises:
        ValueError: If an RLE is unsound; names its place among several.
    """
    return _checked(rles)[2:]


def rle_size(rle: RLE) -> tuple[int, int]:
    """The image size (h, w) of an RLE in pixels.

    Raises:
        ValueError: If it has none, or an impossible one.
    """
    try:
        height, width = rle['size']
        if height != int(height) or width != int(width):
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError('RLE without a size [h, w]') from None
    if height < 1 or width < 1 or height * width > _MAX_PIXELS:
        raise ValueError(f'RLE of impossible size {height} x {width}')
    return int(height), int(width)


def counts_text(rle: RLE) -> str:
    """The compressed counts as files have them."""
    counts = rle['counts']
    return counts.decode('ascii') if isinstance(counts, bytes) else counts


def _counts(rle: RLE) -> bytes:
    counts = rle.get('counts')
    if isinstance(counts, str):
        counts = counts.encode('utf-8', 'surrogatepass')
    if not isinstance(counts, bytes):
        raise ValueError('RLE without a compressed counts string')
    return counts


def _checked(rles: Sequence[RLE]) -> tuple[
        list[tuple[int, int]], list[bytes],
        NDArray[np.int64], NDArray[np.int64]]:
    """Sizes, counts, and :func:`all_runs` of RLEs."""
    sizes = [rle_size(rle) for rle in rles]
    texts = [_counts(rle) for rle in rles]
    if not rles:
        return sizes, texts, np.zeros(0, np.int64), np.zeros(1, np.int64)
    runs, offsets = _parse(texts)
    negative = np.flatnonzero(runs < 0)
    if len(negative):
        k = _mask_of(offsets, negative[0])
        raise ValueError(
            f'{_name(k, rles)} has a run of {runs[negative[0]]} pixels')
    lengths = np.add.reduceat(runs, offsets[:-1]).tolist()
    for k, (length, (height, width)) in enumerate(
            zip(lengths, sizes, strict=True)):
        if length != height * width:
            raise ValueError(
                f'{_name(k, rles)} is {length} pixels long, its size '
                f'{height} x {width} is {height * width}')
    return sizes, texts, runs, offsets


def _parse(
    texts: list[bytes]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs and offsets of some counts strings, as :func:`all_runs`.

    A character is 48 plus 6 bits: 5 of data, low ones first, and 0x20 where
    the number goes on; 0x10 of its last character is the sign. From the
    fourth number on it is the difference to the run two before.
    """
    if not all(texts):
        k = texts.index(b'')
        raise ValueError(f'{_name(k, texts)} has empty counts')
    groups = np.frombuffer(b''.join(texts), np.uint8) - np.uint8(48)
    text_stops = np.cumsum([len(text) for text in texts])
    if groups.max() > 63:
        place = int(np.argmax(groups > 63))
        k = int(np.searchsorted(text_stops, place, side='right'))
        character = chr((int(groups[place]) + 48) % 256)
        raise ValueError(
            f'{_name(k, texts)} has the character {character!r}')
    if (groups[text_stops - 1] > 31).any():
        k = int(np.argmax(groups[text_stops - 1] > 31))
        raise ValueError(
            f'{_name(k, texts)} breaks off in the middle of a number')

    # Numbers from chains of characters.
    last = np.flatnonzero(groups < 32)
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    offsets[1:] = np.searchsorted(last, text_stops)
    first = np.zeros_like(last)
    first[1:] = last[:-1] + 1
    characters = last - first + 1
    if characters.max() > _MAX_CHARACTERS:
        k = _mask_of(offsets, np.argmax(characters > _MAX_CHARACTERS))
        raise ValueError(
            f'{_name(k, texts)} has a number of more than 30 bits')
    numbers = (groups[last].astype(np.int64) ^ 16) - 16  # 5 bits and a sign
    longer, back = np.flatnonzero(characters > 1), 1
    while len(longer):
        digit = groups[last[longer] - back] & 31
        numbers[longer] = numbers[longer] << 5 | digit
        back += 1
        longer = longer[characters[longer] > back]

    # Runs from differences: a table of two columns, in which every mask
    # begins a row, and sums down the columns that begin anew with each mask.
    # A mask's first number stands outside them.
    length = np.diff(offsets)
    rows = (length + 1) // 2
    row = np.cumsum(rows) - rows
    cell = np.arange(len(numbers)) + np.repeat(
        2 * row - offsets[:-1], length)
    table = np.zeros(2 * rows.sum(), dtype=np.int64)
    table[cell] = numbers
    table = table.reshape(-1, 2)
    table[row, 0] = 0
    sums = np.cumsum(table, axis=0)
    sums -= np.repeat(sums[row] - table[row], rows, axis=0)
    sums[row, 0] = numbers[offsets[:-1]]
    return sums.ravel()[cell], offsets


def _mask_of(offsets: NDArray[np.int64], place: Any) -> Any:
    """Which mask the number at a place belongs to."""
    return np.searchsorted(offsets, place, side='right') - 1


def _name(k: int, items: Sequence[Any]) -> str:
    return 'RLE' if len(items) == 1 else f'RLE {k} (from 0)'
