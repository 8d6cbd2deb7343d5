"""Video sequences on disk in the layout of MOTSChallenge.

::

    DATA_ROOT/
      MOTS20-02/
        seqinfo.ini         optional: imDir imExt seqLength imWidth ...
        img1/000001.jpg     one image a frame, named by its number from 1
        gt/gt.txt           optional: ground truth, MOTS text
"""
from __future__ import annotations

import configparser
import os
from collections.abc import Iterable
from pathlib import Path

from mmremots.structures.files import has_file
from mmremots.structures.video import Video, read_image

IMAGE_SUFFIXES = frozenset({'.jpg', '.jpeg', '.png', '.bmp'})
DEFAULT_FRAME_RATE = 30.0


def find_sequences(
        data_root: str | os.PathLike[str],
        names: Iterable[str] | None = None) -> list[Video]:
    """Read the sequences below a folder.

    Args:
        data_root: Folder with one subfolder a sequence.
        names: Names of the sequences, in the order wanted; None for every
            subfolder with an ``img1/`` or a ``seqinfo.ini``, sorted.

    Raises:
        FileNotFoundError: There is no such folder, no sequence in it, or
            none of a wanted name.
        ValueError: ``names`` is a single string, empty or repeats a name,
            or a sequence is broken, see :func:`read_sequence`.
    """
    root = Path(data_root)
    if not root.is_dir():
        raise FileNotFoundError(f'{root}: no such folder of sequences')
    present = sorted(
        folder.name for folder in root.iterdir()
        if (folder / 'img1').is_dir() or (folder / 'seqinfo.ini').is_file())
    if not present:
        raise FileNotFoundError(
            f'{root}: no sequences here; a sequence is a folder with its '
            'images in img1/')
    if names is None:
        return [read_sequence(root / name) for name in present]
    if isinstance(names, str):
        raise ValueError(
            f'sequence names must be a list, got the string {names!r}')
    wanted = list(names)
    if not wanted:
        raise ValueError(f'{root}: the list of sequence names is empty')
    for index, name in enumerate(wanted):
        if name not in present:
            raise FileNotFoundError(
                f'{root}: no sequence {name!r}; present are '
                + ', '.join(present))
        if name in wanted[:index]:
            raise ValueError(f'sequence {name!r} is named twice')
    return [read_sequence(root / name) for name in wanted]


def read_sequence(folder: str | os.PathLike[str]) -> Video:
    """Read one sequence: list its images and check them.

    Without ``seqinfo.ini``, or where it lacks a key, the images in
    ``img1/`` are counted, their size is that of the first, and the frame
    rate is 30.

    Raises:
        FileNotFoundError: The folder or the images are not there.
        ValueError: ``seqinfo.ini`` cannot be parsed, the images are not
            numbered 1 to N, or their number or size is not the one in
            ``seqinfo.ini``.
    """
    folder = Path(folder)
    if folder.name in ('', '..'):  # '.' has no name of its own
        folder = Path(os.path.abspath(folder))
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such sequence')
    ini_path = folder / 'seqinfo.ini'
    info = _read_seqinfo(ini_path)
    img_dir = folder / info.get('imDir', 'img1')
    img_paths = list_images(img_dir, info.get('imExt'))

    length = _number(info, 'seqLength', ini_path)
    if length is not None and length != len(img_paths):
        raise ValueError(
            f'{ini_path}: seqLength is {length:g}, but {img_dir} holds '
            f'{len(img_paths)} images')
    height, width = read_image(img_paths[0]).shape[:2]
    for key, found in (('imHeight', height), ('imWidth', width)):
        stated = _number(info, key, ini_path)
        if stated is not None and stated != found:
            raise ValueError(
                f'{ini_path}: {key} is {stated:g}, but {img_paths[0]} is '
                f'{width}x{height}')
    frame_rate = _number(info, 'frameRate', ini_path)
    gt_path = folder / 'gt' / 'gt.txt'
    return Video(
        name=folder.name,
        img_paths=tuple(img_paths),
        height=height,
        width=width,
        frame_rate=frame_rate or DEFAULT_FRAME_RATE,
        gt_path=str(gt_path) if has_file(gt_path) else None)


def list_images(
        img_dir: str | os.PathLike[str], suffix: str | None = None,
        first: int = 1) -> list[str]:
    """The images of a folder in the order of their numbers.

    Args:
        img_dir: Folder of images named by number, like ``000001.jpg``.
        suffix: Like '.jpg'; default: any kind of image.
        first: The number of the first image: 1 in MOTSChallenge, 0 in
            KITTI.

    Returns:
        Paths of the images ``first``, ``first + 1``, ...

    Raises:
        FileNotFoundError: There is no such folder or no image in it, or
            one is a link to nothing.
        ValueError: An image is not named by a number, is no file, or one
            is missing.
    """
    img_dir = Path(img_dir)
    if not img_dir.is_dir():
        raise FileNotFoundError(f'{img_dir}: no such folder of images')
    suffixes = {suffix.lower()} if suffix else IMAGE_SUFFIXES
    by_number: dict[int, Path] = {}
    for path in img_dir.iterdir():
        if path.suffix.lower() not in suffixes or path.name[0] == '.':
            continue
        if not (path.stem.isascii() and path.stem.isdigit()):
            raise ValueError(
                f'{path}: images must be named by their frame number, '
                'like 000001.jpg')
        number = int(path.stem)
        if number in by_number:
            raise ValueError(
                f'{img_dir}: frame {number} is there twice: '
                f'{by_number[number].name} and {path.name}')
        by_number[number] = path
    if not by_number:
        kinds = ', '.join(sorted(suffixes))
        raise FileNotFoundError(f'{img_dir}: no images ({kinds})')
    numbers = sorted(by_number)
    if numbers[0] < first:
        raise ValueError(
            f'{img_dir}: frames are numbered from {first}, but there is '
            f'{by_number[numbers[0]].name}')
    for expected, number in enumerate(numbers, start=first):
        if number != expected:
            raise ValueError(
                f'{img_dir}: no image of frame {expected}, the last one is '
                f'{numbers[-1]}')
        if not has_file(by_number[number]):
            raise FileNotFoundError(f'{by_number[number]}: no such image')
    return [str(by_number[number]) for number in numbers]


def _read_seqinfo(path: Path) -> dict[str, str]:
    """The [Sequence] section of a seqinfo.ini, {} without the file."""
    if not has_file(path):
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(path.read_text(encoding='utf-8-sig'))
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = ' '.join(str(error).split())
        raise ValueError(f'{path}: not an ini file: {reason}') from error
    if not parser.has_section('Sequence'):
        raise ValueError(f'{path}: no [Sequence] section')
    return {key: value for key, value in parser['Sequence'].items() if value}


def _number(info: dict[str, str], key: str, path: Path) -> float | None:
    """A positive number of seqinfo.ini, None where the key is absent."""
    if key not in info:
        return None
    try:
        value = float(info[key])
    except ValueError:
        value = 0.0
    if not 0 < value < float('inf'):
        raise ValueError(
            f'{path}: {key} must be a positive number, got {info[key]!r}')
    return value
