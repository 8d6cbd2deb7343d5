"""Detections in COCO's JSON: results, data sets, videos, JSON lines."""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mmremots.structures.masks import rle_area
from mmremots.structures.observations import Observations

from .coco_content import CocoContent, read_coco
from .coco_frames import FrameOf, frames_of_entries, listed_size
from .frame_names import FrameNames
from .mask_boxes import box_mask, check_box_masks
from .row_tables import NoMasksError, Reading, ReadingOptions, gather
from .rows import Row, json_integer, to_number
from .segmentations import NoOutlineError, in_shares, parse_segmentation

PathLike = str | os.PathLike[str]

_COUNTED = {
    'box': '{} boxes without a pixel left out',
    'crowd': '{} crowds left out',
    'part': '{} polygons of fewer than 3 corners left out',
    'entry': '{} entries without a polygon of 3 corners left out',
    'elsewhere': '{} entries of other sequences passed over'}


def read_coco_results(
    path: PathLike, size: Sequence[int] | None = None,
    num_frames: int | None = None,
    label_of_category: Mapping[int, int] | None = MappingProxyType({1: 2}),
    first_frame: int = 1, options: ReadingOptions | None = None
) -> Observations:
    """Read instance segmentations in COCO's results format.

    A JSON list of ``{"image_id", "category_id", "score", "segmentation",
    "bbox"}``, or its entries a line each. ``image_id`` is the frame, as a
    number or in a file's name; ``bbox`` is x, y, width, height and may be
    left out. The segmentation may be any that COCO knows.

    Args:
        path: The file, packed by gzip or not.
        size: (h, w) that every mask must have; default: the first one's.
        num_frames: Number of frames allowed; default: any.
        label_of_category: Class id of each category to be read, others are
            left out; None: all, as they are. Default: person is pedestrian.
        first_frame: What the file calls the first frame. The table counts
            from 1.
        options: What to mend in the file.

    Returns:
        The table.

    Raises:
        FileNotFoundError: If there is no such file.
        NoMasksError: If it holds boxes.
        ValueError: ``FILE: entry N: ...`` at the first entry (from 0) that
            is wrong, or where the file is not JSON; also where half of the
            masks do not lie in their boxes.
    """
    return detections_in_coco(
        path, size, num_frames, first_frame, options,
        label_of_category=label_of_category).table


def detections_in_coco(
        path: PathLike, size: Sequence[int] | None = None,
        num_frames: int | None = None, first_frame: int = 1,
        options: ReadingOptions | None = None, *,
        label_of_category: Mapping[int, int] | None = None,
        names: FrameNames | None = None,
        listed: CocoContent | None = None) -> Reading:
    """Read detections of one video, and what there is to say of them.

    Args:
        path: The file; a data set and videos are understood as well.
        size: As in :func:`read_coco_results`, like the four that follow.
        num_frames: As there.
        first_frame: As there.
        options: As there.
        label_of_category: As there; default: all, as they are.
        names: The video's frames by the names of its images.
        listed: Where the images are listed that ``image_id`` numbers;
            default: the file itself, if it has a list.

    Raises:
        As :func:`read_coco_results`.
    """
    content = read_coco(path)
    if content.without_masks:
        raise NoMasksError(f'{path}: boxes, no masks (COCO results)')
    source = listed or content
    frame_of, by_number = frames_of_entries(
        content, source, names, first_frame)
    kind = 'COCO results' if not content.is_dataset else 'COCO data set'
    if content.of_videos:
        kind = 'YouTube-VIS results'
    entries = CocoEntries(
        frame_of, label_of_category, options or ReadingOptions(),
        score_of_none=_score_of_none(content),
        listed_size=None if names is None else listed_size(source, names))
    found = entries.gather(
        content, size, num_frames, first_frame, kind)
    found.by_number = by_number
    found.names = content.names or source.names
    if entries.score_of_none is not None:
        found.remarks.append('without scores, which are taken to be 1')
    if not by_number and not content.of_videos:
        found.remarks.append('frames by the list of images')
    elsewhere = entries.counts.get('elsewhere', 0)
    if elsewhere and elsewhere == len(content.entries):
        raise ValueError(
            f'{path}: none of {elsewhere} entries is of '
            f'{names.sequence if names else "this sequence"}')
    return found


