"""Sequences on disk: what is read, and what is refused."""
from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremots.datasets import find_sequences, read_sequence
from mmremots.structures.video import Video, frame_numbers, read_frame


def write_images(folder: Path, numbers, size=(4, 6), suffix='.png'):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        image = np.full((*size, 3), number, np.uint8)
        cv2.imwrite(str(folder / f'{number:06d}{suffix}'), image)


def write_ini(folder: Path, **keys):
    folder.mkdir(parents=True, exist_ok=True)
    lines = ['[Sequence]', *(f'{k}={v}' for k, v in keys.items())]
    (folder / 'seqinfo.ini').write_text('\n'.join(lines) + '\n')


def test_reads_seqinfo(tmp_path):
    """Every key of seqinfo.ini is honoured, imDir and imExt too."""
    folder = tmp_path / 'A'
    write_ini(folder, name='other', imDir='frames', frameRate=12.5,
              seqLength=3, imWidth=6, imHeight=4, imExt='.png')
    write_images(folder / 'frames', [1, 2, 3])
    sequence = read_sequence(folder)
    assert sequence == Video(
        name='A',
        img_paths=tuple(
            str(folder / 'frames' / f'00000{t}.png') for t in (1, 2, 3)),
        height=4, width=6, frame_rate=12.5, gt_path=None)
    assert sequence.num_frames == 3
    assert sequence.size == (4, 6)


def test_reads_without_seqinfo(tmp_path):
    """A folder of images is enough: counted, size from the first."""
    folder = tmp_path / 'A'
    write_images(folder / 'img1', [1, 2])
    (folder / 'img1' / 'Thumbs.db').write_bytes(b'')
    (folder / 'img1' / '._000001.png').write_bytes(b'')
    (folder / 'gt').mkdir()
    (folder / 'gt' / 'gt.txt').write_text('')
    sequence = read_sequence(str(folder))
    assert sequence.num_frames == 2
    assert sequence.size == (4, 6)
    assert sequence.frame_rate == 30
    assert sequence.gt_path == str(folder / 'gt' / 'gt.txt')


def test_frames_sort_by_number(tmp_path):
    """Frame 10 comes after frame 2, zero-padded or not."""
    folder = tmp_path / 'A'
    write_images(folder / 'img1', [1])
    image = np.zeros((4, 6, 3), np.uint8)
    for number in range(2, 12):
        image[:] = number
        cv2.imwrite(str(folder / 'img1' / f'{number}.png'), image)
    sequence = read_sequence(folder)
    values = [read_frame(sequence, t)[0, 0, 0] for t in range(1, 12)]
    assert values == list(range(1, 12))


def test_current_folder(tmp_path, monkeypatch):
    """'.' takes the name of the folder it stands for."""
    write_images(tmp_path / 'A' / 'img1', [1])
    monkeypatch.chdir(tmp_path / 'A')
    sequence = read_sequence('.')
    assert sequence.name == 'A'
    assert Path(sequence.img_paths[0]).parts[-3] == 'A'


@pytest.mark.parametrize(('numbers', 'said'), [
    ([1, 2, 3], '1-based, 3 frames 000001.png to 000003.png'),
    ([0, 1, 2], '0-based, 3 frames 000000.png to 000002.png'),
    ([101, 102, 103], '101-based, 3 frames'),
    ([5, 10, 15], 'numbered 5 to 15, 3 frames'),
    ([1, 2, 4], 'after image 2 comes 4; the images are taken for adjacent'),
])
def test_numbers(tmp_path, told, numbers, said):
    """Any run of numbers is a video; the log says what was taken."""
    write_images(tmp_path / 'A' / 'img1', numbers)
    sequence = read_sequence(tmp_path / 'A')
    assert [read_frame(sequence, t)[0, 0, 0] for t in (1, 2, 3)] == numbers
    assert frame_numbers(sequence).tolist() == numbers
    assert said in '\n'.join(told)
    one_based = read_sequence(tmp_path / 'A', first_frame=1)
    assert frame_numbers(one_based).tolist() == [1, 2, 3]


def test_first_frame(tmp_path):
    """Asked for by number, it must be one."""
    write_images(tmp_path / 'A' / 'img1', [1])
    for bad in (-1, 1.5, True, '0'):
        with pytest.raises(ValueError, match='first_frame is'):
            read_sequence(tmp_path / 'A', first_frame=bad)


