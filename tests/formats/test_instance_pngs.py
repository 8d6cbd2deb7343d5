"""16-bit PNGs of instances: there and back, and what is none."""
from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.formats import read_mots
from mmremots.formats.instance_pngs import (
    instance_values,
    read_instance_pngs,
    write_instance_pngs,
)
from mmremots.structures.masks import decode_mask, encode_mask
from mmremots.structures.observations import Observations

SIZE = (4, 5)


def table(rows):
    """Of (frame, class, mask) triples."""
    count = len(rows)
    masks = [encode_mask(np.asarray(mask)) for _, _, mask in rows]
    return Observations(
        np.array([frame for frame, _, _ in rows], np.int64),
        np.zeros((count, 4), np.float32), np.ones(count, np.float32),
        np.array([label for _, label, _ in rows], np.int64), masks, SIZE)


def image(value, x1, x2):
    canvas = np.zeros(SIZE, np.uint16)
    canvas[:, x1:x2] = value
    return canvas


def save(folder, name, pixels):
    folder.mkdir(exist_ok=True)
    assert cv2.imwrite(str(folder / name), pixels)
    return folder


def test_reads_pixels(tmp_path):
    """Class and instance in one number; 0 is nothing, 10000 is ignored."""
    save(tmp_path / 'a', '000000.png', image(2003, 0, 2)
         + image(1000, 2, 3) + image(10000, 4, 5))
    save(tmp_path / 'a', '000002.png', image(2003, 0, 5))
    found, ids = read_instance_pngs(tmp_path / 'a', SIZE, 3, first_frame=0)
    assert found.frames.tolist() == [1, 1, 1, 3]
    assert ids.tolist() == [1000, 2003, 10000, 2003]
    assert found.labels.tolist() == [1, 2, 10, 2]
    assert found.boxes[1].tolist() == [0, 0, 2, 4]
    np.testing.assert_array_equal(
        decode_mask(found.rles[0]), image(1, 2, 3))
    assert decode_mask(found.rles[3]).all(), 'no background in the image'


@given(st.lists(st.lists(st.lists(
    st.sampled_from([0, 1000, 1001, 2000, 2999, 10000, 64535]),
    min_size=5, max_size=5), min_size=4, max_size=4),
    min_size=1, max_size=3), st.integers(0, 7))
def test_there_and_back(tmp_path_factory, frames, first):
    """What was read, written and read again is the same, to the pixel."""
    folder = tmp_path_factory.mktemp('pngs')
    for number, pixels in enumerate(frames, first):
        save(folder / 'a', f'{number:06d}.png', np.array(pixels, np.uint16))
    found, ids = read_instance_pngs(folder / 'a', first_frame=first)
    write_instance_pngs(folder / 'b', found, ids, len(frames), first)
    for path in (folder / 'a').iterdir():
        np.testing.assert_array_equal(
            cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.imread(
                str(folder / 'b' / path.name), cv2.IMREAD_UNCHANGED))
    again, numbers = read_instance_pngs(folder / 'b', first_frame=first)
    assert numbers.tolist() == ids.tolist()
    assert again.rles == found.rles
    assert again.frames.tolist() == found.frames.tolist()


@pytest.mark.parametrize(('labels', 'ids', 'values'), [
    ([2, 2, 1], [2001, 2999, 1000], [2001, 2999, 1000]),  # as annotated
    ([2, 2, 1], [0, 7, 7], [2000, 2007, 1007]),  # a tracker counts from 0
    ([2, 2, 1, 2], [5000, 7, 5000, 7], [2001, 2000, 1000, 2000]),
    ([2, 10, 10], [1, 10000, 3], [2001, 10000, 10000]),
    ([2, 1], [2001, 2002], [2000, 1000]),  # not of that form: one is not
    ([], [], []),
])
def test_numbers_of_objects(labels, ids, values):
    """An object has one number in all frames, of its class."""
    assert instance_values(labels, ids).tolist() == values


