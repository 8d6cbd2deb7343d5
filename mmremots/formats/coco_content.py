"""What COCO's JSON files hold, whichever of their forms they have.

Results are a list of entries, a data set is an object with ``annotations``
and ``images``. Of videos there are CocoVID (images have a ``video_id`` and a
``frame_id``) and YouTube-VIS (an entry is an object in a video, with a list
of ``segmentations``, one a frame). JSON lines are read as a list.
"""
from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .text_lines import read_text

PathLike = str | os.PathLike[str]


@dataclass(slots=True)
class CocoContent:
    """A JSON file of COCO's kind.

    Attributes:
        path: The file.
        entries: Places, as errors name them, and the entries.
        images: The list of images; [] without one.
        videos: The list of videos; [] without one.
        names: Of the categories, by id; {} without them.
        is_dataset: Whether it is an object, not a list of results.
    """

    path: str
    entries: list[tuple[str, Any]]
    images: list[Any] = field(default_factory=list)
    videos: list[Any] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    is_dataset: bool = False

    def __post_init__(self) -> None:
        """Call videos and categories by numbers, if entries do not.

        Raises:
            ValueError: Two images have one id.
        """
        numbers = {name: number for number, name in self.names.items()}
        for item in (*self.images, *(entry for _, entry in self.entries)):
            if not isinstance(item, dict):
                continue
            for key in {'video_id', 'category_id'} & item.keys():
                item[key] = _plain(item[key])
            name = item.get('category_id')
            if isinstance(name, str):
                number = numbers.setdefault(
                    name.strip(), max(self.names, default=0) + 1)
                self.names[number] = name.strip()
                item['category_id'] = number
        taken = Counter(
            str(image['id']) for image in self.images
            if isinstance(image, dict) and 'id' in image)
        twice = [number for number, times in taken.items() if times > 1]
        if twice:
            raise ValueError(f'{self.path}: two images have the id {twice[0]}')

    @property
    def of_videos(self) -> bool:
        """Whether an entry is an object in a video, as in YouTube-VIS."""
        return any('segmentations' in entry for _, entry in self.entries
                   if isinstance(entry, dict))

    @property
    def titles(self) -> dict[Any, str]:
        """Name of each video that is listed, by id."""
        return {_plain(video['id']): str(video.get('name', video['id']))
                for video in self.videos
                if isinstance(video, dict) and 'id' in video}

    @property
    def without_masks(self) -> bool:
        """Whether there are boxes alone."""
        return bool(self.entries) and all(
            isinstance(entry, dict) and 'bbox' in entry
            and 'segmentation' not in entry and 'segmentations' not in entry
            for _, entry in self.entries)

    def of_each_frame(self) -> Iterator[tuple[str, Any]]:
        """Entries of videos, one a frame; others as they are.

        Yields:
            Place and entry. One of a video's frame has ``frame``, from 1,
            and ``object``, the place of its object in the file from 1.
        """
        for number, (place, entry) in enumerate(self.entries, 1):
            if not isinstance(entry, dict) or 'segmentations' not in entry:
                yield place, entry
                continue
            masks, boxes = entry['segmentations'], entry.get('bboxes')
            if not isinstance(masks, list):
                raise ValueError(f'{place}: segmentations is not a list')
            if not isinstance(boxes, list) or len(boxes) != len(masks):
                boxes = [None] * len(masks)
            for frame, (mask, box) in enumerate(
                    zip(masks, boxes, strict=True), 1):
                if mask:
                    yield f'{place}, frame {frame}', {
                        **entry, 'segmentation': mask, 'bbox': box,
                        'frame': frame, 'object': number}


def read_coco(path: PathLike) -> CocoContent:
    """Read a JSON file of COCO's kind.

    Args:
        path: The file, packed by gzip or not.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither JSON nor JSON lines, or of another kind.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):  # Its error is the right one.
        return _read(name)
    status = os.stat(name)
    return _read_version(name, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=2)  # A file of all sequences, and the one of its images.
def _read_version(path: str, length: int, mtime: int) -> CocoContent:
    del length, mtime  # Part of the cache's key alone.
    return _read(path)


def read_lists(path: PathLike) -> CocoContent:
    """Read a JSON for its lists of images or videos.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no JSON, or has no such list.
    """
    content = read_coco(path)
    if not content.images and not content.videos:
        raise ValueError(f'{path}: no list of images or of videos')
    return content


def _read(path: str) -> CocoContent:
    text = read_text(path)
    lines = None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = _json_lines(path, text)
        if lines is None:
            raise ValueError(f'{path}: not JSON: {error}') from None
        return CocoContent(path, lines)
    if isinstance(content, list):
        return CocoContent(path, [
            (f'{path}: entry {k}', entry)
            for k, entry in enumerate(content)])
    if isinstance(content, dict) and 'image_id' in content:
        # A single JSON line.
        return CocoContent(path, [(f'{path}:1', content)])
    lists = {
        key: content.get(key) or [] for key in (
            'annotations', 'images', 'videos', 'categories')
    } if isinstance(content, dict) else {}
    if not any(lists.values()) or not all(
            isinstance(value, list) for value in lists.values()):
        raise ValueError(
            f'{path}: COCO results are a JSON list, a COCO data set is an '
            'object with lists of annotations and images')
    return CocoContent(
        path,
        [(f'{path}: annotation {k}', entry)
         for k, entry in enumerate(lists['annotations'])],
        lists['images'], lists['videos'],
        {_plain(category['id']): str(
            category.get('name', category['id'])).strip()
         for category in lists['categories']
         if isinstance(category, dict) and 'id' in category}, True)


def _plain(number: Any) -> Any:
    """An id that was written as text, as a number."""
    if isinstance(number, str) and number.isdecimal() and (
            str(int(number)) == number):
        return int(number)
    return number


def _json_lines(path: str, text: str) -> list[tuple[str, Any]] | None:
    """An entry, or a list of them, a line; None where it is no such file."""
    entries: list[tuple[str, Any]] = []
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not entries:
                return None
            raise ValueError(
                f'{path}:{number}: not JSON: {error}') from None
        several = content if isinstance(content, list) else [content]
        if not all(isinstance(entry, dict) for entry in several):
            return None
        entries += [(f'{path}:{number}', entry) for entry in several]
    return entries or None
