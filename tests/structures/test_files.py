"""Files that are written whole or not at all."""
from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmremots.structures.files import (
    FullDiskError,
    atomic_path,
    file_sha256,
    folder_lock,
    has_file,
    naming_full_disk,
    new_array,
)


def write_half(target):
    with atomic_path(target) as temporary:
        temporary.write_text('half')
        raise KeyError


def test_appears_when_done(tmp_path):
    """Nothing stands under the name before the block is through."""
    target = tmp_path / 'new' / 'a.txt'
    with atomic_path(target) as temporary:
        temporary.write_text('whole')
        assert not target.exists()
        assert temporary.parent == target.parent
    assert target.read_text() == 'whole'
    assert list(target.parent.iterdir()) == [target]


def test_failure_leaves_what_was_there(tmp_path):
    """A block that fails leaves the old file, and nothing else."""
    target = tmp_path / 'a.txt'
    target.write_text('old')
    with pytest.raises(KeyError):
        write_half(target)
    assert target.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture
def short_files() -> Iterator[None]:
    """No file gets longer than 50 kB: what a full disk does, in small."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures('short_files')
def test_a_full_disk(tmp_path: Path) -> None:
    """Path and space in one line; what was there stays, and nothing else."""
    target = tmp_path / 'a.txt'
    target.write_text('old')
    with pytest.raises(
            FullDiskError, match=r'/a\.txt: cannot be written whole: File '
            r'too large, \d+\.\d MB are free there$'), naming_full_disk(
                tmp_path / 'run'), atomic_path(target) as temporary:
        temporary.write_bytes(bytes(60_000))
    assert target.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(
            FullDiskError, match='nowhere/run: cannot be written'
            ), naming_full_disk(tmp_path / 'nowhere' / 'run'):
        target.write_bytes(bytes(60_000))
    with pytest.raises(FileNotFoundError), naming_full_disk(tmp_path):
        (tmp_path / 'none').read_text()


def test_an_array_has_its_place(tmp_path: Path) -> None:
    """Blocks for all of it; a map of a file with holes ends in a crash."""
    path = tmp_path / 'a.npy'
    array = new_array(path, np.float32, (100, 1000))
    assert path.stat().st_blocks * 512 >= array.nbytes
    array[:] = 3
    array.flush()
    assert np.array_equal(np.load(path), array)
    assert new_array(path, np.uint8, (0, 4)).shape == (0, 4)


def test_what_a_killed_process_left_goes(tmp_path):
    """A leftover is overwritten: a resumed run ends with the same files."""
    target = tmp_path / 'a.txt'
    with atomic_path(target) as temporary:
        leftover = temporary
        temporary.write_text('new')
    leftover.write_text('half of another')
    with atomic_path(target) as temporary:
        temporary.write_text('again')
    assert target.read_text() == 'again'
    assert list(tmp_path.iterdir()) == [target]


def test_keeps_the_suffix(tmp_path):
    """numpy, OpenCV and others write by suffix."""
    target = tmp_path / 'a.npz'
    with atomic_path(target) as temporary:
        np.savez(temporary, x=np.arange(3))
    with np.load(target, allow_pickle=False) as content:
        assert content['x'].tolist() == [0, 1, 2]


def test_mode_is_that_of_any_new_file(tmp_path):
    """Others may read the results, as the umask says."""
    (tmp_path / 'plain').write_text('')
    with atomic_path(tmp_path / 'a.txt') as temporary:
        temporary.write_text('')
    assert ((tmp_path / 'a.txt').stat().st_mode
            == (tmp_path / 'plain').stat().st_mode)


def test_sha256(tmp_path):
    """The digest of the bytes."""
    path = tmp_path / 'a'
    path.write_bytes(b'abc' * 10**6)
    assert file_sha256(path) == hashlib.sha256(b'abc' * 10**6).hexdigest()


def test_a_file_is_there_or_not(tmp_path):
    """A link counts as what it leads to."""
    (tmp_path / 'a.txt').touch()
    (tmp_path / 'link.txt').symlink_to(tmp_path / 'a.txt')
    (tmp_path / 'loose.txt').symlink_to(tmp_path / 'gone.txt')
    assert has_file(tmp_path / 'a.txt')
    assert has_file(tmp_path / 'link.txt')
    assert not has_file(tmp_path / 'loose.txt')
    assert not has_file(tmp_path / 'a.txt' / 'below.txt')


def test_a_pipe_is_no_file(tmp_path):
    """To open one would wait for ever for somebody to write."""
    os.mkfifo(tmp_path / 'pipe.txt')
    for path in (tmp_path, tmp_path / 'pipe.txt', '/dev/zero'):
        with pytest.raises(ValueError, match=f'{path}: a folder, pipe or'):
            has_file(path)
    with pytest.raises(ValueError, match=r'pipe\.txt: a folder, pipe or'):
        file_sha256(tmp_path / 'pipe.txt')


def test_one_at_a_time(tmp_path: Path) -> None:
    """A folder in use is refused, and free again afterwards."""
    for _ in range(2):
        with (folder_lock(tmp_path / 'new'),
              pytest.raises(ValueError, match='another run is at work'),
              folder_lock(tmp_path / 'new')):
            pass


def test_where_nothing_can_be_locked(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run goes on there, and says so."""
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'flock', no_locks)
    with pytest.warns(UserWarning, match='No locks available'), \
            folder_lock(tmp_path):
        pass
