"""Progress of long steps: a bar on a terminal, log lines elsewhere."""
from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mmengine.logging import print_log
from tqdm import tqdm

T = TypeVar('T')

#: Seconds between two log lines where there is no terminal.
LOG_INTERVAL = 60.0


def progress(items: Iterable[T], title: str, total: int,
             unit: str = 'frame') -> Iterator[T]:
    """Pass items on and show how far they are.

    Args:
        items: What is worked through.
        title: Stage and sequence, such as ``[3/5] short-term tracking,
            MOTS20-01``.
        total: Number of items.
        unit: What an item is.

    Yields:
        The items.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=title, total=total, unit=unit)
        return
    start = last = time.monotonic()
    count = 0
    for count, item in enumerate(items, 1):
        yield item
        if time.monotonic() - last > LOG_INTERVAL:
            last = time.monotonic()
            print_log(f'{title}: {count}/{total} {unit}s', 'current')
    print_log(f'{title}: {count} {unit}s in '
              f'{time.monotonic() - start:.1f} s', 'current')


@contextmanager
def logged_warnings(title: str) -> Iterator[None]:
    """Log the warnings of a block, each with what it is about.

    Args:
        title: Stage and sequence.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always', UserWarning)
        try:
            yield
        finally:
            for warning in caught:
                print_log(f'{title}: {warning.message}', 'current',
                          level=logging.WARNING)
