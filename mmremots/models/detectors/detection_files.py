"""Files of detections of one video: which they are, and what they hold."""
from __future__ import annotations

import glob
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from mmremots.formats.coco_content import CocoContent, read_coco, read_lists
from mmremots.formats.coco_results import detections_in_coco
from mmremots.formats.frame_names import FrameNames
from mmremots.formats.observation_files import detections_in_text
from mmremots.formats.row_tables import Reading, ReadingOptions
from mmremots.formats.text_lines import is_json
from mmremots.structures.classes import CLASS_NAMES, CLASS_OF_NAME
from mmremots.structures.video import (
    Video,
    naming_exif,
    sequence_folder,
    to_frames,
)

_JSON = ('.json', '.jsonl', '.ndjson')
#: What detections are called; .gz may follow, and capitals are the same.
SUFFIXES = ('.txt', '.csv', '.tsv', *_JSON)
#: Names of COCO's categories, of those that MOTS has, where none are given.
_COCO_NAMES = {1: 'person', 3: 'car'}


def find_files(path: str, video: Video) -> list[Path]:
    """The files that a path means for a video, sorted by name.

    Args:
        path: With ``{sequence}`` for the video's name, which is text, not a
            pattern; without it in the video's folder, or, if it is not
            there, a file as it stands. May have wildcards.
        video: The video.

    Raises:
        FileNotFoundError: If there is none.
    """
    matches: list[Path] = []
    for pattern in _places(path, video):
        matches = [pattern] if pattern.is_file() else sorted(
            pattern.parent.glob(_escaped(path, video)))
        if matches:
            break
    files = [found for found in matches if _kind(found) in SUFFIXES
             and not found.name.startswith('.')]
    if not files:
        first, *_ = _places(path, video)
        others = ', '.join(found.name for found in matches[:5])
        raise FileNotFoundError(
            f'{first}: no detections (.txt or .json) of sequence '
            f'{video.name}' + (f', but {others}' if others else ''))
    return files


def find_ann_file(path: str, video: Video) -> Path:
    """The list of images that a path means for a video, as above.

    Raises:
        FileNotFoundError: If it is not there.
    """
    for place in _places(path, video):
        if place.is_file():
            return place
    raise FileNotFoundError(f'{path}: no such ann_file of {video.name}')


def images_beside(files: Collection[Path]) -> Path | None:
    """The file among some that lists images and holds no detections."""
    if len(files) > 1:
        for path in files:
            if is_json(path) and lists_images(path):
                return path
    return None


def lists_images(path: Path) -> bool:
    """Whether a JSON is a list of images and no more."""
    try:
        content = read_coco(path)
    except ValueError:  # Who reads the file says so.
        return False
    return bool(content.images) and not content.entries


def read_file(
        path: Path, video: Video, first_frame: int | None,
        ann_file: Path | None, options: ReadingOptions) -> Reading:
    """All detections of a video in a file, labels as in the file.

    Args:
        path: The file.
        video: The video.
        first_frame: What the file calls the first frame; None: as the
            video's own files do.
        ann_file: JSON with the list of images that ``image_id`` numbers.
        options: What to mend.

    Raises:
        NoMasksError: If the file holds boxes.
        ValueError: If it is not as it should be; names file and line.
    """
    base, count = ((video.first_frame, video.num_numbers)
                   if first_frame is None
                   else (first_frame, video.num_frames))
    with naming_exif(video):
        if is_json(path) or _kind(path) in _JSON:
            names = FrameNames(video.name, video.img_paths)
            listed = None if ann_file is None else read_lists(ann_file)
            found = _in_json(path, video, base, count, options, names, listed)
        else:
            found = detections_in_text(
                path, video.size, count, base, options)
    if found.by_number and first_frame is None:
        try:
            found.table = to_frames(video, found.table)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
    return found


def class_map(
        found: Reading, classes: Mapping[int | str, int] | None,
        wanted: Collection[int], path: Path) -> dict[int, int]:
    """MOTS class of each of a file's.

    Args:
        found: What the file held.
        classes: As the user has it, by number or by the file's names; None:
            by names, if the file has any, else as TrackR-CNN (1 car, 2
            pedestrian) or COCO (3 car, 1 person) numbers them.
        wanted: MOTS classes that are wanted where ``classes`` is None.
        path: For the error.

    Raises:
        ValueError: If a name is none of the file's.
    """
    if classes is None:
        known = {number: CLASS_OF_NAME[name.lower()]
                 for number, name in known_names(found).items()
                 if name.lower() in CLASS_OF_NAME}
        return {theirs: ours for theirs, ours in known.items()
                if ours in wanted}
    numbers = {name.lower(): number for number, name in found.names.items()}
    mapped = {}
    for theirs, ours in classes.items():
        key = (numbers.get(theirs.lower()) if isinstance(theirs, str)
               else theirs)
        if key is None:
            raise ValueError(
                f'{path}: class {theirs!r} is none of '
                + (', '.join(map(repr, found.names.values()))
                   or 'its classes, which have numbers, no names'))
        mapped[key] = ours
    return mapped


def known_names(found: Reading) -> dict[int, str]:
    """Names of a file's classes, its own or those of its format."""
    if found.names:
        return found.names
    return CLASS_NAMES if found.kind.startswith('TrackR') else _COCO_NAMES


def check_scores(found: Reading, path: Path) -> list[str]:
    """What there is to say of scores that are no shares of 1.

    Raises:
        ValueError: If they look like percent.
    """
    scores = found.table.scores
    highest = float(scores.max(initial=0))
    if highest > 10 and float(scores.min()) >= 0:
        raise ValueError(
            f'{path}: scores go up to {highest:g}, not 1: if they are in '
            'percent, score_scale=100 divides them; score_scale=1 takes them '
            'as they are')
    if highest > 1.001:
        return [f'{path}: scores go up to {highest:g}, not 1; they are '
                'compared with score_thr as they are, score_scale divides '
                'them']
    return []


def _in_json(
        path: Path, video: Video, first_frame: int, num_frames: int,
        options: ReadingOptions, names: FrameNames,
        listed: CocoContent | None) -> Reading:
    try:
        return detections_in_coco(
            path, video.size, num_frames, first_frame, options, names=names,
            listed=listed)
    except ValueError as error:
        far = 'frame ' in str(error) and ', but the last is' in str(error)
        if not far or listed is not None:
            raise
        raise ValueError(
            f'{error}; if image_id counts over several sequences, ann_file= '
            'names the JSON with the list of images') from None


def _places(path: str, video: Video) -> list[Path]:
    if '{sequence}' in path:
        return [Path(path.replace('{sequence}', video.name))]
    if Path(path).is_absolute():
        return [Path(path)]
    return [sequence_folder(video) / path, Path(path)]


def _escaped(path: str, video: Video) -> str:
    """The last part of a path, whose wildcards are those of the path."""
    return Path(path).name.replace('{sequence}', glob.escape(video.name))


def _kind(path: Path) -> str:
    """The suffix of what is in a file, packed or not."""
    name = path.name.lower().removesuffix('.gz')
    return Path(name).suffix


def scaled(found: Reading, score_scale: float) -> None:
    """Divide scores by what the file calls 1."""
    scores = found.table.scores
    scores /= np.float32(score_scale)