class CocoEntries:
    """Parses entries, and counts what it leaves out.

    Args:
        frame_of: The frame of an entry.
        label_of_category: Class id of each category; None: as they are.
        options: What to mend.
        id_of: Track id of an entry; default: none.
        score_of_none: Score of entries without one; default: an error.
        masks_are_boxes: Whether the boxes are to be the masks.
        listed_size: (h, w) that images are listed with, which polygons are
            for; default: that of the images.
    """

    def __init__(
            self, frame_of: FrameOf,
            label_of_category: Mapping[int, int] | None,
            options: ReadingOptions,
            id_of: Callable[[Mapping[str, Any]], int] | None = None,
            score_of_none: float | None = None,
            masks_are_boxes: bool = False,
            listed_size: Sequence[int] | None = None) -> None:
        self.frame_of = frame_of
        self.labels = label_of_category
        self.options = options
        self.id_of = id_of
        self.score_of_none = score_of_none
        self.masks_are_boxes = masks_are_boxes
        self.listed_size = listed_size
        self.counts: dict[str, int] = {}
        self._shares = self._polygons = 0

    def parse(self, entry: Any, size: Sequence[int] | None) -> Row | None:
        """The row of an entry; None for one that is left out."""
        category = json_integer(entry, 'category_id')
        if self.labels is not None and category not in self.labels:
            return None
        if entry.get('iscrowd') in (1, True):
            self._leave_out('crowd')
            return None
        frame = self.frame_of(entry)
        if frame is None:
            self._leave_out('elsewhere')
            return None
        segmentation = entry.get('segmentation')
        if isinstance(segmentation, list):
            size = self._size_of_polygons(size)
            self._polygons += 1
            self._shares += in_shares(segmentation)
        box = _corners(entry.get('bbox'))
        score = entry.get('score', self.score_of_none)
        try:
            if self.masks_are_boxes and box and size:
                rle, dropped = box_mask(box, size), 0
                if not rle_area([rle])[0]:
                    self._leave_out('box')
                    return None
            else:
                rle, dropped = parse_segmentation(
                    segmentation, size, self.options.strict)
        except NoOutlineError as error:
            if self.options.strict:
                raise ValueError(str(error)) from None
            self._leave_out('entry')
            return None
        if dropped:
            self._leave_out('part', dropped)
        return Row(
            frame, box, to_number(score, 'score'),
            category if self.labels is None else self.labels[category], rle,
            None if self.id_of is None else self.id_of(entry))

    def _size_of_polygons(
            self, size: Sequence[int] | None) -> Sequence[int] | None:
        listed = self.listed_size
        if listed is None or size is None or tuple(listed) == tuple(size):
            return size
        if not self.options.resize_masks:
            raise ValueError(
                f'a polygon in an image that is listed with size (h, w) = '
                f'({listed[0]}, {listed[1]}), which is not that of the '
                f'images, ({size[0]}, {size[1]}); resize_masks=True scales '
                'it')
        return listed

    def gather(
            self, content: CocoContent, size: Sequence[int] | None,
            num_frames: int | None, first_frame: int, kind: str) -> Reading:
        """Read all entries of a file; see :func:`~.row_tables.gather`."""
        try:
            found = gather(
                content.of_each_frame(), self.parse, size, num_frames,
                first_frame, kind, self.options, 'sides')
        finally:  # A better word on masks that are not in their boxes.
            if self._shares and 2 * self._shares >= self._polygons:
                raise ValueError(
                    f'{content.path}: {self._shares} of {self._polygons} '
                    "polygons lie in 0 to 1: shares of the image's size, "
                    'where pixels belong')
        if self.masks_are_boxes and size is not None:
            try:
                check_box_masks(
                    found.table.boxes, size, self.counts.get('box', 0))
            except ValueError as error:
                raise ValueError(f'{content.path}: {error}') from None
        found.remarks += [_COUNTED[key].format(number)
                          for key, number in self.counts.items()]
        return found

    def _leave_out(self, key: str, number: int = 1) -> None:
        self.counts[key] = self.counts.get(key, 0) + number


def _score_of_none(content: CocoContent) -> float | None:
    """1 where a data set has no scores at all."""
    scored = any('score' in entry for _, entry in content.entries
                 if isinstance(entry, dict))
    return None if scored or not content.is_dataset else 1.0


def _corners(box: Any) -> tuple[float, float, float, float] | None:
    if box is None:
        return None
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(f'bbox {box!r} is not [x, y, width, height]')
    x1, y1, width, height = (to_number(side, 'bbox') for side in box)
    if width < 0 or height < 0:
        raise ValueError(f'bbox {box!r} of negative size')
    return x1, y1, x1 + width, y1 + height
