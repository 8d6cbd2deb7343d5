"""One row of a detection or track file: parsing and checking.

Everything here raises ValueError without a place; who knows the file and the
line (:mod:`.row_tables`) puts it in front.
"""
from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from reprlib import repr as shown  # A value may be a whole mask.
from typing import Any

from mmremots.structures.classes import CLASS_OF_NAME
from mmremots.structures.rle import RLE, check_rle, rle_size

# What the columns of the table hold without overflow, with room to spare.
_LARGEST_INTEGER = 10**10
_LARGEST_NUMBER = 1e30
#: Columns of TrackR-CNN's text before the embedding, if there is one.
DETECTION_COLUMNS = 10
#: A few numbers too many are a mistake, no embedding.
_SHORTEST_EMBEDDING = 8
#: Ids are ``class * 1000 + n``, as far as people follow the format.
_LEAST_ID = 1000
#: MOT text has 7 columns at least, up to the score, and three more at most.
BOX_COLUMNS = range(6, 11)
#: The class in ground truth, which CVAT writes by name.
BOX_CLASS = 7


@dataclass(slots=True)
class Row:
    """A mask in a frame.

    Attributes:
        frame: As the file counts.
        box: x1, y1, x2, y2 in pixels; None: that of the mask.
        score: A finite number.
        label: Class id.
        rle: The mask; its size is checked, its counts are not.
        id: Track id, if the format has one.
    """

    frame: int
    box: Sequence[float] | None
    score: float
    label: int
    rle: RLE
    id: int | None = None

    def check_frame(self, first_frame: int, num_frames: int | None) -> None:
        """Raise unless the frame is one of the sequence's."""
        if self.frame < first_frame:
            hint = ('; first_frame=0 if the file counts from 0'
                    if self.frame == 0 and first_frame == 1 else '')
            raise ValueError(
                f'frame {self.frame}, but the first is {first_frame}{hint}')
        if num_frames is not None and self.frame - first_frame >= num_frames:
            last = first_frame + num_frames - 1
            hint = ('; first_frame=1 if the file counts from 1'
                    if first_frame == 0 and self.frame == last + 1 else '')
            raise ValueError(
                f'frame {self.frame}, but the last is {last}{hint}')

    def check_size(self, size: Sequence[int]) -> None:
        """Raise unless the mask is of the images' size, (h, w) in pixels."""
        height, width = self.rle['size']
        if (height, width) != tuple(size):
            hint = ''
            if (width, height) == tuple(size):
                hint = ('; height and width are the wrong way round, or the '
                        'masks are turned over')
            elif abs(height * size[1] - width * size[0]) <= 2 * max(size):
                hint = ('; if the masks are of images that were resized, '
                        'resize_masks=True scales them')
            raise ValueError(
                f'mask size (h, w) = ({height}, {width}) is not that of the '
                f'images, ({size[0]}, {size[1]}){hint}')


def parse_detection_line(fields: Sequence[str]) -> Row:
    """TrackR-CNN's ``frame x1 y1 x2 y2 score class h w rle``.

    Columns behind these, an embedding, are checked to be numbers and left
    out. The box may be inside out: :mod:`.mask_boxes` knows what that means.
    """
    embedding = len(fields) - DETECTION_COLUMNS
    if embedding < 0 or 0 < embedding < _SHORTEST_EMBEDDING:
        raise ValueError(
            f'{len(fields)} columns, not {DETECTION_COLUMNS}, or these and '
            'an embedding')
    for text in fields[DETECTION_COLUMNS:]:
        to_number(text, 'number of an embedding')
    x1, y1, x2, y2 = (
        to_number(text, 'box coordinate') for text in fields[1:5])
    return Row(
        to_whole(fields[0], 'frame'), (x1, y1, x2, y2),
        to_number(fields[5], 'score'), to_class(fields[6]),
        _rle(fields[7:10]))


def parse_mots_line(fields: Sequence[str]) -> Row:
    """The MOTS format's ``frame id class h w rle``; the score is 1."""
    if len(fields) != 6:
        raise ValueError(f'{len(fields)} columns, not 6')
    label = to_class(fields[2])
    if label >= _LEAST_ID:
        raise ValueError(f'class {label}: is it the id, which belongs before?')
    return Row(
        to_whole(fields[0], 'frame'), None, 1.0, label, _rle(fields[3:]),
        to_whole(fields[1], 'id'))


def are_boxes(fields: Sequence[str]) -> bool:
    """Whether a line is MOT text: ``frame id x y w h score ...``, no mask.

    Nothing but numbers, NaN for one, and perhaps the name of a class; an
    RLE of an image that is not tiny has letters.
    """
    if len(fields) not in BOX_COLUMNS:
        return False
    try:
        for column, text in enumerate(fields):
            if not (column == BOX_CLASS and text.isalpha()):
                float(text)
    except ValueError:
        return False
    if len(fields) in (6, DETECTION_COLUMNS):
        try:
            check_rle(_rle(fields[-3:]))
        except ValueError:
            return True
        return False
    return True


def to_class(text: str) -> int:
    """A class, by number or by name."""
    return CLASS_OF_NAME.get(text.lower()) or to_whole(text, 'class')


def to_whole(text: str, name: str) -> int:
    """A whole number from text, however it is written: 7, 7.0, 7e+00."""
    if text.isascii() and text.isdigit() and len(text) < 11:
        return int(text)
    try:
        value = float(text) if text.isascii() and '_' not in text else -1.0
    except ValueError:
        value = -1.0
    if value >= _LARGEST_INTEGER:
        raise ValueError(
            f'{name} {shown(text)} is larger than {_LARGEST_INTEGER}')
    if not (value >= 0 and value.is_integer()):
        raise ValueError(f'{name} {shown(text)} is not a whole number')
    return int(value)


def json_integer(entry: Any, name: str) -> int:
    """An integer of a JSON object, which may be written as text."""
    value = entry.get(name) if isinstance(entry, dict) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and re.fullmatch('-?[0-9]{1,20}', value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f'{name} {shown(value)} is not an integer')
    if abs(value) > _LARGEST_INTEGER:
        raise ValueError(
            f'{name} {shown(value)} is larger than {_LARGEST_INTEGER}')
    return value


def to_number(value: Any, name: str) -> float:
    """A finite number from text or JSON, one that float32 holds."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) < _LARGEST_NUMBER:
        raise ValueError(f'{name} {shown(value)} is not a finite number')
    return number


def _rle(fields: Sequence[str]) -> RLE:
    size = to_whole(fields[0], 'h'), to_whole(fields[1], 'w')
    return {'size': rle_size({'size': size}), 'counts': fields[2]}
