"""Lines of text files as people have them.

Packed by gzip or not; in any Unicode, with a byte order mark or without;
columns apart by spaces, tabs or commas, as many as there may be, in quotes or
not; blank lines and comments anywhere; a header; decimal commas.
"""
from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from json import detect_encoding

from mmremots.structures.files import has_file

PathLike = str | os.PathLike[str]

_COMMA = re.compile(r'\s*,\s*|\s+')
_DECIMAL_COMMA = re.compile(r'[-+]?\d+,\d+')
#: The shortest line of a format here has that many columns.
_FEWEST_COLUMNS = 6
_PEEK = 1024


def read_text(path: PathLike) -> str:
    """All of a text file, unpacked.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file, or a broken gz.
    """
    with _open(path) as file:
        return file.read()


def is_json(path: PathLike) -> bool:
    """Whether a file begins with a list or an object, as JSON does.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file, or a broken gz.
    """
    with _open(path) as file:
        start = file.read(1)
        while start.isspace():
            start = file.read(1)
        return start in ('[', '{')


def read_columns(path: PathLike) -> Iterator[tuple[str, list[str]]]:
    """The columns of each line that has any.

    What counts as a column is between white space or commas; COCO's RLEs
    have neither, nor quotes, which are taken off. Where white space parts all
    columns, a comma in a number is a decimal point. Lines that begin with #
    are comments; names of the columns may stand above them.

    Args:
        path: A text file, packed by gzip or not, whatever its name.

    Yields:
        ``FILE:LINE`` and the line's columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file, no text or a broken gz, or its columns
            are in another order or apart by something else.
    """
    is_first = True
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            fields = _columns(line)
            if not fields or fields[0].startswith('#'):
                continue
            place = f'{path}:{number}'
            if not (is_first and _is_header(place, fields)):
                yield place, fields
            is_first = False


def _columns(line: str) -> list[str]:
    line = line.replace('"', '')
    words = line.split()
    if ',' not in line:
        return words
    if len(words) >= _FEWEST_COLUMNS and all(
            _DECIMAL_COMMA.fullmatch(word) for word in words if ',' in word):
        return [word.replace(',', '.') for word in words]
    fields = _COMMA.split(line.strip())
    if not fields[-1]:  # A comma at the end of a line.
        fields.pop()
    return fields


def _is_header(place: str, fields: Sequence[str]) -> bool:
    """Whether a first line names the columns, as it may if it does so right.

    Raises:
        ValueError: The frame is not the first of them, or an id not the
            second, or they are apart by something else.
    """
    apart = re.match(r'\w*([;|])', fields[0])
    if apart and len(fields) < _FEWEST_COLUMNS:
        raise ValueError(f'{place}: columns apart by {apart[1]!r}, where '
                         'white space or commas belong')
    names = [field.lower() for field in fields]
    if len(names) < _FEWEST_COLUMNS or not all(
            re.match('[a-z_]|$', name) for name in names):
        return False
    if 'frame' not in names[0] or 'id' in names[2:]:
        raise ValueError(
            f'{place}: columns named {", ".join(fields[:4])}, ...: the frame '
            'belongs first, an id second')
    return True


@contextmanager
def _open(path: PathLike) -> Iterator[io.TextIOWrapper]:
    has_file(path)  # A pipe would be waited for.
    with open(path, 'rb') as file:
        content: io.BufferedReader | gzip.GzipFile = file
        if file.peek(2)[:2] == b'\x1f\x8b':
            content = gzip.GzipFile(fileobj=file)
        try:
            start = content.peek(_PEEK)[:_PEEK]
            encoding = detect_encoding(start[:4])
            if b'\0' in start and encoding.startswith('utf-8'):
                raise ValueError(f'{path}: no text, but a binary file')
            yield io.TextIOWrapper(content, encoding, errors='replace')
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f'{path}: a gz file that is broken: {error}') from None
