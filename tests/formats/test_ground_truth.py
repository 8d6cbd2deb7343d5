"""Ground truth in frames from 1, whatever its file calls them."""
from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from mmremots.formats import write_instance_pngs, write_mots
from mmremots.formats.ground_truth import (
    count_objects,
    describe_objects,
    read_truth,
    truth_sha256,
)
from mmremots.structures.masks import encode_mask
from mmremots.structures.observations import Observations
from mmremots.structures.video import (
    Video,
    frame_numbers,
    sequence_folder,
    to_numbers,
)

MASK = np.zeros((4, 6), np.uint8)
MASK[1:, 2:4] = 1


def video(path, numbers=(), num_frames=3):
    return Video('A', tuple(f'{n}.png' for n in numbers) or ('',) * num_frames,
                 4, 6, 10.0, str(path), numbers)


def table(frames):
    rles = [encode_mask(MASK)] * len(frames)
    return Observations(
        np.array(frames, np.int64), np.tile(
            np.array([[2, 1, 4, 4]], np.float32), (len(frames), 1)),
        np.ones(len(frames), np.float32), np.full(len(frames), 2), rles,
        (4, 6))


@pytest.mark.parametrize('form', ['text', 'pngs'])
@pytest.mark.parametrize('numbers', [
    (), (0, 1, 2), (101, 102, 103), (5, 10, 15), (1, 2, 40)])
def test_numbers(tmp_path, form, numbers):
    """The table counts images, files count as images are named."""
    path = tmp_path / 'gt'
    of = video(path, numbers)
    assert frame_numbers(of).tolist() == list(numbers or (1, 2, 3))
    written = table(to_numbers(of, [1, 3]).tolist())
    if form == 'text':
        write_mots(path, written, [2001, 2001])
    else:
        write_instance_pngs(path, written, [2001, 2001], 103)
        if 0 in numbers:
            write_instance_pngs(path, table([1]), [2001], 1, first_frame=0)
        for empty in set(range(1, 104)) - set(numbers or (1, 2, 3)):
            (path / f'{empty:06d}.png').unlink()
    found, ids = read_truth(of)
    assert found.frames.tolist() == [1, 3]
    assert ids.tolist() == [2001, 2001]
    assert found.boxes.tolist() == [[2, 1, 4, 4]] * 2


def test_without(tmp_path):
    """No ground truth is a table without rows, of the video's size."""
    of = replace(video(tmp_path), gt_path=None)
    assert len(read_truth(of)[0]) == 0
    assert read_truth(of)[0].size == (4, 6)
    assert truth_sha256(of) is None


def test_what_it_is_made_of(tmp_path):
    """Another text, another PNG or other numbers are another truth."""
    write_mots(tmp_path / 'a.txt', table([1]), [1])
    write_mots(tmp_path / 'b.txt', table([2]), [1])
    write_instance_pngs(tmp_path / 'p', table([1]), [1], 2)
    write_instance_pngs(tmp_path / 'q', table([2]), [1], 2)
    seen = {truth_sha256(video(tmp_path / name, numbers))
            for name in ('a.txt', 'b.txt', 'p', 'q')
            for numbers in ((), (0, 1, 2))}
    assert len(seen) == 8


def test_an_off_by_one_that_nothing_else_tells(tmp_path, told):
    """Images from 0, ground truth from 1: a warning, as far as one can see."""
    write_mots(tmp_path / 'a.txt', table([1, 2]), [1, 1])
    read_truth(video(tmp_path / 'a.txt', (0, 1, 2)))
    assert told == [f'{tmp_path}/a.txt: nothing in frame 0, which A has; if '
                    'it counts the images from 1, say first_frame=1']


def test_a_glance(tmp_path):
    """Objects, not masks; ignore regions are not counted."""
    path = tmp_path / 'a.txt'
    path.write_text('1 1001 1 4 6 x\n2 1001 1 4 6 x\n1 1002 1 4 6 x\n'
                    'nonsense\n1 2005 2 4 6 x\n1 10000 10 4 6 x\n')
    assert describe_objects(count_objects(str(path))) == (
        'classes car 2, pedestrian 1, ignore regions')
    path.write_text('')
    assert describe_objects(count_objects(str(path))) == 'no object'
    assert count_objects(str(tmp_path)) is None


def test_exif(tmp_path):
    """Masks that do not fit because a tag turns the image."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (6, 4)).save(tmp_path / '1.jpg', exif=exif)
    cv2.imwrite(str(tmp_path / '2.jpg'), np.zeros((6, 4, 3), np.uint8))
    write_mots(tmp_path / 'a.txt', table([1]), [1])
    for name, turned in (('1.jpg', True), ('2.jpg', False)):
        of = replace(video(tmp_path / 'a.txt'), height=6, width=4,
                     img_paths=(str(tmp_path / name),) * 3)
        with pytest.raises(ValueError, match=r'a\.txt:1: .*size') as caught:
            read_truth(of)
        assert ('EXIF' in str(caught.value)) == turned


def test_folder():
    """What belongs to a video lies in its folder, or above its images'."""
    of = Video('A', ('r/A/frames/rgb/1.jpg',), 4, 6, 10.0, None)
    assert str(sequence_folder(of)) == 'r/A/frames'
    assert str(sequence_folder(replace(of, folder='r/A'))) == 'r/A'
