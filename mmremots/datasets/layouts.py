"""Where sequences lie below a folder: the layouts of data sets."""
from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

#: OpenCV reads these.
IMAGE_SUFFIXES = frozenset({
    '.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.ppm'})
#: A sequence's images stand in one of these, or in its folder itself.
IMAGE_FOLDERS = ('img1', 'img', 'images', 'frames', 'rgb', 'color')
#: Layouts with one folder of images for each sequence in one of these.
IMAGE_ROOTS = {
    'image_02': 'KITTI MOTS', 'images': 'MOTS', 'JPEGImages': 'video'}
#: The layout of a folder of images alone.
IMAGES = 'images'
#: Folders to look in for the data root that was meant.
_LOOK_AT = 500
#: What belongs to a sequence, and is none.
_BESIDE_IMAGES = frozenset({
    'gt', 'det', 'detections', 'instances', 'masks', 'annotations'})


class Place(NamedTuple):
    """Where a sequence lies.

    Attributes:
        folder: Its own folder.
        root: The folder of the data set, beside which more may lie.
        layout: What kind of data set it is.
    """

    folder: Path
    root: Path
    layout: str


def find_places(root: Path) -> dict[str, Place]:
    """The sequences of a data set by name, sorted.

    Understood are (``ROOT`` the data root)::

        ROOT/<sequence>/img1/000001.jpg       MOTSChallenge; or what imDir
                                              in seqinfo.ini says
        ROOT/<sequence>/000001.jpg            images alone
        ROOT/image_02/<sequence>/000000.png   KITTI MOTS
        ROOT/images/<sequence>/000001.jpg     MOTS20 with instances/

    Returns:
        Those of images alone come last where there are others, too.

    Raises:
        FileNotFoundError: There is no such folder, or no sequence; where
            there is one above or below, the message names it.
    """
    if not root.is_dir():
        beside = ', '.join(
            folder.name for folder in islice(_subfolders(root.parent), 5))
        raise FileNotFoundError(
            f'{root}: no such folder of sequences'
            + (f'; {root.parent} has {beside}' if beside else ''))
    root = Path(os.path.abspath(root)) if root.name in ('', '..') else root
    found = {} if _is_sequence(root) else _below(root)
    if not found and holds_frames(root):
        raise FileNotFoundError(_one_up(root))
    if not found:
        inside = [
            place for place in islice(_subfolders(root, depth=2), _LOOK_AT)
            if place.name not in IMAGE_ROOTS and not _is_sequence(place)
            and _below(place)]
        inside = inside or _above(root)
        hint = (f'; did you mean {" or ".join(map(str, inside[:4]))}?'
                if inside else
                '; a sequence is a folder with its images in it, or in img1/')
        raise FileNotFoundError(f'{root}: no sequences here{hint}')
    return found


def place_of_image(path: Path) -> Place:
    """Where the sequence of an image lies, by its path alone.

    The folder above one in :data:`IMAGE_FOLDERS`, or with a
    ``seqinfo.ini``, or else the image's own.
    """
    folder = path.parent
    if folder.parent.name in IMAGE_ROOTS:
        layout = IMAGE_ROOTS[folder.parent.name]
        return Place(folder, folder.parents[1], layout)
    above = folder.parent
    if folder.name in IMAGE_FOLDERS:
        return Place(above, above.parent, 'MOTSChallenge')
    for other in (folder, above, above.parent):
        if (other / 'seqinfo.ini').is_file():
            return Place(other, other.parent, 'MOTSChallenge')
    return Place(folder, above, IMAGES)


def image_folder(folder: Path) -> Path:
    """Where the images of a sequence stand, without a word in its ini."""
    for name in IMAGE_FOLDERS:
        if _has_images(folder / name):
            return folder / name
    if _has_images(folder) and not (folder / 'img1').is_dir():
        return folder
    return folder / 'img1'


def list_images(folder: Path, suffix: str | None = None) -> list[Path]:
    """The images of a folder, in no order.

    Args:
        folder: The folder.
        suffix: Like ``.jpg``; default: any kind of image.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder of images')
    suffixes = {suffix} if suffix else IMAGE_SUFFIXES
    paths = [path for path in folder.iterdir()
             if path.suffix.lower() in suffixes and path.name[0] != '.']
    if not paths:
        kinds = ', '.join(sorted(suffixes))
        others = sorted(
            {path.suffix.lower() for path in folder.iterdir()
             if path.suffix.lower() in IMAGE_SUFFIXES})
        hint = f'; there are {", ".join(others)}' if others else ''
        raise FileNotFoundError(f'{folder}: no images ({kinds}){hint}')
    return paths


def _below(root: Path) -> dict[str, Place]:
    """The sequences in a folder; {} where it has none."""
    if root.name in IMAGE_ROOTS and not _has_images(root):
        root, roots = root.parent, [root.name]
    else:
        roots = list(IMAGE_ROOTS)
    for name in roots:
        folders = [folder for folder in _subfolders(root / name)
                   if _has_images(folder)]
        if folders:
            return {folder.name: Place(folder, root, IMAGE_ROOTS[name])
                    for folder in folders}
    folders = list(_subfolders(root))
    sequences = {folder.name: Place(folder, root, 'MOTSChallenge')
                 for folder in folders if _is_sequence(folder)}
    return sequences | {
        folder.name: Place(folder, root, IMAGES) for folder in folders
        if folder.name not in sequences and _has_images(folder)
        and folder.name not in _BESIDE_IMAGES}


def _above(folder: Path) -> list[Path]:
    """The data root of a folder that belongs to a sequence or beside them."""
    for above in islice(Path(os.path.abspath(folder)).parents, 3):
        if not _is_sequence(above) and _below(above):
            return [above]
    return []


def holds_frames(folder: Path) -> bool:
    """Whether a folder seems to be that of a video."""
    return _is_sequence(folder) or _has_images(folder)


def _is_sequence(folder: Path) -> bool:
    return (folder / 'seqinfo.ini').is_file() or (
        folder / 'img1').is_dir() or any(
            _has_images(folder / name) for name in IMAGE_FOLDERS)


def _has_images(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        return any(Path(entry.name).suffix.lower() in IMAGE_SUFFIXES
                   and entry.name[0] != '.' for entry in entries)


def _subfolders(folder: Path, depth: int = 1) -> Iterator[Path]:
    """Folders in a folder, sorted; and those in them."""
    if not folder.is_dir():
        return
    inside = sorted(path for path in folder.iterdir()
                    if path.is_dir() and path.name[0] != '.')
    yield from inside
    if depth > 1:
        for path in inside:
            yield from _subfolders(path, depth - 1)


def _one_up(folder: Path) -> str:
    """What to say where the data root is a sequence, or its images."""
    path = Path(os.path.abspath(folder))
    if path.name in IMAGE_FOLDERS and (
            path.parent.name not in IMAGE_ROOTS) and (
            _is_sequence(path.parent)) and not _is_sequence(path):
        path = path.parent
    root = path.parent
    if root.name in IMAGE_ROOTS:
        root = root.parent
    return (f'{folder}: no sequences here, this is one itself; say '
            f'data_root={str(root)!r}, and sequences=[{path.name!r}] for '
            'this one alone')
