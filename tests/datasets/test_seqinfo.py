"""seqinfo.ini in the forms it is found in."""
from __future__ import annotations

import pytest

from mmremots.datasets.seqinfo import (
    image_suffix,
    positive_number,
    read_seqinfo,
)


def read(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'seqinfo.ini'
    path.write_bytes(text.encode(encoding))
    return read_seqinfo(path)


@pytest.mark.parametrize('text', [
    '[Sequence]\nimDir=img1\nframeRate=25\n',
    '[sequence]\nimDir=img1\nframeRate=25\n',
    '[ SEQUENCE ]\nimdir = img1\nFrameRate : 25\n',
    'imDir=img1\nframeRate=25\n',  # no section at all
    '; made by a tool\nimDir=img1 ; images\nframeRate=25 ; fps\n',
    '[Sequence]\nimDir="img1"\nframeRate=25 # as filmed\nimExt=\n',
    '[Video]\nframeRate=1\n[Sequence]\nimDir=img1\nframeRate=25\n',
    '[Sequence]\r\nimDir=img1\r\nframeRate=25\r\n',
    '[Sequence]\rimDir=img1\rframeRate=25\r',
])
@pytest.mark.parametrize('encoding', [
    'utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le'])
def test_forms(tmp_path, text, encoding):
    """One and the same, however it was written."""
    assert read(tmp_path, text, encoding) == {
        'imDir': 'img1', 'frameRate': '25'}


def test_other_letters(tmp_path):
    """Of the editor's own code page, too, and percent signs are text."""
    text = '[Sequence]\nname=Stra\u00dfe\nimDir=100%\nseqLength=3\n'
    for encoding in ('utf-8', 'latin-1'):
        assert read(tmp_path, text, encoding) == {
            'imDir': '100%', 'seqLength': '3'}
    assert read_seqinfo(tmp_path / 'nowhere.ini') == {}


@pytest.mark.parametrize(('text', 'value'), [
    ('30000/1001', 30000 / 1001), ('25 fps', 25), ('29.97', 29.97),
    ('29,97', 29.97), ('60Hz', 60), ('1920 px', 1920), ('30 / 1', 30)])
def test_numbers(tmp_path, text, value):
    """Fractions and units are what people write for a frame rate."""
    info = read(tmp_path, f'frameRate={text}')
    assert positive_number(info, 'frameRate', tmp_path) == value
    assert positive_number({}, 'frameRate', tmp_path) is None


@pytest.mark.parametrize(
    'text', ['fast', '-2', 'nan', 'inf', '0', '25/0', '1.2.3', '/2'])
def test_no_number(tmp_path, text):
    """Named with file and key."""
    with pytest.raises(ValueError, match=(
            r'seqinfo\.ini: frameRate must be a positive number, got ')):
        positive_number({'frameRate': text}, 'frameRate',
                        tmp_path / 'seqinfo.ini')


@pytest.mark.parametrize('text', ['jpg', '.jpg', '*.jpg', '.JPG', 'JPG'])
def test_suffix(text):
    """With a dot or without."""
    assert image_suffix({'imExt': text}) == '.jpg'
    assert image_suffix({}) is None


@pytest.mark.parametrize(('text', 'message'), [
    ('[Video]\nseqLength=2\n', r'no \[Sequence\] section'),
    ('[Sequence]\nseqLength=2\nseqLength=3\n', 'not an ini file'),
    ('just words\n', 'not an ini file'),
])
def test_broken(tmp_path, text, message):
    """One clear error that names the file."""
    with pytest.raises(ValueError, match=rf'seqinfo\.ini: {message}'):
        read(tmp_path, text)
