"""Where the ground truth of a sequence lies, and what form it has."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmremots.formats.rows import are_boxes
from mmremots.formats.text_lines import read_columns
from mmremots.structures.files import has_file

#: What may lie where ground truth is sought, in a form that is not read.
_OTHER_FORMS = frozenset({'.json', '.xml', '.csv', '.zip', '.gz', '.mat'})
#: Beside the images such a name is that of ground truth.
_SOUNDS_LIKE_TRUTH = re.compile('gt|truth|annot|instances|label')
#: Of KITTI's boxes; a score may follow.
_KITTI_COLUMNS = 15


class Annotation(NamedTuple):
    """Ground truth of a sequence.

    Attributes:
        path: A MOTS text, a folder of instance PNGs, or None.
        notes: What lies there, too, and why it is not read.
    """

    path: Path | None
    notes: list[str]


def find_annotation(name: str, folder: Path, root: Path) -> Annotation:
    """Look for the ground truth of a sequence.

    First in its own folder: ``gt/gt.txt``, ``gt.txt``, ``gt/<sequence>.txt``,
    or 16-bit PNGs in ``instances/`` or ``gt/``. Then beside all sequences,
    and then beside their folder: ``instances_txt/<sequence>.txt``,
    ``gt/<sequence>.txt``, ``gt/<sequence>/gt.txt``,
    ``gt/<sequence>/gt/gt.txt``, ``label_02/<sequence>.txt``, or PNGs in
    ``instances/<sequence>/`` or ``gt/<sequence>/``.

    A text may be packed by gzip or named in capitals. One of boxes has no
    masks, nor have images of 8 bits: they are passed over, with a note.

    Args:
        name: Of the sequence.
        folder: The sequence's own folder.
        root: The folder of all sequences.

    Raises:
        ValueError: A pipe or device stands where a file is sought.
    """
    notes: list[str] = []
    found: Path | None = None
    for path in _candidates(name, folder, root):
        if path.suffix == '.txt':
            path = _as_spelt(path)
            if not has_file(path):
                continue
        elif not _has_pngs(path):
            continue
        kind = other_pngs(path) if path.is_dir() else boxes_only(path)
        if kind:
            notes.append(f'{path}: {kind}; it is not read')
        elif found is None:
            found = path
        else:
            notes.append(f'{path}: ground truth, too; {found} is read')
    if found is None and not notes:
        others = sorted(
            path.name for place in (
                folder / 'gt', folder / 'instances', folder, root)
            if place.is_dir() for path in place.iterdir()
            if path.suffix.lower() in _OTHER_FORMS and (
                place.name in ('gt', 'instances')
                or _SOUNDS_LIKE_TRUTH.search(path.name.lower())))
        if others:
            notes.append(
                f'{folder}: no ground truth is read; {", ".join(others[:3])} '
                'in another form lies there')
    return Annotation(found, notes)


def boxes_only(path: Path) -> str | None:
    """Whether a text holds boxes in place of masks, and of which format.

    Args:
        path: The text; its first line tells.

    Returns:
        What to say of it; None for anything else.
    """
    fields = next((fields for _, fields in read_columns(path)), [])
    if len(fields) >= _KITTI_COLUMNS and fields[2].isalpha():
        return 'boxes of KITTI, no masks'
    return 'boxes of MOT, no masks' if are_boxes(fields) else None


def other_pngs(folder: Path) -> str | None:
    """Whether PNGs are no 16-bit grey ones, by the header of the first.

    Returns:
        What to say of them; None for PNGs of instances.
    """
    first = min(path for path in folder.iterdir() if _is_png(path))
    if not has_file(first):
        return None
    with open(first, 'rb') as file:
        header = file.read(26)
    bits, kind = header[24:25], header[25:26]
    if header[12:16] != b'IHDR' or (bits, kind) == (b'\x10', b'\0'):
        return None
    return f'PNGs of {bits[0]} bits, not 16-bit grey class * 1000 + instance'


def _as_spelt(path: Path) -> Path:
    """The text of a name that is there: packed, or in capitals."""
    if path.suffix != '.txt' or path.exists() or not path.parent.is_dir():
        return path
    names = (path.name.lower(), f'{path.name.lower()}.gz')
    return next((other for other in sorted(path.parent.iterdir())
                 if other.name.lower() in names), path)


def _candidates(name: str, folder: Path, root: Path) -> Iterator[Path]:
    """Texts, and folders of PNGs, in the order they are looked at."""
    yield folder / 'gt' / 'gt.txt'
    yield folder / 'gt.txt'
    yield folder / 'gt' / f'{name}.txt'
    yield folder / 'instances'
    yield folder / 'gt'
    for beside in (root, root.parent):
        yield beside / 'instances_txt' / f'{name}.txt'
        yield beside / 'gt' / f'{name}.txt'
        yield beside / 'gt' / name / 'gt.txt'
        yield beside / 'gt' / name / 'gt' / 'gt.txt'
        yield beside / 'label_02' / f'{name}.txt'
        yield beside / 'instances' / name
        yield beside / 'gt' / name


def _has_pngs(folder: Path) -> bool:
    return folder.is_dir() and any(map(_is_png, folder.iterdir()))


def _is_png(path: Path) -> bool:
    return path.suffix.lower() == '.png' and path.name[0] != '.'
