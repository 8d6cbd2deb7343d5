"""Tracks in COCO's JSON: CocoVID, YouTube-VIS, results with ids."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmremots.structures.classes import CAR, CLASS_OF_NAME, PEDESTRIAN

from .coco_content import CocoContent, read_coco, read_lists
from .coco_frames import FrameOf, by_list, choose_video, number_of_image
from .coco_results import CocoEntries
from .frame_names import FrameNames
from .row_tables import Reading, ReadingOptions
from .rows import json_integer

PathLike = str | os.PathLike[str]

#: MOTS class of COCO's categories, where a file does not name its own.
_CLASS_IN_COCO = {1: PEDESTRIAN, 3: CAR}
#: Fields that hold the id of a track, the first one that is there.
_ID_FIELDS = ('track_id', 'instance_id', 'object')


def zero_or_one(first_frame: int | None, least: int) -> int:
    """What a file calls the first frame: as told, or as it must be.

    Args:
        first_frame: What the user says; None: 0 if there is a frame 0.
        least: The least frame in the file.
    """
    if first_frame is not None:
        return first_frame
    return 0 if least == 0 else 1


def tracks_in_coco(
        path: PathLike, size: Sequence[int], num_frames: int | None,
        first_frame: int | None, sequence: str | None,
        img_paths: Sequence[str], classes: Mapping[int, int] | None,
        ann_file: PathLike | None,
        options: ReadingOptions) -> tuple[Reading, int]:
    """Read the tracks of one video from a JSON of COCO's kind.

    Args:
        path: As all that follow of :func:`~.track_files.read_tracks`.
        size: As there.
        num_frames: As there.
        first_frame: As there.
        sequence: As there.
        img_paths: As there.
        classes: As there.
        ann_file: As there.
        options: As there.

    Returns:
        What the file holds, and what it calls the first frame.
    """
    content = read_coco(path)
    source = content if ann_file is None else read_lists(ann_file)
    base = 1 if first_frame is None else first_frame
    remarks: list[str] = []
    video = None
    if content.of_videos or source.titles or _have_videos(content):
        video = choose_video(content, source.titles, sequence, True)
        title = source.titles.get(video, video)
        remarks.append(f'video {title}')
    by_number = not content.of_videos and not source.images
    frame_of: FrameOf = _by_number
    if by_number:
        numbers = [number_of_image(entry.get('image_id'))
                   for _, entry in content.entries if isinstance(entry, dict)
                   and entry.get('image_id') is not None]
        base = zero_or_one(first_frame, min(numbers, default=1))
    elif not content.of_videos:
        frame_of = by_list(_frames_in_list(
            source, video, num_frames, sequence, img_paths), base)

    def of_video(entry: Mapping[str, Any]) -> int | None:
        if video is not None and entry.get('video_id', video) != video:
            return None
        if content.of_videos:
            return int(entry['frame']) - 1 + base
        return frame_of(entry)

    labels, note = _labels(content, source, classes)
    boxes = content.without_masks
    entries = CocoEntries(
        of_video, labels, options, _id_of, 1.0, masks_are_boxes=boxes)
    if boxes:
        remarks.insert(0, 'boxes, no masks: the mask is the box')
    kind = 'YouTube-VIS tracks' if content.of_videos else 'COCO video tracks'
    found = entries.gather(content, size, num_frames, base, kind)
    found.remarks = remarks + note + found.remarks
    found.by_number = by_number
    found.names = {}
    return found, base


def _by_number(entry: Mapping[str, Any]) -> int:
    return number_of_image(entry.get('image_id'))


def _have_videos(content: CocoContent) -> bool:
    return any('video_id' in entry for _, entry in content.entries
               if isinstance(entry, dict))


def _frames_in_list(
        source: CocoContent, video: Any, num_frames: int | None,
        sequence: str | None,
        img_paths: Sequence[str]) -> dict[Any, int | None]:
    """Frame, from 1, of each image of a video; None for other videos'."""
    frames: dict[Any, int | None] = {}
    ours = []
    for number, image in enumerate(source.images):
        if not isinstance(image, dict) or 'id' not in image:
            raise ValueError(f'{source.path}: image {number}: no id')
        frames[image['id']] = None
        if video is None or image.get('video_id', video) == video:
            ours.append(image)
    if img_paths:
        names = FrameNames(sequence or '', img_paths)
        try:
            named = {image['id']: names.frame(_base_name(image))
                     for image in ours}
        except ValueError:
            named = {}
        # Of other names than on disk they are in order.
        if any(frame is not None for frame in named.values()):
            return frames | named
    ours.sort(key=lambda image: (
        image['frame_id'] if isinstance(image.get('frame_id'), int)
        else number_of_image(_base_name(image))))
    if num_frames is not None and len(ours) != num_frames:
        if not all(isinstance(image.get('frame_id'), int) for image in ours):
            raise ValueError(
                f'{source.path}: {len(ours)} images for {num_frames} frames, '
                'and no frame_id that tells which')
        return frames | {
            image['id']: image['frame_id'] + 1 for image in ours}
    return frames | {
        image['id']: rank for rank, image in enumerate(ours, 1)}


def _base_name(image: Mapping[str, Any]) -> str:
    return str(image.get('file_name', image['id'])).replace(
        '\\', '/').rsplit('/', 1)[-1]


def _labels(
        content: CocoContent, source: CocoContent,
        classes: Mapping[int, int] | None
) -> tuple[dict[int, int], list[str]]:
    """MOTS class of each category, and what there is to say of it."""
    numbers = set()
    for place, entry in content.entries:
        try:
            numbers.add(json_integer(entry, 'category_id'))
        except ValueError as error:
            raise ValueError(f'{place}: {error}') from None
    present = sorted(numbers)
    names = content.names or source.names
    if classes is not None:
        labels = dict(classes)
    elif names:
        labels = {number: CLASS_OF_NAME[name.lower()]
                  for number, name in names.items()
                  if name.lower() in CLASS_OF_NAME}
    else:
        labels = dict(_CLASS_IN_COCO)
    left = [number for number in present if number not in labels]
    if present and left == present:
        if len(present) > 1 or classes is not None:
            raise ValueError(
                f'{content.path}: holds categories {present}, of which the '
                f'class map {labels} takes none; classes= says which are '
                'pedestrians (2) and cars (1)')
        name = names.get(present[0], present[0])
        return {present[0]: PEDESTRIAN}, [
            f'category {name} taken for pedestrians']
    return labels, [f'categories {left} left out'] if left else []


def _id_of(entry: Mapping[str, Any]) -> int:
    more = entry.get('attributes')  # There CVAT has it.
    found = {**more, **entry} if isinstance(more, dict) else entry
    for name in _ID_FIELDS:
        if found.get(name) is not None:
            number = json_integer(found, name)
            if number < 0:
                break
            return number
    raise ValueError(
        'neither track_id nor instance_id: detections, not tracks')
