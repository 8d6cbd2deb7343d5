"""The zip for the server."""
from __future__ import annotations

import os
import zipfile

import pytest

from mmremots.evaluation import write_submission
from mmremots.structures.video import Video

LINE = '1 1 2 2 2 04\n'


@pytest.fixture
def tracks(tmp_path):
    folder = tmp_path / 'tracks'
    folder.mkdir()
    (folder / 'MOTS20-06.txt').write_text(LINE)
    (folder / 'MOTS20-01.txt').write_text('')
    (folder / 'other.txt').write_text('no MOTS')
    return folder


def test_content(tracks, tmp_path):
    """The text files named, at the root, byte for byte; nothing else."""
    path = tmp_path / 'sub' / 'submission.zip'
    write_submission(tracks, ['MOTS20-06', 'MOTS20-01'], path)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ['MOTS20-01.txt', 'MOTS20-06.txt']
        assert archive.read('MOTS20-06.txt') == LINE.encode()
        assert archive.testzip() is None
    assert [p.name for p in path.parent.iterdir()] == ['submission.zip']


def test_numbers_of_the_data_set(tracks, tmp_path):
    """KITTI counts from 0, others as their images are called."""
    (tracks / 'A.txt').write_text(LINE + LINE.replace('1 1', '3 1'))
    for numbers in ((0, 1, 2), (101, 102, 103), (5, 10, 15)):
        video = Video('A', ('',) * 3, 2, 2, 10.0, None, numbers)
        write_submission(tracks, [video], tmp_path / 'a.zip')
        with zipfile.ZipFile(tmp_path / 'a.zip') as archive:
            assert archive.read('A.txt').decode() == (
                LINE.replace('1 1', f'{numbers[0]} 1')
                + LINE.replace('1 1', f'{numbers[2]} 1'))


def test_columns_as_the_server_wants_them(tracks, tmp_path):
    """Tabs, blank lines and another order come from other tools."""
    (tracks / 'A.txt').write_text(
        LINE.replace('1 1', '2 1').replace(' ', '\t') + '\n' + LINE)
    write_submission(tracks, ['A'], tmp_path / 'a.zip')
    with zipfile.ZipFile(tmp_path / 'a.zip') as archive:
        assert archive.read('A.txt').decode() == LINE + LINE.replace(
            '1 1', '2 1')


def test_same_bytes(tracks, tmp_path):
    """Order of names, time and mode of the files do not show."""
    write_submission(tracks, ['MOTS20-06', 'MOTS20-01'], tmp_path / '1.zip')
    os.utime(tracks / 'MOTS20-06.txt', (1e9, 1e9))
    (tracks / 'MOTS20-01.txt').chmod(0o600)
    write_submission(tracks, ['MOTS20-01', 'MOTS20-06'], tmp_path / '2.zip')
    assert ((tmp_path / '1.zip').read_bytes()
            == (tmp_path / '2.zip').read_bytes())


def test_refuses(tracks, tmp_path):
    """Missing or broken results leave an earlier zip as it was."""
    path = tmp_path / 'submission.zip'
    path.write_bytes(b'earlier')
    with pytest.raises(FileNotFoundError,
                       match=r'no results in MOTS20-07\.txt, MOTS20-12\.txt'):
        write_submission(
            tracks, ['MOTS20-12', 'MOTS20-01', 'MOTS20-07'], path)
    with pytest.raises(ValueError, match=r'other\.txt:1: '):
        write_submission(tracks, ['MOTS20-01', 'other'], path)
    with pytest.raises(ValueError, match='no sequences'):
        write_submission(tracks, [], path)
    assert path.read_bytes() == b'earlier'
