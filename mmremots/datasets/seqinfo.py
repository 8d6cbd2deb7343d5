"""``seqinfo.ini``, as people really write it."""
from __future__ import annotations

import configparser
import re
from pathlib import Path

from mmremots.formats.text_lines import read_text
from mmremots.structures.files import has_file

KEYS = ('imDir', 'imExt', 'seqLength', 'imWidth', 'imHeight', 'frameRate')


def read_seqinfo(path: Path) -> dict[str, str]:
    """What a ``seqinfo.ini`` says; {} without the file.

    The section may be spelt in any case or missing, keys in any case; values
    may be quoted or followed by a comment.

    Raises:
        ValueError: It is no ini file, a key stands twice, or there are
            sections, but none is ``[Sequence]``.
    """
    if not has_file(path):
        return {}
    text = read_text(path)
    if not re.search(r'^\s*\[', text, re.MULTILINE):
        text = f'[Sequence]\n{text}'
    parser = configparser.ConfigParser(
        interpolation=None, empty_lines_in_values=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        reason = ' '.join(str(error).split())
        raise ValueError(f'{path}: not an ini file: {reason}') from error
    for section in parser.sections():
        if section.strip().lower() == 'sequence':
            found = parser[section]
            return {key: value for key in KEYS
                    if (value := _value(found.get(key.lower(), '')))}
    raise ValueError(f'{path}: no [Sequence] section')


def positive_number(
        info: dict[str, str], key: str, path: Path) -> float | None:
    """A number of :func:`read_seqinfo`, None where the key is absent.

    ``30000/1001``, ``29,97`` and a unit (``25 fps``) are understood.

    Raises:
        ValueError: It is no positive number.
    """
    if key not in info:
        return None
    found = re.fullmatch(
        r'([0-9.]+)\s*(?:/\s*([0-9.]+))?\s*(?:fps|hz|px|pixels|frames)?',
        re.sub(r'^([0-9]+),([0-9]+)', r'\1.\2', info[key].lower()))
    try:
        value = float(found[1]) / float(found[2] or 1) if found else 0.0
    except (ValueError, ZeroDivisionError):
        value = 0.0
    if not 0 < value < float('inf'):
        raise ValueError(
            f'{path}: {key} must be a positive number, got {info[key]!r}')
    return value


def image_suffix(info: dict[str, str]) -> str | None:
    """``imExt`` as a suffix: ``jpg``, ``*.jpg`` and ``.jpg`` are one."""
    extension = info.get('imExt', '').lstrip('*').lstrip('.').lower()
    return f'.{extension}' if extension else None


def _value(text: str) -> str:
    text = re.split(r'\s[;#]', f' {text}', maxsplit=1)[0].strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in '"\'':
        text = text[1:-1]
    return text
