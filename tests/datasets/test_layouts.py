"""Data sets as they lie on people's disks."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremots.datasets import find_sequences, read_sequence
from mmremots.datasets.layouts import place_of_image
from mmremots.structures.video import frame_numbers, sequence_folder


def images(folder: Path, numbers=(1, 2), pattern='{:06d}.png', size=(4, 6)):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        assert cv2.imwrite(str(folder / pattern.format(number)),
                           np.zeros((*size, 3), np.uint8))
    return folder


def names(root, **options):
    return [video.name for video in find_sequences(root, **options)]


@pytest.mark.parametrize('inside', [
    'img1', 'img', 'images', 'frames', 'rgb', 'color', ''])
def test_images_of_a_sequence(tmp_path, inside):
    """In img1/, in a folder of another name, or straight in its own."""
    images(tmp_path / 'A' / inside)
    images(tmp_path / 'B' / inside)
    videos = find_sequences(tmp_path)
    assert [video.name for video in videos] == ['A', 'B']
    assert [sequence_folder(v).name for v in videos] == ['A', 'B']
    assert Path(videos[0].img_paths[0]) == (
        tmp_path / 'A' / inside / '000001.png')


@pytest.mark.parametrize('name', [
    'cam [1]', 'a*b?', '{sequence}', '50%', 'n\u00f6rdlich \u5317', "it's"])
def test_names_are_text(tmp_path, name):
    """Spaces, brackets and other letters are no patterns."""
    images(tmp_path / name / 'img1')
    (tmp_path / name / 'gt').mkdir()
    (tmp_path / name / 'gt' / 'gt.txt').write_text('')
    video, = find_sequences(tmp_path, [name])
    assert video.name == name
    assert video.gt_path == str(tmp_path / name / 'gt' / 'gt.txt')


@pytest.mark.parametrize('imdir', [
    'frames/rgb', 'frames\\rgb', '.', 'img1/', 'absolute'])
def test_imdir(tmp_path, imdir):
    """det/ and gt/ are sought in the sequence's folder, not beside it."""
    folder = tmp_path / 'A'
    if imdir == 'absolute':
        imdir = str(tmp_path / 'elsewhere')
    images(folder / imdir.replace('\\', '/'))
    folder.mkdir(exist_ok=True)
    (folder / 'seqinfo.ini').write_text(f'[Sequence]\nimDir={imdir}\n')
    (folder / 'gt').mkdir()
    (folder / 'gt' / 'gt.txt').write_text('')
    video, = find_sequences(tmp_path, ['A'])
    assert video.num_frames == 2
    assert sequence_folder(video) == folder
    assert video.gt_path == str(folder / 'gt' / 'gt.txt')


@pytest.mark.parametrize('below', ['', 'training'])
def test_kitti(tmp_path, told, below):
    """KITTI MOTS as it is unpacked; image_02/ itself is understood, too."""
    root = tmp_path / below
    for name in ('0002', '0015'):
        images(root / 'image_02' / name, (0, 1, 2))
        images(root / 'image_03' / name, (0, 1, 2))
    (tmp_path / 'instances_txt').mkdir()
    (tmp_path / 'instances_txt' / '0002.txt').write_text('')
    for data_root in (root, root / 'image_02'):
        videos = find_sequences(data_root)
        assert [video.name for video in videos] == ['0002', '0015']
        assert videos[0].gt_path == str(
            tmp_path / 'instances_txt' / '0002.txt')
        assert videos[1].gt_path is None
        assert videos[0].first_frame == 0
        assert frame_numbers(videos[0]).tolist() == [0, 1, 2]
        assert videos[0].frame_rate == 10
    assert told[0].startswith(
        '0002: KITTI MOTS, 0-based, 3 frames 000000.png to 000002.png, 6x4, '
        '10 fps, ground truth ')


def test_folders_of_images_beside_sequences(tmp_path, told):
    """Not taken unasked, and that is said."""
    images(tmp_path / 'A' / 'img1')
    images(tmp_path / 'B')
    images(tmp_path / 'det')
    (tmp_path / 'overview.png').write_bytes(b'')
    assert names(tmp_path) == ['A']
    assert 'left out, not named and of images alone: B' in told[0]
    assert names(tmp_path, names=['B', 'A']) == ['B', 'A']


@pytest.mark.parametrize(('made', 'asked', 'meant'), [
    ('train/A/img1', '', 'train'),
    ('x/train/A/img1', '', 'x/train'),
    ('train/A/img1', 'train/A', '.*train.*A'),
    ('train/A/img1', 'train/A/img1', '.*train.*A'),
    ('train/A', 'train/A', '.*train.*A'),
    ('training/image_02/0002', '', 'training'),
    ('training/image_02/0002', 'training/image_02/0002', '.*training.*0002'),
])
def test_another_folder_is_meant(tmp_path, made, asked, meant):
    """One folder too high or too low: the message names the right one."""
    images(tmp_path / made)
    with pytest.raises(FileNotFoundError, match=meant) as caught:
        find_sequences(tmp_path / asked)
    message = str(caught.value)
    assert 'no sequences here' in message
    if not asked:
        assert message.endswith(f'did you mean {tmp_path / meant}?')
    else:
        _, _, root, rest = (message.split('data_root=')[0], '', *message.split(
            'data_root=')[1].split(', and ', 1))
        name = rest.split("'")[1]
        assert names(root.strip("'"), names=[name]) == [name]


@pytest.mark.parametrize('asked', [
    'x/A/gt', 'k/instances_txt', 'k/instances/0002', 'x/A/det/raw'])
def test_a_folder_beside_the_images(tmp_path, asked):
    """The data root is above it."""
    images(tmp_path / 'x' / 'A' / 'img1')
    images(tmp_path / 'k' / 'image_02' / '0002')
    (tmp_path / asked).mkdir(parents=True)
    meant = tmp_path / asked.split('/')[0]
    with pytest.raises(FileNotFoundError, match='did you mean') as caught:
        find_sequences(tmp_path / asked)
    assert str(caught.value).endswith(f'did you mean {meant}?')


def test_a_folder_that_is_not_there(tmp_path):
    """What stands beside it is named."""
    images(tmp_path / 'train' / 'A')
    with pytest.raises(FileNotFoundError, match=(
            r'trian: no such folder of sequences; .* has train$')):
        find_sequences(tmp_path / 'trian')


def test_exif(tmp_path):
    """An image turned by its tag is named as the reason."""
    from PIL import Image
    folder = tmp_path / 'A' / 'img1'
    folder.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in (1, 2):
        Image.new('RGB', (64, 48)).save(
            folder / f'{number:06d}.jpg', exif=exif)
    assert read_sequence(tmp_path / 'A').size == (64, 48)
    (tmp_path / 'A' / 'seqinfo.ini').write_text('imWidth=64\nimHeight=48\n')
    with pytest.raises(ValueError, match='64x48, and its EXIF orientation'):
        read_sequence(tmp_path / 'A')


@pytest.mark.parametrize(('path', 'folder', 'root'), [
    ('r/A/img1/1.jpg', 'r/A', 'r'),
    ('r/A/frames/1.jpg', 'r/A', 'r'),
    ('r/image_02/0002/0.png', 'r/image_02/0002', 'r'),
    ('r/A/1.jpg', 'r/A', 'r'),
])
def test_sequence_of_an_image(path, folder, root):
    """All that a result of mmdet's tells is the path."""
    place = place_of_image(Path(path))
    assert (place.folder, place.root) == (Path(folder), Path(root))
