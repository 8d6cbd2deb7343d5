"""Which frame of which video an entry of COCO's JSON is of."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .coco_content import CocoContent
from .frame_names import FrameNames, frames_of_images
from .rows import json_integer

#: The frame that an entry is of, as the file counts; None: another video's.
FrameOf = Callable[[Mapping[str, Any]], int | None]


def frames_of_entries(
        content: CocoContent, source: CocoContent, names: FrameNames | None,
        first_frame: int) -> tuple[FrameOf, bool]:
    """How to tell the frame of an entry.

    Args:
        content: The file with the entries.
        source: The file with the lists of images and videos, perhaps the
            same.
        names: Of the video; None: there is no more than one video, and the
            frames are numbers, of ``image_id`` or of the listed images'
            names.
        first_frame: What the file calls the first frame.

    Returns:
        The frame of an entry, as the file counts, and whether it is by a
        number that the entry has.
    """
    if content.of_videos:
        video = choose_video(
            content, source.titles, names.sequence if names else None)
        return (lambda entry: None if entry.get('video_id') != video
                else int(entry['frame']) - 1 + first_frame), False
    if source.images and names is not None:
        return by_list(_frames(source, names), first_frame), False

    if source.images:
        numbers = _numbers_of_images(source)
        return (lambda entry: _listed(numbers, entry.get('image_id'))), True

    def by_name(entry: Mapping[str, Any]) -> int | None:
        image_id = entry.get('image_id')
        if names is not None and isinstance(image_id, str) \
                and not image_id.replace('.', '', 1).isdigit():
            frame = names.frame(image_id)
            return None if frame is None else frame - 1 + first_frame
        return number_of_image(image_id)

    return by_name, True


def listed_size(
        source: CocoContent, names: FrameNames) -> tuple[int, int] | None:
    """Size (h, w) that a video's images are listed with, if they are."""
    frames = _frames(source, names)
    for image in source.images:
        size = image.get('height'), image.get('width')
        if frames[image['id']] is not None and all(
                isinstance(side, int) and side > 0 for side in size):
            return size
    return None


def _frames(
        source: CocoContent, names: FrameNames) -> dict[Any, int | None]:
    try:
        return frames_of_images(source.images, source.titles, names)
    except ValueError as error:
        raise ValueError(f'{source.path}: {error}') from None


def by_list(frames: Mapping[Any, int | None], first_frame: int) -> FrameOf:
    """The frame of an entry by a list of images.

    Args:
        frames: Frame, from 1, of each ``image_id``; None: another video's.
        first_frame: What the first frame is to be called.
    """
    def of_list(entry: Mapping[str, Any]) -> int | None:
        frame = _listed(frames, entry.get('image_id'))
        return None if frame is None else frame - 1 + first_frame

    return of_list


def choose_video(
        content: CocoContent, titles: Mapping[Any, str],
        sequence: str | None, only_one: bool = False) -> Any:
    """The ``video_id`` of a sequence.

    Args:
        content: The file with the entries.
        titles: Name of each video, by id; perhaps of none.
        sequence: Name or id of the video; None: there is one alone.
        only_one: Whether one that is alone will do, whatever its name.

    Raises:
        ValueError: If it is none of several.
    """
    present = titles or {
        entry.get('video_id'): str(entry.get('video_id'))
        for _, entry in content.entries if isinstance(entry, dict)}
    for video, title in present.items():
        if sequence is not None and (
                sequence in re.split(r'[\\/]', title)
                or str(video) == sequence):
            return video
    if len(present) == 1 and (only_one or sequence is None or not titles):
        return next(iter(present))
    shown = ', '.join(list(present.values())[:10])
    hint = '' if titles else (
        '; ann_file=, a JSON with the list of videos, tells their names')
    raise ValueError(
        f'{content.path}: {len(present)} videos, {shown}; '
        f'which one is {sequence!r} is not said{hint}')


def number_of_image(image_id: Any) -> int:
    """A frame's number: an integer, or the last number of a name.

    Raises:
        ValueError: If there is none.
    """
    if isinstance(image_id, str):
        found = re.search(
            r'(?<![0-9])([0-9]{1,10})(\.0+|\.[A-Za-z]\w*)?$', image_id)
        if not found:
            raise ValueError(f'image_id {image_id!r} names no frame')
        return int(found[1])
    return json_integer({'image_id': image_id}, 'image_id')


def _numbers_of_images(source: CocoContent) -> dict[Any, int | None]:
    """The number in each listed image's name.

    Raises:
        ValueError: If two have the same, as those of two sequences do.
    """
    numbers: dict[Any, int | None] = {}
    for image in source.images:
        if not isinstance(image, dict) or 'id' not in image:
            raise ValueError(f'{source.path}: an image without id')
        numbers[image['id']] = number_of_image(
            image.get('file_name', image['id']))
    if len(set(numbers.values())) < len(numbers):
        raise ValueError(
            f'{source.path}: images of one number, as of several sequences; '
            'which one is meant is not said')
    return numbers


def _listed(frames: Mapping[Any, int | None], image_id: Any) -> int | None:
    if isinstance(image_id, list | dict | bool) or image_id is None:
        raise ValueError(f'image_id {image_id!r} is not an integer')
    for key in (image_id, str(image_id), number_of_image(image_id)
                if str(image_id).isdigit() else None):
        if key in frames:
            return frames[key]
    raise ValueError(
        f'image_id {image_id!r} is none of the {len(frames)} images that are '
        'listed')
