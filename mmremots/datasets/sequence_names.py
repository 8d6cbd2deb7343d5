"""Which sequences of a data set are wanted."""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmremots.structures.files import has_file


def check_name(name: str) -> str:
    """The name of a sequence, if files and logs can hold it.

    Raises:
        ValueError: Its bytes are no text, as of another system's encoding.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f'{name!a}: the name of this sequence is no text in UTF-8; '
            'rename it') from None
    return name


def wanted_names(
        root: Path, present: Sequence[str],
        names: Iterable[Any] | str | float | None) -> list[str]:
    """The names of the sequences to take, in order.

    Args:
        root: The data root, for messages and for a seqmap that lies in it.
        present: Names there are.
        names: Names; one name; the path of a seqmap, see
            :func:`read_seqmap`; or None for all there are. A number, which
            is what a command line makes of ``0002``, is the name that reads
            as it.

    Raises:
        FileNotFoundError: There is no sequence of a name.
        ValueError: There is none to take, or one is named twice.
    """
    if names is None:
        return list(present)
    if isinstance(names, (str, Path)):
        seqmap = _seqmap(root, str(names)) if names not in present else None
        wanted: list[Any] = read_seqmap(seqmap) if seqmap else [names]
    elif isinstance(names, Iterable):
        wanted = list(names)
    else:
        wanted = [names]
    if not wanted:
        raise ValueError(f'{root}: the list of sequence names is empty')
    taken: list[str] = []
    for name in wanted:
        found = _find(name, present)
        if found is None:
            raise FileNotFoundError(
                f'{root}: no sequence {name!r}; present are '
                + ', '.join(present))
        if found in taken:
            raise ValueError(f'sequence {found!r} is named twice')
        taken.append(found)
    return taken


def read_seqmap(path: Path) -> list[str]:
    """The names in a seqmap.

    That is a name a line, below the header ``name`` (MOTChallenge), or
    ``0002 empty 000000 000232`` (KITTI), or a row of CSV with the name in
    front; a line that begins with
    ``#`` is a comment.

    Raises:
        ValueError: It lists nothing.
    """
    names: list[str] = []
    for line in path.read_text('utf-8-sig').splitlines():
        text = '' if line.startswith('#') else line.strip()
        kitti = re.fullmatch(r'(.+?)\s+\S+\s+[0-9]+\s+[0-9]+', text)
        name = (kitti[1] if kitti else text.split(',')[0]).strip('"\' \t')
        if name and not (not names and name.lower() in ('name', 'names')):
            names.append(name)
    if not names:
        raise ValueError(f'{path}: a seqmap without a sequence')
    return names


def _seqmap(root: Path, text: str) -> Path | None:
    """The seqmap that a text names, from here or from the data root."""
    for path in (Path(text), root / text):
        if not path.is_dir() and has_file(path):
            return path
    return None


def _find(name: Any, present: Sequence[str]) -> str | None:
    """The name meant by what a config or a command line holds."""
    if str(name) in present and isinstance(name, (str, Path)):
        return str(name)
    if isinstance(name, str) and name.isdigit():  # KITTI's 2 is 0002.
        name = int(name)
    same = [other for other in present if _as_parsed(other) == name]
    return same[0] if len(same) == 1 else None


def _as_parsed(text: str) -> Any:
    """What mmengine's command line makes of a text."""
    text = ''.join(text.split())
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {'true': True, 'false': False}.get(text.lower(), text)
