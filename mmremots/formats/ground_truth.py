"""Ground truth of a video, in whichever form it is there."""
from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmremots.structures.classes import CLASS_NAMES, IGNORE
from mmremots.structures.files import file_sha256, has_file
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video, naming_exif, to_frames

from .instance_pngs import instance_png_paths, read_instance_pngs
from .observation_files import read_mots
from .rows import to_whole
from .text_lines import read_columns


def read_truth(video: Video) -> tuple[Observations, NDArray[np.int64]]:
    """Read the ground truth of a video, and log what PNGs hold.

    Args:
        video: A video; without ``gt_path`` the table has no rows.

    Returns:
        The table, frames counted from 1, and (N,) int64 ids.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It is broken, or speaks of frames that are none; the
            message names the file and, of text, the line.
    """
    path = video.gt_path
    if path is None:
        return Observations.empty(video.size), np.zeros(0, np.int64)
    read = read_instance_pngs if Path(path).is_dir() else read_mots
    try:
        with naming_exif(video):
            table, ids = read(
                path, video.size, video.num_numbers, video.first_frame)
    except ValueError as error:
        hint = _numbering(video) if 'frame ' in str(error) else ''
        if hint and 'first_frame=' not in str(error):
            hint += '; if it counts the images from 1, say first_frame=1'
        raise ValueError(f'{error}{hint}') from None
    try:
        table = to_frames(video, table)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    if video.first_frame == 0 and len(table) and table.frames[0] == 2:
        print_log(
            f'{path}: nothing in frame 0, which {video.name} has; if it '
            'counts the images from 1, say first_frame=1', 'current',
            level=logging.WARNING)
    if read is read_instance_pngs:  # Of text a glance has told.
        objects: dict[int, set[int]] = defaultdict(set)
        for label, number in zip(
                table.labels.tolist(), ids.tolist(), strict=True):
            objects[label].add(number)
        _log_once(f'{video.name}: ground truth {path}: '
                  f'{describe_objects(objects)}, {len(table)} masks')
    return table, ids


def truth_sha256(video: Video) -> str | None:
    """SHA-256 of the ground truth, and of how its frames are numbered.

    None without ground truth.
    """
    if video.gt_path is None:
        return None
    if not Path(video.gt_path).is_dir():
        digests = [file_sha256(video.gt_path)]
    else:
        digests = [f'{number} {file_sha256(path)}' for number, path in sorted(
            instance_png_paths(video.gt_path).items())]
    if len(digests) == 1 and not video.numbers:
        return digests[0]
    return hashlib.sha256(repr((digests, video.numbers)).encode()).hexdigest()


def count_objects(path: str) -> dict[int, set[int]] | None:
    """Ids by class in a MOTS text, from a glance at its columns.

    Lines that are wrong are passed over: who reads the file tells of them.

    Returns:
        None for a folder of PNGs, which a glance does not read.
    """
    if Path(path).is_dir() or not has_file(path):
        return None
    objects: dict[int, set[int]] = defaultdict(set)
    for _, fields in read_columns(path):
        try:
            number = to_whole(fields[1], 'id')
            objects[to_whole(fields[2], 'class')].add(number)
        except (IndexError, ValueError):
            continue
    return objects


def describe_objects(objects: Mapping[int, Iterable[int]]) -> str:
    """``classes car 12, pedestrian 4``: objects by class, for the log."""
    found = [f'{CLASS_NAMES.get(label, label)} {len(set(objects[label]))}'
             for label in sorted(objects) if label != IGNORE]
    text = f'classes {", ".join(found)}' if found else 'no object'
    return text + (', ignore regions' if IGNORE in objects else '')


def _numbering(video: Video) -> str:
    """Why a frame may be none: what the images are called."""
    if not video.numbers:
        return ''
    return (f'; {video.name} has images {Path(video.img_paths[0]).name} to '
            f'{Path(video.img_paths[-1]).name}, and numbers in files are '
            'taken to be theirs')


@cache
def _log_once(line: str) -> None:
    print_log(line, 'current')
