"""From rows of a file to the table of observations, checked as a whole."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from mmremots.structures.masks import (
    check_rle,
    decode_mask,
    encode_mask,
    rle_bbox,
)
from mmremots.structures.observations import Observations
from mmremots.structures.rle import RLE, repaired_counts, sound_rles

from .mask_boxes import BoxForm, settle_boxes
from .rows import Row

_MASKS_AT_ONCE = 64


class NoMasksError(ValueError):
    """A file that holds boxes where masks belong."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What a reader mends, which is an error unless it is asked for.

    Attributes:
        fix_counts: Read ``counts`` that were written as the text of a bytes
            object, ``b'...'``, or with each backslash doubled.
        resize_masks: Scale masks of another size to that of the images.
        join_parts: Make one mask of an id's several in a frame.
        strict: The other way about: a polygon of fewer than three corners
            is an error, not left out.
    """

    fix_counts: bool = False
    resize_masks: bool = False
    join_parts: bool = False
    strict: bool = False


@dataclass(slots=True)
class Reading:
    """What a file held.

    Attributes:
        table: The observations; labels are the file's.
        ids: (N,) int64 track ids; -1 where there are none.
        kind: What kind of file it is, in a few words.
        remarks: What was taken otherwise than it stands there.
        doubts: What the user should be warned of.
        by_number: Whether the file calls frames by numbers, so that those
            of the images, where some are left out, have to be looked up.
        names: Name of each of the file's classes, as far as it tells.
    """

    table: Observations
    ids: NDArray[np.int64]
    kind: str
    remarks: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    by_number: bool = True
    names: dict[int, str] = field(default_factory=dict)

    def line(self, first_frame: int, names: Mapping[int, str]) -> str:
        """One line that says what was taken.

        Like ``TrackR-CNN text, 0-based, 297 frames, classes car 12,
        pedestrian 4``: frames with masks, and of each class the number of
        ids, or of masks if there are no ids.

        Args:
            first_frame: What the file calls the first frame.
            names: Names of classes for which the file has none.
        """
        table = self.table
        seen = {(label, number if number >= 0 else -1 - row)
                for row, (label, number) in enumerate(zip(
                    table.labels.tolist(), self.ids.tolist(), strict=True))}
        counts = Counter(label for label, _ in seen)
        known = {**names, **self.names}
        classes = ', '.join(
            f'{known.get(label, label)} {number}'
            for label, number in sorted(counts.items()))
        base = {0: '0-based', 1: '1-based'}.get(
            first_frame, f'frames from {first_frame}')
        parts = [self.kind, *([base] if self.by_number else []),
                 f'{len(np.unique(table.frames))} frames',
                 f'classes {classes}' if classes else 'no masks']
        return '; '.join([', '.join(parts), *self.remarks])


def gather(
        items: Iterable[tuple[str, Any]],
        parse: Callable[[Any, Sequence[int] | None], Row | None],
        size: Sequence[int] | None, num_frames: int | None,
        first_frame: int = 1, kind: str = '',
        options: ReadingOptions | None = None,
        form: BoxForm | None = None) -> Reading:
    """Parse items, check the rows, and make the table.

    Masks are checked many at a time, which is several times faster; still
    the error is that of the first item that is wrong.

    Args:
        items: Places, as errors name them, and what stands there.
        parse: From an item and the size of the images, if it is known, to
            a row, or None to pass it over.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Number of frames; default: any.
        first_frame: What the items call the first frame.
        kind: Of the file, see :class:`Reading`.
        options: What to mend.
        form: How boxes are written, if there are any.

    Raises:
        ValueError: The place and what is wrong there.
    """
    options = options or ReadingOptions()
    rows: list[Row] = []
    places: list[str] = []
    seen: dict[tuple[int, int], int] = {}
    parts: list[tuple[int, int]] = []
    bad: ValueError | None = None
    repaired = resized = 0
    for place, item in items:
        try:
            row = parse(item, size)
            if row is None:
                continue
            row.check_frame(first_frame, num_frames)
            if options.fix_counts:
                repaired += _repair(row)
            if size is not None:
                if options.resize_masks:
                    resized += _resize(row, size)
                row.check_size(size)
            if row.id is not None:
                first = seen.setdefault((row.frame, row.id), len(rows))
                if first < len(rows):
                    _check_part(row, rows[first], options)
                    parts.append((first, len(rows)))
            row.frame += 1 - first_frame
        except NoMasksError as error:
            raise NoMasksError(f'{place}: {error}') from None
        except ValueError as error:
            bad = ValueError(f'{place}: {error}')
            break
        size = size or row.rle['size']
        rows.append(row)
        places.append(place)
    for start in range(0, len(rows), _MASKS_AT_ONCE):
        stop = start + _MASKS_AT_ONCE
        _check_masks(rows[start:stop], places[start:stop])
    remarks, doubts = settle_boxes(rows, places, form) if form else ([], [])
    if bad:
        raise bad
    if parts:
        rows = _joined(rows, parts)
        remarks.append(f'{len(parts)} parts joined to masks of one id')
    if repaired:
        remarks.append(f'{repaired} spoilt RLEs mended')
    if resized:
        remarks.append(f'{resized} masks scaled to the size of the images')
    rows.sort(key=lambda row: row.frame)
    ids = [-1 if row.id is None else row.id for row in rows]
    return Reading(
        _table(rows, size), np.array(ids, np.int64), kind, remarks, doubts)


def _repair(row: Row) -> bool:
    """Mend spoilt counts; whether they were."""
    repaired = repaired_counts(row.rle)
    if repaired is None:
        return False
    row.rle = {**row.rle, 'counts': repaired}
    return True


def _resize(row: Row, size: Sequence[int]) -> bool:
    """Scale a mask, and take the box from it; whether it had to be."""
    if tuple(row.rle['size']) == tuple(size):
        return False
    row.rle = encode_mask(cv2.resize(
        decode_mask(row.rle), (int(size[1]), int(size[0])),
        interpolation=cv2.INTER_NEAREST))
    row.box = None
    return True


def _check_part(row: Row, first: Row, options: ReadingOptions) -> None:
    if not options.join_parts:
        raise ValueError(
            f'id {row.id} stands twice in frame {row.frame}; join_parts=True '
            'makes one mask of them')
    if row.label != first.label:
        raise ValueError(
            f'id {row.id} stands twice in frame {row.frame}, with class '
            f'{first.label} and class {row.label}')


def _check_masks(rows: list[Row], places: list[str]) -> None:
    try:
        masks = sound_rles([row.rle for row in rows])
    except ValueError:
        for row, place in zip(rows, places, strict=True):
            try:
                check_rle(row.rle)
            except ValueError as error:
                raise ValueError(
                    f'{place}: {error}{_likeness(row.rle)}') from None
        raise
    boxes = rle_bbox(masks)
    for row, mask, box in zip(rows, masks, boxes, strict=True):
        row.rle = mask
        if row.box is None:
            row.box = box


def _likeness(rle: RLE) -> str:
    """What a broken RLE looks like."""
    if repaired_counts(rle) is None:
        return ''
    looks = ("the text of Python's bytes, b'...'" if rle['counts'][0] == 'b'
             else 'an RLE in which each backslash was doubled')
    return f'; it looks like {looks}: fix_counts=True reads it'


def _joined(rows: list[Row], parts: Iterable[tuple[int, int]]) -> list[Row]:
    for first, part in parts:
        mask = coco_mask.merge([rows[first].rle, rows[part].rle])
        rows[first].rle, rows[first].box = mask, rle_bbox([mask])[0]
    gone = {part for _, part in parts}
    return [row for place, row in enumerate(rows) if place not in gone]


def _table(rows: list[Row], size: Sequence[int] | None) -> Observations:
    if rows:
        size = rows[0].rle['size']
    return Observations(
        np.array([row.frame for row in rows], np.int64),
        np.array([row.box for row in rows], np.float32).reshape(-1, 4),
        np.array([row.score for row in rows], np.float32),
        np.array([row.label for row in rows], np.int64),
        [row.rle for row in rows],
        None if size is None else (int(size[0]), int(size[1])))
