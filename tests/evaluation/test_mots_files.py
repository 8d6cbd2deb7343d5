"""The rules of the benchmark for a whole file."""
from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mmremots.evaluation import check_ground_truth, read_checked_mots
from mmremots.evaluation.mots_files import (
    check_truth_file,
    read_checked_truth,
)
from mmremots.structures.masks import encode_mask
from mmremots.structures.video import Video


def line(frame, number, class_id, x1, x2):
    mask = np.zeros((4, 20), np.uint8)
    mask[:, x1:x2] = 1
    return (f'{frame} {number} {class_id} 4 20 '
            f'{encode_mask(mask)["counts"].decode()}\n')


def video(path, num_frames, numbers=()):
    return Video(
        'a', tuple(map(str, numbers)) or ('',) * num_frames, 4, 20, 30.0,
        str(path), numbers)


def test_sound_file(tmp_path):
    """Ignore regions may overlap one another; neighbours may touch."""
    path = tmp_path / 'a.txt'
    path.write_text(
        line(2, 1, 2, 0, 5) + line(1, 1, 2, 0, 5) + line(1, 2, 1, 5, 9)
        + line(1, 3, 10, 9, 14) + line(1, 4, 10, 12, 20))
    table, ids = read_checked_mots(path, (4, 20), 2)
    assert table.frames.tolist() == [1, 1, 1, 1, 2]
    assert ids.tolist() == [1, 2, 3, 4, 1]


def test_lines_are_those_of_the_file(tmp_path):
    """The table is sorted by frame; errors still name the file's lines."""
    path = tmp_path / 'a.txt'
    path.write_text(
        line(3, 1, 2, 0, 5) + line(2, 1, 2, 0, 5) + line(1, 7, 2, 0, 5)
        + line(3, 2, 2, 6, 9) + line(1, 9, 2, 4, 8))
    with pytest.raises(ValueError, match=(
            r'a\.txt:5: the mask of id 9 overlaps that of id 7 \(line 3\) '
            'in frame 1')):
        read_checked_mots(path)
    path.write_text(
        line(3, 1, 2, 0, 5) + line(2, 1, 4, 0, 5) + line(1, 1, 2, 0, 5))
    with pytest.raises(ValueError, match=r'a\.txt:2: class 4'):
        read_checked_mots(path)


def test_object_over_ignore_region(tmp_path):
    """TrackEval refuses that too."""
    path = tmp_path / 'a.txt'
    path.write_text(line(1, 3, 10, 9, 14) + line(1, 1, 2, 0, 10))
    with pytest.raises(ValueError, match=r'a\.txt:2: .*overlaps'):
        read_checked_mots(path)


def test_a_mask_without_a_pixel(tmp_path):
    """Can be missed by a tracker, so it is allowed."""
    path = tmp_path / 'a.txt'
    path.write_text(line(2, 3, 10, 0, 0) + line(1, 1, 2, 0, 10)
                    + line(1, 5, 2, 0, 0))
    check_ground_truth(video(path, 2))


def test_a_changed_file_is_checked_again(tmp_path):
    """What was sound a moment ago may not be so now."""
    path = tmp_path / 'a.txt'
    path.write_text(line(1, 1, 2, 0, 10))
    check_ground_truth(video(path, 1))
    path.write_text(line(1, 1, 2, 0, 10) + line(1, 2, 2, 5, 15))
    with pytest.raises(ValueError, match=r'a\.txt:2: .*overlaps'):
        check_ground_truth(video(path, 1))
    with pytest.raises(ValueError, match=r'a\.txt:1: mask size'):
        check_ground_truth(replace(video(path, 1), width=21))
    check_ground_truth(replace(video(path, 1), gt_path=None))


def test_pngs(tmp_path):
    """Frames' numbers are those of the images; errors name the PNG."""
    image = np.zeros((4, 20), np.uint16)
    image[:, :5] = 2001
    for number in (5, 10):
        cv2.imwrite(str(tmp_path / f'{number:06d}.png'), image)
    truth = video(tmp_path, 3, (5, 10, 15))
    check_ground_truth(truth)
    table, ids = read_checked_truth(truth)
    assert table.frames.tolist() == [1, 2]
    assert ids.tolist() == [2001, 2001]
    image[:, 10:] = 3001
    cv2.imwrite(str(tmp_path / '000010.png'), image)
    for check in (lambda: check_ground_truth(truth),
                  lambda: check_truth_file(str(tmp_path), (4, 20))):
        with pytest.raises(ValueError, match=r'000010\.png: class 3 is none'):
            check()


@pytest.mark.parametrize(('numbers', 'frame', 'message'), [
    ((0, 1, 2), 3, 'frame 3, but the last is 2; .*first_frame=1.*; a has '
                   'images 0 to 2, and numbers in files are'),
    ((5, 10, 15), 6, 'a.txt: frame 6, but no image has this number: after 5 '
                     'comes 10'),
    ((101, 102, 103), 1, 'frame 1, but the first is 101; .*images 101 to '
                         '103, .*first_frame=1'),
])
def test_frames_that_no_image_is_of(tmp_path, numbers, frame, message):
    """The numbers in the names count; what else to say is said."""
    path = tmp_path / 'a.txt'
    path.write_text(line(frame, 1, 2, 0, 10))
    with pytest.raises(ValueError, match=message):
        check_ground_truth(video(path, 3, numbers))


def test_blank_lines_and_tabs(tmp_path):
    """Lines are counted as an editor counts them."""
    path = tmp_path / 'a.txt'
    path.write_text('\n' + line(2, 1, 2, 0, 10) + '\n\n' + line(
        1, 3, 4, 0, 5).replace(' ', '\t'))
    with pytest.raises(ValueError, match=r'a\.txt:5: class 4'):
        read_checked_mots(path)


def test_real_annotation(shared_data):
    """The real ground truth keeps the rules."""
    paths = sorted(shared_data.glob('pedestrians/*/gt/gt.txt'))
    assert len(paths) == 3
    for path in paths:
        table, _ = read_checked_mots(path)
        assert len(table) > 300
