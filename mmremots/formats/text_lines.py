"""Lines of text files as people have them.

Packed by gzip or not; with a byte order mark or without; columns apart by
spaces, tabs or commas, as many as there may be; blank lines anywhere.
"""
from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from mmremots.structures.files import has_file

PathLike = str | os.PathLike[str]

_COMMA = re.compile(r'\s*,\s*|\s+')
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
    have neither.

    Args:
        path: A text file, packed by gzip or not, whatever its name.

    Yields:
        ``FILE:LINE`` and the line's columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file, or a broken gz.
    """
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if ',' in line:
                fields = _COMMA.split(line.strip())
                if not fields[-1]:  # A comma at the end of a line.
                    fields.pop()
            else:
                fields = line.split()
            if fields:
                yield f'{path}:{number}', fields


@contextmanager
def _open(path: PathLike) -> Iterator[io.TextIOWrapper]:
    has_file(path)  # A pipe would be waited for.
    with open(path, 'rb') as file:
        content: io.BufferedReader | gzip.GzipFile = file
        if file.peek(2)[:2] == b'\x1f\x8b':
            content = gzip.GzipFile(fileobj=file)
        try:
            start = content.peek(2)[:2]
            yield io.TextIOWrapper(
                content, 'utf-16' if start in _UTF_16 else 'utf-8-sig',
                errors='replace')
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f'{path}: a gz file that is broken: {error}') from None
