"""Which frame a name or an entry of a list of images means."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .rows import json_integer

#: What Roboflow puts behind a name: 000001_jpg.rf.6e1c0f.jpg.
_ROBOFLOW = re.compile(r'(_[a-z]+)?\.rf\.\w+(?=\.\w+$|$)')


class FrameNames:
    """The frames of one video by the names of its images.

    Args:
        sequence: The video's name.
        img_paths: Its images, in order.
    """

    def __init__(self, sequence: str, img_paths: Sequence[str]) -> None:
        self.sequence = sequence
        self._paths = [_parts(path) for path in img_paths]
        self._of_name: dict[str, int] = {}
        for of in (_number, _stem, lambda name: name):
            for frame, parts in enumerate(self._paths, 1):
                key = of(parts[-1])
                if key:
                    self._of_name[key] = frame

    def frame(self, name: str) -> int | None:
        """The frame, from 1, that a file name means.

        Args:
            name: Such as ``000001.jpg``, ``MOTS20-02/img1/000001.jpg`` or
                ``MOTS20-02_000001.png``; the suffix may be another one.

        Returns:
            None for an image of another sequence.

        Raises:
            ValueError: If the sequence has no such frame.
        """
        *folders, base = _parts(_ROBOFLOW.sub('', name))
        stem = _stem(base)
        if folders:
            if self.sequence not in folders and not any(
                    path[-1 - len(folders):-1] == folders
                    for path in self._paths[:1]):
                return None
        elif base not in self._of_name and stem not in self._of_name:
            rest = stem.removeprefix(self.sequence)
            if rest != stem and not (
                    self.sequence[-1].isdigit() and rest[:1].isdigit()):
                stem = rest
            elif re.fullmatch(r'.*[^\d].*\d+', stem):
                return None
        for key in (base, stem, _number(stem)):
            if key and key in self._of_name:
                return self._of_name[key]
        raise ValueError(f'{name!r} is no frame of {self}')

    def __str__(self) -> str:
        return (f'{self.sequence}, whose images are {self._paths[0][-1]} to '
                f'{self._paths[-1][-1]}')


def frames_of_images(
        images: Iterable[Any], titles: Mapping[Any, str],
        names: FrameNames) -> dict[Any, int | None]:
    """Which frame each image of a COCO list is.

    Args:
        images: Entries with ``id``, ``file_name`` or ``frame_id`` (from 0),
            and perhaps ``video_id``.
        titles: Name of each video, by id.
        names: Of the video.

    Returns:
        Frame, from 1, of each id; None where it is of another sequence.

    Raises:
        ValueError: If no image is of the sequence, two are of one frame, or
            one is of no frame.
    """
    listed = list(images)
    frames: dict[Any, int | None] = {}
    taken: dict[int, Any] = {}
    for number, image in enumerate(listed):
        if not isinstance(image, dict) or 'id' not in image:
            raise ValueError(f'images, entry {number}: no id')
        frame = _frame(image, titles, names, number)
        if frame is not None and frame in taken:
            raise ValueError(
                f'images {taken[frame]!r} and {image["id"]!r} are both frame '
                f'{frame} of {names.sequence}')
        frames[image['id']] = frame
        if frame is not None:
            taken[frame] = image['id']
    if listed and not taken:
        raise ValueError(
            f'none of {len(listed)} images is of {names}; the first is '
            f'{listed[0].get("file_name", listed[0]["id"])!r}')
    return frames


def _frame(image: Mapping[str, Any], titles: Mapping[Any, str],
           names: FrameNames, number: int) -> int | None:
    video = titles.get(image.get('video_id'))
    if video is not None and names.sequence not in _parts(video):
        return None
    name = image.get('file_name')
    if isinstance(name, str):
        frame = names.frame(name)
        if frame is not None or video is None:
            return frame
        return names.frame(_parts(name)[-1])
    if 'frame_id' in image and video is not None:
        return json_integer(image, 'frame_id') + 1
    raise ValueError(f'images, entry {number}: no file_name')


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r'[\\/]', path) if part] or ['']


def _stem(name: str) -> str:
    return name.rsplit('.', 1)[0] if '.' in name else name


def _number(name: str) -> str:
    """The last number of a name, without zeros in front."""
    found = re.findall(r'\d+', _stem(name))
    return f'#{int(found[-1])}' if found else ''
