"""Which sequences a config, a command line or a seqmap names."""
from __future__ import annotations

import pytest
from mmengine.config import DictAction

from mmremots.datasets.sequence_names import read_seqmap, wanted_names

PRESENT = ['0002', '0015', '1e3', 'MOTS20-02', 'cam[1] n\u00f6rdlich', '7']


@pytest.mark.parametrize(('typed', 'names'), [
    ('0002', ['0002']), ('0002,0015', ['0002', '0015']), ('7', ['7']),
    ('MOTS20-02', ['MOTS20-02']), ('[0015]', ['0015']), ('1e3', ['1e3']),
    ('cam[1] n\u00f6rdlich', ['cam[1] n\u00f6rdlich']), ('None', None)])
def test_command_line(tmp_path, typed, names):
    """The command line of mmengine makes numbers of names."""
    value = DictAction._parse_iterable(typed)
    assert wanted_names(tmp_path, PRESENT, value) == (names or PRESENT)


def test_refuses(tmp_path):
    """What is there is named; a number that two names read as is none."""
    for name in ('C', 3, 2.5, True, None):
        with pytest.raises(FileNotFoundError, match='present are 0002, 0015'):
            wanted_names(tmp_path, PRESENT, [name])
    with pytest.raises(FileNotFoundError, match='no sequence 2;'):
        wanted_names(tmp_path, ['02', '002'], 2)
    with pytest.raises(ValueError, match="'0002' is named twice"):
        wanted_names(tmp_path, PRESENT, ['0002', 2])
    with pytest.raises(ValueError, match='is empty'):
        wanted_names(tmp_path, PRESENT, [])


@pytest.mark.parametrize('text', [
    'name\n0002\n0015\n',  # MOTChallenge
    '0002 empty 000000 000232\n0015 empty 000000 000375\n',  # KITTI
    '\ufeff"name",split\n"0002",val\r\n"0015",val\r\n\r\n',
    '# validation\n0002\n\n0015',
    '2 empty 0 232\n15 empty 0 375\n',  # as KITTI's own tools take them
])
def test_seqmaps(tmp_path, monkeypatch, text):
    """A file in place of the list, from here or from the data root."""
    (tmp_path / 'seqmaps').mkdir()
    path = tmp_path / 'seqmaps' / 'val.seqmap'
    path.write_text(text, encoding='utf-8')
    for given in (str(path), path, 'seqmaps/val.seqmap'):
        assert wanted_names(tmp_path, PRESENT, given) == ['0002', '0015']
    monkeypatch.chdir(tmp_path / 'seqmaps')
    assert wanted_names(tmp_path, PRESENT, 'val.seqmap') == ['0002', '0015']


def test_names_with_spaces_in_a_seqmap(tmp_path):
    """Only KITTI's lines have columns."""
    path = tmp_path / 'map.txt'
    path.write_text('cam 1\ncam 2 empty 000000 000010\nname\n')
    assert read_seqmap(path) == ['cam 1', 'cam 2', 'name']
    path.write_text('name\n\n')
    with pytest.raises(ValueError, match='without a sequence'):
        read_seqmap(path)
