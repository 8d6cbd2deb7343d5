"""The zip file that the MOTSChallenge server takes."""
from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mmremots.formats.observation_files import write_mots
from mmremots.structures.files import atomic_path
from mmremots.structures.video import Video, to_numbers

from .mots_files import read_checked_mots

#: The earliest time a zip can hold; the same results make the same bytes.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def write_submission(
        tracks_dir: str | os.PathLike[str],
        sequences: Iterable[str | Video],
        zip_path: str | os.PathLike[str]) -> None:
    """Pack MOTS files for the server: ``<sequence>.txt`` at the zip's root.

    Every file is read and checked whole first, and written anew, as the
    server wants its columns. In the zip frames have the
    numbers that the files of the data set give them: from 1 in
    MOTSChallenge, from 0 in KITTI MOTS. The same files make the same bytes:
    entries are sorted, their time is fixed.

    Args:
        tracks_dir: Folder with ``<sequence>.txt`` of every sequence, frames
            from 1.
        sequences: The sequences, named as the server spells them; a name
            alone is one whose frames count from 1.
        zip_path: The file to write, whole or not at all.

    Raises:
        FileNotFoundError: A file is missing; the message names all that are.
        ValueError: A file is broken (the message names file and line), or
            there are no sequences.
    """
    videos = {Path(tracks_dir, f'{s if isinstance(s, str) else s.name}.txt'):
              None if isinstance(s, str) else s for s in sequences}
    if not videos:
        raise ValueError(f'{zip_path}: no sequences to submit')
    paths = sorted(videos, key=lambda path: path.stem)
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f'{tracks_dir}: no results in ' + ', '.join(missing))
    contents = {path: _content(path, videos[path]) for path in paths}
    with atomic_path(zip_path) as temporary, \
            zipfile.ZipFile(temporary, 'w') as archive:
        for path in paths:
            entry = zipfile.ZipInfo(path.name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, contents[path])


def _content(path: Path, video: Video | None) -> bytes:
    """A file as the server wants it."""
    table, ids = read_checked_mots(path)
    if video is not None:
        table = replace(table, frames=to_numbers(video, table.frames))
    with TemporaryDirectory(prefix='mmremots-') as folder:
        copy = Path(folder, 'copy.txt')
        write_mots(copy, table, ids)
        return copy.read_bytes()
