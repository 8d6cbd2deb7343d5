"""The zip file that the MOTSChallenge server takes."""
from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

from mmremots.structures.files import atomic_path

from .mots_files import read_checked_mots

#: The earliest time a zip can hold; the same results make the same bytes.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def write_submission(
        tracks_dir: str | os.PathLike[str],
        sequence_names: Iterable[str],
        zip_path: str | os.PathLike[str]) -> None:
    """Pack MOTS files for the server: ``<sequence>.txt`` at the zip's root.

    Every file is read and checked whole first. The same files make the same
    bytes: entries are sorted, their time is fixed.

    Args:
        tracks_dir: Folder with ``<sequence>.txt`` of every sequence.
        sequence_names: Names of the sequences, spelt as the server does.
        zip_path: The file to write, whole or not at all.

    Raises:
        FileNotFoundError: A file is missing; the message names all that are.
        ValueError: A file is broken (the message names file and line), or
            there are no sequences.
    """
    names = sorted(set(sequence_names))
    if not names:
        raise ValueError(f'{zip_path}: no sequences to submit')
    paths = [Path(tracks_dir, f'{name}.txt') for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f'{tracks_dir}: no results in ' + ', '.join(missing))
    for path in paths:
        read_checked_mots(path)
    with atomic_path(zip_path) as temporary, \
            zipfile.ZipFile(temporary, 'w') as archive:
        for path in paths:
            entry = zipfile.ZipInfo(path.name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