@pytest.mark.parametrize(('labels', 'ids', 'message'), [
    ([0], [1], 'class 0 has no numbers in 16 bits'),
    ([65], [1], 'class 65 has no'),
    ([2], [-1], 'not one id'),
    ([2, 2], [1], 'not one id'),
    ([2] * 1001, [10**6, *range(1000)], 'class 2 has 1001 objects'),
])
def test_no_numbers(labels, ids, message):
    """What does not fit 16 bits is not written as something else."""
    with pytest.raises(ValueError, match=message):
        instance_values(labels, ids)


def test_every_frame_has_an_image(tmp_path):
    """Frames without objects are black, not missing."""
    write_instance_pngs(tmp_path, Observations.empty(SIZE), [], 2, 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        '000000.png', '000001.png']
    assert not len(read_instance_pngs(tmp_path, first_frame=0)[0])


def test_refuses_to_write(tmp_path):
    """A pixel is of one object."""
    rows = [(1, 2, image(1, 0, 3)), (1, 2, image(1, 2, 5))]
    with pytest.raises(ValueError, match=r'frame 1: .*overlap'):
        write_instance_pngs(tmp_path, table(rows), [1, 2], 1)
    rows[0] = (1, 10, image(1, 0, 3))
    with pytest.raises(ValueError, match=r'frame 1: an object and an ign'):
        write_instance_pngs(tmp_path, table(rows), [1, 2], 1)
    with pytest.raises(ValueError, match='frame 1 of 0'):
        write_instance_pngs(tmp_path, table(rows), [1, 2], 0)
    with pytest.raises(ValueError, match='size of the images is not known'):
        write_instance_pngs(tmp_path, Observations.empty(), [], 1)
    rows[1] = (1, 10, image(1, 2, 5))
    write_instance_pngs(tmp_path, table(rows), [1, 2], 1)
    assert read_instance_pngs(tmp_path)[1].tolist() == [10000]


@pytest.mark.parametrize(('name', 'pixels', 'message'), [
    ('000001.png', np.zeros(SIZE, np.uint8), '8 bits, grey'),
    ('000001.png', np.zeros((*SIZE, 3), np.uint16), '16 bits, coloured'),
    ('000001.png', np.zeros((4, 6), np.uint16), r'\(4, 6\) is not that'),
    ('000001.png', image(7, 0, 1), 'pixels of 7, which is no class'),
    ('000000.png', image(2000, 0, 1), 'frame 0, but the first is 1'),
    ('000004.png', image(2000, 0, 1), 'frame 4, but the last is 3'),
    ('mask.png', image(2000, 0, 1), 'named by their frame number'),
])
def test_refuses_to_read(tmp_path, name, pixels, message):
    """The message names the file."""
    save(tmp_path / 'a', name, pixels)
    with pytest.raises(ValueError, match=message) as caught:
        read_instance_pngs(tmp_path / 'a', SIZE, 3)
    assert str(tmp_path / 'a' / name) in str(caught.value)


def test_no_image(tmp_path):
    """Missing, empty, and not an image are told apart."""
    with pytest.raises(FileNotFoundError, match='no such folder'):
        read_instance_pngs(tmp_path / 'a')
    (tmp_path / 'a').mkdir()
    with pytest.raises(FileNotFoundError, match='no PNGs'):
        read_instance_pngs(tmp_path / 'a')
    (tmp_path / 'a' / '000001.png').write_bytes(b'text')
    with pytest.raises(ValueError, match=r'000001\.png: cannot be read'):
        read_instance_pngs(tmp_path / 'a')


def test_real_annotation(shared_data, tmp_path):
    """Ten frames of KITTI MOTS: the PNGs hold what the text does."""
    path = shared_data / 'kitti_mots' / '0002.txt'
    found, ids = read_mots(path, first_frame=0)
    rows = np.flatnonzero(found.frames <= 10)
    found, ids = found.take(rows), ids[rows]
    write_instance_pngs(tmp_path, found, ids, 10, first_frame=0)
    again, numbers = read_instance_pngs(tmp_path, found.size, 10, 0)
    order = np.lexsort((ids, found.frames))
    assert numbers.tolist() == ids[order].tolist()
    assert again.labels.tolist() == found.labels[order].tolist()
    assert again.rles == [found.rles[row] for row in order]
