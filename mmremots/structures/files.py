"""Files that are written whole or not at all, and whether one is there."""
from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import shutil
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: No block, no quota, or no larger file is to be had.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FullDiskError(OSError):
    """A disk that is full, with what was being written."""


@contextmanager
def naming_full_disk(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say what was being written where a disk is full; writing does not.

    Args:
        path: The file or folder.

    Raises:
        FullDiskError: It is; with the path and how much is free.
    """
    try:
        yield
    except FullDiskError:  # Whoever is nearer knows better.
        raise
    except OSError as error:
        if error.errno not in _FULL:
            raise
        folder = Path(os.path.abspath(path))
        while not folder.is_dir():
            folder = folder.parent
        free = shutil.disk_usage(folder).free / 1e6
        raise FullDiskError(
            f'{path}: cannot be written whole: {error.strerror}, '
            f'{free:.1f} MB are free there') from error


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to that becomes ``path`` when the block succeeds.

    The temporary file, ``.writing-<name>``, lies in the same folder and
    keeps the suffix, since some writers go by it. Its name is fixed, so what
    a killed process leaves behind is gone when the file is written again; a
    file therefore has one writer at a time. Missing folders are made.

    Args:
        path: Where the file shall stand.

    Yields:
        The temporary path; the block must create the file.

    Raises:
        FullDiskError: The disk is full.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f'.writing-{target.name}')
    try:
        with naming_full_disk(target):
            yield temporary
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def new_array(path: Path, kind: DTypeLike,
              shape: tuple[int, ...]) -> np.memmap:
    """An array in a new file, which has its place on the disk.

    Without it, writing to a full disk through a memory map ends the process,
    without a word.

    Args:
        path: ``.npy``, to be written as it is.
        kind: Of its numbers.
        shape: Of the array.

    Returns:
        The array, memory-mapped.
    """
    array = np.lib.format.open_memmap(path, 'w+', np.dtype(kind), shape)
    with path.open('r+b') as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def write_arrays(path: Path, *arrays: NDArray) -> None:
    """Write arrays to one file, atomically, with the SHA-256 of them all."""
    buffer = io.BytesIO()
    for array in arrays:
        np.save(buffer, array, allow_pickle=False)
    content = buffer.getvalue()
    with atomic_path(path) as temporary:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)


def read_arrays(path: Path) -> tuple[NDArray, ...] | None:
    """What :func:`write_arrays` wrote; None if it is not as it was written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        return None
    buffer, arrays = io.BytesIO(content), []
    while buffer.tell() < len(content):
        arrays.append(np.load(buffer, allow_pickle=False))
    return tuple(arrays)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep a folder to this process, as long as the block or it lives.

    Where the file system has no locks, that is a warning and no more.

    Raises:
        ValueError: Another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / '.lock').open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f'{folder}: another run is at work in this folder') from None
        except OSError as error:  # Some network file systems.
            warnings.warn(
                f'{folder}: no lock can be had here ({error}); start one run '
                'at a time in it', stacklevel=2)
        yield


def has_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file stands there, before it is opened.

    Opening a named pipe waits for somebody to write, for ever.

    Args:
        path: Of a file or of a link to one.

    Raises:
        ValueError: If something else stands there.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        raise ValueError(f'{path}: a folder, pipe or device, not a file')
    return True


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    has_file(path)  # a pipe would be waited for
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
