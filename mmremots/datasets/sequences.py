"""Video sequences on disk, in any of the layouts of :mod:`.layouts`."""
from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.logging import print_log

from mmremots.formats.ground_truth import count_objects, describe_objects
from mmremots.formats.image_names import ImageRun, image_run
from mmremots.structures.files import has_file
from mmremots.structures.video import (
    DEFAULT_FRAME_RATE,
    Video,
    decode_image,
    read_image,
    turned,
)

from .annotation_files import find_annotation
from .layouts import (
    IMAGES,
    Place,
    find_places,
    image_folder,
    list_images,
)
from .seqinfo import image_suffix, positive_number, read_seqinfo
from .sequence_names import check_name, wanted_names

#: Frames a second of KITTI's cameras.
KITTI_FRAME_RATE = 10.0


def find_sequences(
        data_root: str | os.PathLike[str],
        names: Iterable[Any] | str | None = None,
        first_frame: int | None = None) -> list[Video]:
    """Read the sequences below a folder, and log a line of each.

    Args:
        data_root: Folder with one subfolder a sequence, or in another
            layout, see :func:`.layouts.find_places`.
        names: Names of the sequences, in the order wanted, or one name, or
            a seqmap file that lists them; None for all there are, sorted.
        first_frame: As of :func:`read_sequence`.

    Raises:
        FileNotFoundError: There is no such folder, no sequence in it, or
            none of a wanted name.
        ValueError: ``names`` is empty or repeats a name, or a sequence is
            broken, see :func:`read_sequence`.
    """
    root = Path(data_root)
    places = find_places(root)
    if names is None:
        names = [name for name, place in places.items()
                 if place.layout != IMAGES] or list(places)
        if len(names) < len(places):
            others = [name for name in places if name not in names]
            print_log(
                f'{root}: left out, not named and of images alone: '
                + ', '.join(others), 'current', level=30)
    return [
        read_sequence(places[name].folder, first_frame, places[name])
        for name in wanted_names(root, list(places), names)]


def read_sequence(
        folder: str | os.PathLike[str], first_frame: int | None = None,
        place: Place | None = None) -> Video:
    """Read one sequence: list its images, check them, find ground truth.

    Without ``seqinfo.ini``, or where it lacks a key, images are sought in
    ``img1/``, its like and the folder itself, and counted; their size is
    that of the first, and the frame rate is 30 (KITTI: 10).

    Args:
        folder: The sequence's folder.
        first_frame: What files beside the images call the first one, the
            next ones without a gap. Default: the numbers in the names of
            the images.
        place: Where it lies; default: a folder of its own.

    Raises:
        FileNotFoundError: The folder or the images are not there.
        ValueError: ``seqinfo.ini`` cannot be parsed, two images have one
            number or are of different series, or their number or size is
            not the one in ``seqinfo.ini``.
    """
    folder = Path(folder)
    if folder.name in ('', '..'):  # '.' has no name of its own
        folder = Path(os.path.abspath(folder))
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such sequence')
    check_name(folder.name)
    place = place or Place(folder, folder.parent, 'MOTSChallenge')
    ini_path = folder / 'seqinfo.ini'
    info = read_seqinfo(ini_path)
    img_dir = image_folder(folder)
    if 'imDir' in info:
        img_dir = folder / info['imDir']
        if not img_dir.is_dir():  # Perhaps written on Windows.
            img_dir = folder / info['imDir'].replace('\\', '/')
    images = image_run(list_images(img_dir, image_suffix(info)))
    for path in images.paths:
        if not has_file(path):
            raise FileNotFoundError(f'{path}: no such image')

    length = positive_number(info, 'seqLength', ini_path)
    if length is not None and length != len(images.paths):
        raise ValueError(
            f'{ini_path}: seqLength is {length:g}, but {img_dir} holds '
            f'{len(images.paths)} images')
    depth = decode_image(images.paths[0], cv2.IMREAD_UNCHANGED).dtype
    if depth not in (np.uint8, np.uint16):
        raise ValueError(
            f'{images.paths[0]}: pixels of {depth}, which is for numbers, not '
            'for pictures; 8 bits belong there')
    height, width = read_image(str(images.paths[0])).shape[:2]
    for key, found in (('imHeight', height), ('imWidth', width)):
        stated = positive_number(info, key, ini_path)
        if stated is not None and stated != found:
            raise ValueError(
                f'{ini_path}: {key} is {stated:g}, but {images.paths[0]} is '
                f'{width}x{height}{turned(str(images.paths[0]))}')
    annotation = find_annotation(folder.name, folder, place.root)
    numbers = _numbers(images, first_frame)
    video = Video(
        name=folder.name,
        img_paths=tuple(map(str, images.paths)),
        height=height,
        width=width,
        frame_rate=positive_number(info, 'frameRate', ini_path) or (
            KITTI_FRAME_RATE if place.layout == 'KITTI MOTS'
            else DEFAULT_FRAME_RATE),
        gt_path=None if annotation.path is None else str(annotation.path),
        numbers=() if numbers[0] == 1 and _gapless(numbers) else numbers,
        folder=str(folder),
        layout=place.layout)
    print_log(_describe(video, images), 'current')
    notes = annotation.notes + _notes(images, numbers)
    if depth == np.uint16:
        notes.append(
            f'{images.paths[0].name} has 16 bits a pixel, of which the upper '
            '8 are taken: dark, if the camera has 12')
    for note in notes:
        print_log(f'{folder}: {note}', 'current', level=30)
    return video


def _numbers(images: ImageRun, first_frame: int | None) -> tuple[int, ...]:
    if first_frame is None:
        return tuple(images.numbers)
    if isinstance(first_frame, bool) or not isinstance(first_frame, int) \
            or first_frame < 0:
        raise ValueError(
            f'first_frame is {first_frame!r}, not a whole number from 0')
    return tuple(range(first_frame, first_frame + len(images.paths)))


def _describe(video: Video, images: ImageRun) -> str:
    """One line of what was taken."""
    first, last = (Path(video.img_paths[k]).name for k in (0, -1))
    numbers = (
        f'{video.first_frame}-based' if video.num_numbers == video.num_frames
        else f'numbered {video.first_frame} to {video.numbers[-1]}')
    parts = [
        video.layout, numbers,
        f'{video.num_frames} frames {first} to {last}'
        + ('' if images.numbered else ' in the order of their names'),
        f'{video.width}x{video.height}', f'{video.frame_rate:g} fps']
    if video.gt_path is None:
        parts.append('no ground truth')
    else:
        objects = count_objects(video.gt_path)
        parts.append(f'ground truth {video.gt_path}')
        parts.append('16-bit PNGs' if objects is None
                     else describe_objects(objects))
    return f'{video.name}: {", ".join(parts)}'


def _notes(images: ImageRun, numbers: Sequence[int]) -> list[str]:
    """What a user should know of the images' names."""
    notes = []
    if images.left_out:
        names = ', '.join(path.name for path in images.left_out[:4])
        notes.append(
            f'{len(images.left_out)} images are named unlike the frames '
            f'and left out: {names}')
    steps, counts = np.unique(np.diff(numbers), return_counts=True)
    if len(steps) > 1:
        at = int(np.argmax(np.diff(numbers) != steps[counts.argmax()]))
        notes.append(
            f'after image {numbers[at]} comes {numbers[at + 1]}; the images '
            'are taken for adjacent frames')
    return notes


def _gapless(numbers: Sequence[int]) -> bool:
    return numbers[-1] - numbers[0] == len(numbers) - 1
