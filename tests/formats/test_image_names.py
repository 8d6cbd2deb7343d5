"""Which images are a video, in which order, and what they are called."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmremots.formats.image_names import image_run


def run(*names):
    return image_run(Path('f', name) for name in names)


@pytest.mark.parametrize(('names', 'numbers'), [
    (['000001.jpg', '000002.jpg'], [1, 2]),  # MOTSChallenge
    (['000000.png', '000001.png'], [0, 1]),  # KITTI
    (['9.png', '10.png', '8.png'], [8, 9, 10]),  # no zeros in front
    (['000101.jpg', '000106.jpg', '000111.jpg'], [101, 106, 111]),
    (['frame_000123.jpg', 'frame_000124.jpg'], [123, 124]),
    (['cam2_0005_left.tif', 'cam2_0006_left.tif'], [5, 6]),
    (['MOT20-01 (7).webp', 'MOT20-01 (8).webp'], [7, 8]),
    (['\u043a\u0430\u0434\u0440-3.jpg', '\u043a\u0430\u0434\u0440-4.jpg'],
     [3, 4]),
    (['t0.10_f0003.jpg', 't0.50_f0004.jpg', 't1.10_f0005.jpg'], [3, 4, 5]),
    (['f005_0.17.jpg', 'f010_0.33.jpg', 'f015_0.51.jpg'], [5, 10, 15]),
    (['0007_jpg.rf.6e1c.jpg', '0009_jpg.rf.a2.jpg', '0010_jpg.rf.77.jpg',
      '0012_jpg.rf.b05f.jpg'], [7, 9, 10, 12]),  # a hash behind each
    (['000005.jpg'], [5]),
    (['take2_000005.jpg'], [5]),
])
def test_numbers_in_names(names, numbers):
    """The number that differs from name to name is the frame's."""
    found = run(*names)
    assert found.numbers == numbers
    assert found.numbered
    assert not found.left_out


@pytest.mark.parametrize('names', [
    ['a.jpg', 'b.jpg', 'c.jpg'],  # letters
    ['1341846313.592026.png', '1341846313.692026.png',
     '1341846314.100000.png'],  # seconds: two numbers differ
    ['1403636579763555584.png', '1403636579813555456.png'],  # nanoseconds
    ['1_10.jpg', '1_30.jpg', '2_25.jpg'],
    ['3f2a.jpg', '3f2b9.jpg', 'b2e1x.jpg'],  # nothing in common
    ['a2b.jpg', 'a10c.jpg', 'a10e7.jpg', 'b1.jpg', 'b3.jpg'],
])
def test_any_names_in_order(names):
    """Names that number nothing still have an order; frames count from 1."""
    found = run(*reversed(names))
    assert [path.name for path in found.paths] == names
    assert found.numbers == list(range(1, len(names) + 1))
    assert not found.numbered


def test_strays():
    """What is named in another way, once, is no frame, and is named."""
    found = run('000001.jpg', 'cover.jpg', '000002.jpg', 'IMG_2034.jpg')
    assert found.numbers == [1, 2]
    assert [p.name for p in found.left_out] == ['IMG_2034.jpg', 'cover.jpg']
    assert run('7.jpg', 'cover.jpg').numbers == [7]


@pytest.mark.parametrize(('names', 'message'), [
    (['000001.jpg', '000002.jpg', '000002.png'],
     r'frame 2 is there twice: 000002\.jpg and 000002\.png'),
    (['1.jpg', '01.jpg'], r'frame 1 is there twice'),
    (['1_1.jpg', '2_4.jpg', '2_4.png', '5_5.jpg'], 'frame 4 is there twice'),
    (['left_1.jpg', 'left_2.jpg', 'right_1.jpg', 'right_2.jpg'],
     r'more than one series of images, left_1\.jpg to left_2\.jpg and right'),
])
def test_refuses(names, message):
    """Which image is the frame cannot be guessed."""
    with pytest.raises(ValueError, match=message):
        run(*names)
