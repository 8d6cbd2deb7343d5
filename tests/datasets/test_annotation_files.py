"""Where ground truth is found, and what is none."""
from __future__ import annotations

import gzip

import cv2
import numpy as np
import pytest

from mmremots.datasets import find_sequences
from mmremots.datasets.annotation_files import boxes_only
from mmremots.evaluation import check_ground_truth
from mmremots.formats.ground_truth import read_truth
from mmremots.structures.masks import encode_mask

MASK = np.zeros((4, 6), np.uint8)
MASK[:, 1:3] = 1
TEXT = (f'1 2001 2 4 6 {encode_mask(MASK)["counts"].decode()}\n'
        f'2 2001 2 4 6 {encode_mask(MASK)["counts"].decode()}\n')
BOXES = '1,1,10,20,30,40,1,1,0.9\n2,1,11,20,30,40,1,1,0.9\n'


@pytest.fixture
def root(tmp_path):
    """A data root with one sequence of two frames."""
    folder = tmp_path / 'data' / 'A' / 'img1'
    folder.mkdir(parents=True)
    for number in (1, 2):
        cv2.imwrite(str(folder / f'{number:06d}.png'),
                    np.zeros((4, 6, 3), np.uint8))
    return tmp_path / 'data'


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def put_pngs(folder, first=1):
    folder.mkdir(parents=True, exist_ok=True)
    for number in (first, first + 1):
        cv2.imwrite(str(folder / f'{number:06d}.png'),
                    MASK.astype(np.uint16) * 2001)


@pytest.mark.parametrize('where', [
    'A/gt/gt.txt', 'A/gt.txt', 'A/gt/A.txt', 'gt/A.txt', 'gt/A/gt.txt',
    'gt/A/gt/gt.txt', 'instances_txt/A.txt', 'label_02/A.txt',
    '../gt/A.txt', '../instances_txt/A.txt'])
def test_texts(root, told, where):
    """Wherever a tool or a download has put it."""
    put(root / where, TEXT)
    video, = find_sequences(root, ['A'])
    assert read_truth(video)[1].tolist() == [2001, 2001]
    assert f'{root / where}, classes pedestrian 1'.replace(
        'data/../', '') in told[0].replace('data/../', '')


@pytest.mark.parametrize('where', [
    'A/instances', 'A/gt', 'instances/A', 'gt/A', '../instances/A'])
def test_pngs(root, told, where):
    """16-bit PNGs are ground truth as text is."""
    put_pngs(root / where)
    video, = find_sequences(root, ['A'])
    table, ids = read_truth(video)
    assert table.frames.tolist() == [1, 2]
    assert ids.tolist() == [2001, 2001]
    assert '16-bit PNGs' in told[0]
    assert told[-1].endswith('classes pedestrian 1, 2 masks')


def test_text_and_pngs(root, told):
    """MOTS20 ships both: the text is read, and that is said."""
    put(root / 'A' / 'gt' / 'gt.txt', TEXT)
    put_pngs(root / 'A' / 'instances')
    video, = find_sequences(root, ['A'])
    assert video.gt_path == str(root / 'A' / 'gt' / 'gt.txt')
    assert told[-1].endswith(f'instances: ground truth, too; '
                             f'{video.gt_path} is read')


def test_the_nearest_is_read(root):
    """A data set in a folder of another keeps its own."""
    put(root / '..' / 'instances_txt' / 'A.txt', TEXT)
    put_pngs(root / 'instances' / 'A')
    video, = find_sequences(root, ['A'])
    assert video.gt_path == str(root / 'instances' / 'A')
    put(root / 'A' / 'gt.txt', TEXT)
    video, = find_sequences(root, ['A'])
    assert video.gt_path == str(root / 'A' / 'gt.txt')


@pytest.mark.parametrize(('content', 'kind'), [
    (BOXES, 'boxes of MOT, no masks'),
    (BOXES.replace(',', ' '), 'boxes of MOT, no masks'),
    ('1,-1,10.5,20,30,40,0.9,-1,-1,-1\n', 'boxes of MOT, no masks'),
    ('1, 1, 10, 20, 30, 40\n', 'boxes of MOT, no masks'),
    ('0 2 Car 0 0 -1.79 296.7 161.7 455.2 292.3 2.0 1.8 4.4 -4.5 1.8 13.4 '
     '-2.1\n', 'boxes of KITTI, no masks'),
    ('0 -1 DontCare -1 -1 -10 219 188 245 218 -1 -1 -1 -1 -1 -1 -1\n',
     'boxes of KITTI, no masks'),
    (TEXT, None), ('', None), ('\n\n' + TEXT, None),
])
def test_boxes(root, told, content, kind):
    """Boxes are no masks: passed over with a word, not a broken file."""
    put(root / 'A' / 'gt' / 'gt.txt', content)
    assert boxes_only(root / 'A' / 'gt' / 'gt.txt') == kind
    video, = find_sequences(root, ['A'])
    assert (video.gt_path is None) == bool(kind)
    assert any('no masks' in line for line in told) == bool(kind)


@pytest.mark.parametrize('name', ['gt.txt.gz', 'GT.TXT', 'gt.TXT'])
def test_packed_and_in_capitals(root, name):
    """As detections may be."""
    path = root / 'A' / 'gt' / name
    path.parent.mkdir()
    content = TEXT.replace(' ', '\t').encode()
    path.write_bytes(
        gzip.compress(content) if name.endswith('gz') else content)
    video, = find_sequences(root, ['A'])
    assert video.gt_path == str(path)
    assert read_truth(video)[1].tolist() == [2001, 2001]
    check_ground_truth(video)


@pytest.mark.parametrize('pixels', [
    MASK, np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6, 3), np.uint16)])
def test_other_pngs(root, told, pixels):
    """Pictures of masks beside the images are no ground truth."""
    (root / 'A' / 'instances').mkdir()
    cv2.imwrite(str(root / 'A' / 'instances' / '000001.png'), pixels)
    video, = find_sequences(root, ['A'])
    assert video.gt_path is None
    assert 'not 16-bit grey' in told[-1]


def test_boxes_beside_masks(root, told):
    """What has masks is read in their place."""
    put(root / 'A' / 'gt' / 'gt.txt', BOXES)
    put(root / 'instances_txt' / 'A.txt', TEXT)
    video, = find_sequences(root, ['A'])
    assert video.gt_path == str(root / 'instances_txt' / 'A.txt')
    assert 'gt.txt: boxes of MOT, no masks; it is not read' in told[-1]


@pytest.mark.parametrize('where', [
    'A/gt/gt.json', 'A/gt/labels.xml', 'A/annotations.xml', 'A/gt.zip',
    'instances.zip', 'annotations_train.json'])
def test_another_form(root, told, where):
    """One line says that something lies there."""
    put(root / where, '{}')
    video, = find_sequences(root, ['A'])
    assert video.gt_path is None
    name = where.split('/')[-1]
    assert f'no ground truth is read; {name} in another form' in told[-1]