def test_pixels_of_more_bits(tmp_path, told):
    """16 bits are told of, of which OpenCV takes 8; floats are refused."""
    write_images(tmp_path / 'A', [1, 2])
    read_sequence(tmp_path / 'A')
    assert not any('bits' in line for line in told)
    deep = np.full((4, 6), 4095, np.uint16)  # Of a sensor of 12 bits: 15.
    cv2.imwrite(str(tmp_path / 'A' / '000001.png'), deep)
    read_sequence(tmp_path / 'A')
    assert any('000001.png has 16 bits a pixel' in line for line in told)
    (tmp_path / 'B').mkdir()
    cv2.imwrite(str(tmp_path / 'B' / '1.tif'), np.ones((4, 6), np.float32))
    with pytest.raises(ValueError, match=r'1\.tif: pixels of float32'):
        read_sequence(tmp_path / 'B')


def test_names_that_are_no_frames(tmp_path, told):
    """Two images of a number are refused, a stray one is named."""
    folder = tmp_path / 'A' / 'img1'
    write_images(folder, [1, 2])
    write_images(folder, [2], suffix='.jpg')
    with pytest.raises(ValueError, match='frame 2 is there twice'):
        read_sequence(tmp_path / 'A')
    write_ini(tmp_path / 'A', imExt='png')
    assert read_sequence(tmp_path / 'A').num_frames == 2
    (tmp_path / 'A' / 'seqinfo.ini').unlink()
    (folder / '000002.jpg').rename(folder / 'cover.jpg')
    assert read_sequence(tmp_path / 'A').num_frames == 2
    assert 'left out: cover.jpg' in '\n'.join(told)


@pytest.mark.parametrize('suffix', ['.tif', '.webp', '.bmp', '.JPG'])
def test_kinds_of_images(tmp_path, suffix):
    """Whatever OpenCV reads is an image."""
    write_images(tmp_path / 'A' / 'img1', [1, 2], suffix=suffix)
    assert read_frame(read_sequence(tmp_path / 'A'), 2).shape == (4, 6, 3)


@pytest.mark.parametrize(('keys', 'message'), [
    ({'seqLength': 3}, r'seqLength is 3, but .*img1 holds 2 images'),
    ({'imWidth': 7}, r'imWidth is 7, but .*000001\.png is 6x4'),
    ({'imHeight': 6}, r'imHeight is 6, but .*000001\.png is 6x4'),
    ({'frameRate': 'fast'}, r"frameRate must be a positive.*'fast'"),
    ({'seqLength': -2}, r"seqLength must be a positive number, got '-2'"),
    ({'frameRate': 'nan'}, r"frameRate must be a positive.*'nan'"),
])
def test_seqinfo_disagrees(tmp_path, keys, message):
    """What the ini says must be what is on disk; both are named."""
    write_images(tmp_path / 'A' / 'img1', [1, 2])
    write_ini(tmp_path / 'A', **keys)
    with pytest.raises(ValueError, match=message) as caught:
        read_sequence(tmp_path / 'A')
    assert 'seqinfo.ini' in str(caught.value)


@pytest.mark.parametrize(('text', 'message'), [
    ('[Video]\nseqLength=2\n', r'no \[Sequence\] section'),
    ('[Sequence]\nseqLength=2\nseqLength=3\n', 'not an ini file'),
])
def test_broken_seqinfo(tmp_path, text, message):
    """A broken ini is one clear error that names the file."""
    write_images(tmp_path / 'A' / 'img1', [1, 2])
    (tmp_path / 'A' / 'seqinfo.ini').write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_sequence(tmp_path / 'A')
    assert str(tmp_path / 'A' / 'seqinfo.ini') in str(caught.value)


def test_missing(tmp_path):
    """Missing folders and images are told apart."""
    with pytest.raises(FileNotFoundError, match='no such sequence'):
        read_sequence(tmp_path / 'A')
    (tmp_path / 'A').mkdir()
    with pytest.raises(FileNotFoundError, match='img1: no such folder'):
        read_sequence(tmp_path / 'A')
    (tmp_path / 'A' / 'img1').mkdir()
    with pytest.raises(FileNotFoundError, match='img1: no images'):
        read_sequence(tmp_path / 'A')
    write_images(tmp_path / 'A' / 'img1', [1])
    write_ini(tmp_path / 'A', imExt='.jpg')
    with pytest.raises(FileNotFoundError, match=r'no images \(\.jpg\)'):
        read_sequence(tmp_path / 'A')


