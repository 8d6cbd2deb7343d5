"""Where the ground truth of a sequence lies, and what form it has."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmremots.structures.files import has_file

#: What may lie where ground truth is sought, in a form that is not read.
_OTHER_FORMS = frozenset({'.json', '.xml', '.csv', '.zip', '.gz', '.mat'})


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

    A file of boxes has no masks: it is passed over, with a note.

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
        if path.suffix != '.txt':
            if not _has_pngs(path):
                continue
        elif not has_file(path):
            continue
        elif kind := boxes_only(path):
            notes.append(f'{path}: {kind}, no masks; it is not read')
            continue
        if found is None:
            found = path
        else:
            notes.append(f'{path}: ground truth, too; {found} is read')
    if found is None and not notes:
        others = sorted(
            path.name for place in (folder / 'gt', folder / 'instances')
            if place.is_dir() for path in place.iterdir()
            if path.suffix.lower() in _OTHER_FORMS)
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
        ``'boxes of MOT'``, ``'boxes of KITTI'``, or None for anything else.
    """
    with open(path, encoding='utf-8-sig', errors='replace') as file:
        line = next((line for line in file if line.strip()), '')
    fields = re.split(r'[,;\s]+', line.strip())
    if len(fields) >= 15 and fields[2].isalpha():
        return 'boxes of KITTI'
    if len(fields) >= 6 and all(map(_is_number, fields[:6])) and (
            ',' in line or ';' in line or len(fields) > 6):
        return 'boxes of MOT'
    return None


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
    return folder.is_dir() and any(
        path.suffix.lower() == '.png' and path.name[0] != '.'
        for path in folder.iterdir())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