@pytest.mark.parametrize(
    'name', ['seqinfo.ini', 'gt/gt.txt', 'img1/000002.png'])
def test_pipes_are_refused(tmp_path, name):
    """Whichever file is one: the run would wait for ever later."""
    write_images(tmp_path / 'A' / 'img1', [1])
    path = tmp_path / 'A' / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(ValueError, match=f'{path}: a folder, pipe or'):
        read_sequence(tmp_path / 'A')


def test_a_link_to_nothing(tmp_path):
    """Told at once, not when the run comes to that frame."""
    write_images(tmp_path / 'A' / 'img1', [1])
    (tmp_path / 'A' / 'img1' / '000002.png').symlink_to('gone.png')
    with pytest.raises(FileNotFoundError, match=r'000002\.png: no such'):
        read_sequence(tmp_path / 'A')


def test_a_name_that_is_no_text(tmp_path):
    """Of an old archive: logs and JSON could not hold it, hours later."""
    folder = tmp_path / 'caf\udce9'
    try:
        write_images(folder / 'img1', [])
    except OSError:
        pytest.skip('no such names here')
    with pytest.raises(ValueError, match=r"'caf.udce9': the name .* rename"):
        read_sequence(folder)


def test_find_sequences(tmp_path):
    """None means all, sorted; names keep the order they are given in."""
    for name in ('B', 'A'):
        write_images(tmp_path / name / 'img1', [1])
    (tmp_path / 'notes').mkdir()
    (tmp_path / 'README.md').write_text('')
    assert [s.name for s in find_sequences(tmp_path)] == ['A', 'B']
    named = find_sequences(str(tmp_path), ['B', 'A'])
    assert [s.name for s in named] == ['B', 'A']


def test_find_sequences_refuses(tmp_path):
    """A wrong name is answered with the names there are."""
    with pytest.raises(FileNotFoundError, match='no sequences here'):
        find_sequences(tmp_path)
    for name in ('A', 'B'):
        write_images(tmp_path / name / 'img1', [1])
    with pytest.raises(FileNotFoundError, match="'C'; present are A, B"):
        find_sequences(tmp_path, ['A', 'C'])
    with pytest.raises(ValueError, match='named twice'):
        find_sequences(tmp_path, ['A', 'A'])
    with pytest.raises(ValueError, match='is empty'):
        find_sequences(tmp_path, [])
    with pytest.raises(FileNotFoundError, match='no such folder'):
        find_sequences(tmp_path / 'nowhere')


def test_read_frame_refuses(tmp_path):
    """A frame that is not there, not an image or of another size."""
    folder = tmp_path / 'A'
    write_images(folder / 'img1', [1, 2, 3, 4])
    sequence = read_sequence(folder)
    for frame in (0, 5):
        with pytest.raises(IndexError, match=f'no frame {frame}, .* 1 to 4'):
            read_frame(sequence, frame)
    write_images(folder / 'img1', [2], size=(5, 6))
    with pytest.raises(ValueError, match=r'000002\.png.*6x5.*6x4'):
        read_frame(sequence, 2)
    (folder / 'img1' / '000003.png').write_bytes(b'not an image')
    with pytest.raises(ValueError, match=r'000003\.png: cannot be read'):
        read_frame(sequence, 3)
    (folder / 'img1' / '000004.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'000004\.png'):
        read_frame(sequence, 4)


def test_real_sequences(pedestrians):
    """The real sequences read as their description says."""
    sequences = find_sequences(pedestrians)
    assert [(s.name, s.num_frames, s.size, s.frame_rate)
            for s in sequences] == [
        ('ADL-Rundle-6a', 120, (1080, 1920), 30),
        ('TUD-Campus', 71, (480, 640), 25),
        ('TUD-Stadtmitte', 179, (480, 640), 25)]
    assert all(s.gt_path for s in sequences)
    assert read_frame(sequences[1], 71).shape == (480, 640, 3)
