"""Converters: what they write is what pycocotools and mmdet read."""
from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets import BaseVideoDataset, CocoDataset, ReIDDataset
from mmengine.registry import DefaultScope
from pycocotools.coco import COCO

from mmremots.formats import read_mots
from mmremots.structures.masks import decode_mask, encode_mask, rle_area

TOOLS = Path(__file__).resolve().parents[2] / 'tools/dataset_converters'
SIZE = (40, 60)


def load(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mots2coco = load('mots2coco')
mots2reid = load('mots2reid')


@pytest.fixture(autouse=True)
def mmdet_scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def line(frame, number, class_id, x1, y1, x2, y2):
    canvas = np.zeros(SIZE, np.uint8)
    canvas[y1:y2, x1:x2] = 1
    return (f'{frame} {number} {class_id} {SIZE[0]} {SIZE[1]} '
            f'{encode_mask(canvas)["counts"].decode()}\n')


def write_images(folder, numbers, size=SIZE):
    folder.mkdir(parents=True)
    for number in numbers:
        cv2.imwrite(str(folder / f'{number:06d}.png'),
                    np.full((*size, 3), 10 * number, np.uint8))


@pytest.fixture
def root(tmp_path):
    """A: ids 0 and 7, a car, an ignore region. B: id 7. C: no truth."""
    data_root = tmp_path / 'data'
    for name, num_frames in (('A', 2), ('B', 3), ('C', 1)):
        write_images(data_root / name / 'img1', range(1, num_frames + 1))
    truths = {
        'A': [line(1, 0, 2, 0, 0, 10, 30), line(1, 7, 2, 20, 5, 30, 30),
              line(2, 7, 2, 22, 5, 32, 30), line(2, 3, 1, 0, 30, 20, 40),
              line(2, 10000, 10, 40, 0, 60, 40), line(2, 8, 2, 0, 0, 0, 0)],
        'B': [line(3, 7, 2, 0, 0, 10, 30), line(2, 9, 2, 0, 0, 3, 3)]}
    for name, lines in truths.items():
        (data_root / name / 'gt').mkdir()
        (data_root / name / 'gt' / 'gt.txt').write_text(''.join(lines))
    return data_root


def run_coco(data_root, out, *options):
    mots2coco.main([str(data_root), '-o', str(out), *options])
    return json.loads(out.read_text())


def test_coco_content(root, tmp_path, capsys):
    """Ids, boxes, areas, crowds; the id 0 is kept and not given to mmdet."""
    content = run_coco(root, tmp_path / 'train.json')
    assert content['categories'] == [{'id': 2, 'name': 'pedestrian'}]
    assert [image['file_name'] for image in content['images']] == [
        'A/img1/000001.png', 'A/img1/000002.png', 'B/img1/000001.png',
        'B/img1/000002.png', 'B/img1/000003.png', 'C/img1/000001.png']
    keys = ('image_id', 'bbox', 'area', 'iscrowd', 'track_id', 'instance_id')
    assert [tuple(a[key] for key in keys)
            for a in content['annotations']] == [
        (1, [0, 0, 10, 30], 300, 0, 0, 1),
        (1, [20, 5, 10, 25], 250, 0, 7, 8),
        (2, [22, 5, 10, 25], 250, 0, 7, 8),
        (2, [40, 0, 20, 40], 800, 1, 10000, 10001),
        (4, [0, 0, 3, 3], 9, 0, 9, 9),
        (5, [0, 0, 10, 30], 300, 0, 7, 7)]
    assert [a['id'] for a in content['annotations']] == [1, 2, 3, 4, 5, 6]
    assert 'videos' not in content
    assert ('3 sequences, 6 images, 5 objects, 1 ignore regions'
            in capsys.readouterr().out)


def test_coco_trains_detectors(root, tmp_path):
    """CocoDataset and pycocotools read it, masks and crowds."""
    out = tmp_path / 'train.json'
    content = run_coco(root, out)
    coco = COCO(str(out))
    for annotation in content['annotations']:
        assert coco.annToMask(annotation).sum() == annotation['area']
    dataset = CocoDataset(
        data_root=str(root), ann_file=str(out), data_prefix={'img': ''},
        metainfo={'classes': ('pedestrian',)},
        filter_cfg={'filter_empty_gt': True},
        pipeline=[{'type': 'LoadImageFromFile'},
                  {'type': 'LoadAnnotations', 'with_bbox': True,
                   'with_mask': True},
                  {'type': 'PackDetInputs'}])
    assert len(dataset) == 4
    sample = dataset[1]['data_samples']
    assert sample.gt_instances.bboxes.tensor.tolist() == [[22, 5, 32, 30]]
    assert sample.gt_instances.masks.masks.sum() == 250
    assert sample.ignored_instances.bboxes.tensor.tolist() == [[40, 0, 60, 40]]


def test_cocovid_trains_trackers(root, tmp_path):
    """The video dataset of mmdet finds frames, ids and masks."""
    out = tmp_path / 'train.json'
    content = run_coco(root, out, '--format', 'cocovid')
    assert [(v['id'], v['name'], v['height'], v['width'])
            for v in content['videos']] == [
        (1, 'A', 40, 60), (2, 'B', 40, 60), (3, 'C', 40, 60)]
    assert [(i['video_id'], i['frame_id']) for i in content['images']] == [
        (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0)]
    dataset = BaseVideoDataset(
        data_root=str(root), ann_file=str(out),
        data_prefix={'img_path': ''}, test_mode=True,
        metainfo={'classes': ('pedestrian',)},
        pipeline=[{'type': 'TransformBroadcaster', 'transforms': [
            {'type': 'LoadImageFromFile'},
            {'type': 'LoadTrackAnnotations', 'with_mask': True}]},
            {'type': 'PackTrackInputs'}])
    assert [dataset.get_len_per_video(i) for i in range(3)] == [2, 3, 1]
    frame = dataset[0, 0]['data_samples'][0]
    assert frame.gt_instances.instances_ids.tolist() == [1, 8]
    assert frame.gt_instances.masks.masks.sum() == 550
    frame = dataset[1, 2]['data_samples'][0]
    assert frame.frame_id == 2
    assert frame.gt_instances.instances_ids.tolist() == [7]


def test_coco_options_and_errors(root, tmp_path):
    """A choice of sequences, the same bytes twice, clear errors."""
    out = tmp_path / 'train.json'
    content = run_coco(root, out, '--sequences', 'B', 'A')
    assert content['images'][0]['file_name'] == 'B/img1/000001.png'
    first = out.read_bytes()
    run_coco(root, out, '--sequences', 'B', 'A')
    assert out.read_bytes() == first
    with pytest.raises(SystemExit, match=r"error: .*'X'; present are A, B, C"):
        run_coco(root, out, '--sequences', 'X')
    (root / 'B' / 'gt' / 'gt.txt').write_text(line(4, 1, 2, 0, 0, 1, 1))
    with pytest.raises(SystemExit, match=r'error: .*gt\.txt:1: .*frame 4'):
        run_coco(root, out)
    assert out.read_bytes() == first


@pytest.fixture
def kitti(tmp_path):
    data_root = tmp_path / 'kitti'
    write_images(data_root / 'image_02' / '0002', range(0, 3))
    (data_root / 'instances_txt').mkdir()
    (data_root / 'instances_txt' / '0002.txt').write_text(
        line(0, 2000, 2, 0, 0, 10, 30) + line(2, 1005, 1, 20, 0, 40, 20)
        + line(2, 10000, 10, 50, 0, 60, 40))
    return data_root


def test_kitti(kitti, tmp_path):
    """Frames from 0, cars; an ignore region is a crowd of both classes."""
    content = run_coco(kitti, tmp_path / 'k.json', '--kitti')
    assert content['categories'] == [
        {'id': 1, 'name': 'car'}, {'id': 2, 'name': 'pedestrian'}]
    files = {i['id']: i['file_name'] for i in content['images']}
    assert [(files[a['image_id']], a['category_id'], a['track_id'],
             a['iscrowd']) for a in content['annotations']] == [
        ('image_02/0002/000000.png', 2, 2000, 0),
        ('image_02/0002/000002.png', 1, 1005, 0),
        ('image_02/0002/000002.png', 1, 10000, 1),
        ('image_02/0002/000002.png', 2, 10000, 1)]
    images = kitti / 'image_02' / '0002'
    (images / '000002.png').rename(images / '000003.png')
    with pytest.raises(SystemExit, match='frame 2, but no image has this'):
        run_coco(kitti, tmp_path / 'k.json', '--kitti')


def test_real_kitti(shared_data, tmp_path):
    """Real annotation of KITTI MOTS: every mask arrives in its frame."""
    source = shared_data / 'kitti_mots' / '0002.txt'
    table, ids = read_mots(source, first_frame=0)
    root = tmp_path / 'kitti'
    images = root / 'image_02' / '0002'
    write_images(images, [0], table.size)
    for number in range(1, int(table.frames[-1])):
        (images / f'{number:06d}.png').symlink_to(images / '000000.png')
    (root / 'instances_txt').mkdir()
    (root / 'instances_txt' / '0002.txt').symlink_to(source)
    content = run_coco(root, tmp_path / 'k.json', '--kitti')
    objects = [a for a in content['annotations'] if not a['iscrowd']]
    kept = table.labels != 10
    assert [a['image_id'] for a in objects] == table.frames[kept].tolist()
    assert [a['track_id'] for a in objects] == ids[kept].tolist()
    assert [a['category_id'] for a in objects] == table.labels[kept].tolist()


def test_real_pedestrians(pedestrians, tmp_path):
    """Real truth through mmdet's CocoDataset, masks pixel by pixel."""
    out = tmp_path / 'train.json'
    run_coco(pedestrians, out, '--sequences', 'TUD-Campus')
    dataset = CocoDataset(
        data_root=str(pedestrians), ann_file=str(out),
        data_prefix={'img': ''}, metainfo={'classes': ('pedestrian',)},
        pipeline=[{'type': 'LoadImageFromFile'},
                  {'type': 'LoadAnnotations', 'with_bbox': True,
                   'with_mask': True},
                  {'type': 'PackDetInputs'}])
    assert len(dataset) == 71
    table, _ = read_mots(pedestrians / 'TUD-Campus' / 'gt' / 'gt.txt')
    assert len(table) == 319
    assert sum(len(dataset.get_data_info(i)['instances'])
               for i in range(71)) == 319
    masks = dataset[9]['data_samples'].gt_instances.masks.masks
    np.testing.assert_array_equal(
        masks, [decode_mask(r) for r in table.rles[table.of_frame(10)]])


def run_reid(data_root, out, *options):
    mots2reid.main([str(data_root), '-o', str(out), *options])
    return (out / 'train.txt').read_text()


def test_reid_content(root, tmp_path, capsys):
    """Crops of pedestrians; labels without a gap, by sequence and id."""
    out = tmp_path / 'reid'
    text = run_reid(root, out, '--sequences', 'A', 'B')
    assert text == (
        'img/A_0/000001.jpg 0\n'
        'img/A_7/000001.jpg 1\n'
        'img/A_7/000002.jpg 1\n'
        'img/B_7/000003.jpg 2\n'
        'img/B_9/000002.jpg 3\n')
    assert '5 crops of 4 people' in capsys.readouterr().out
    crop = cv2.imread(str(out / 'img/A_7/000002.jpg'))
    assert crop.shape == (25, 10, 3)
    np.testing.assert_allclose(crop, 20, atol=2)
    text = run_reid(root, tmp_path / 'large', '--sequences', 'A', 'B',
                    '--min-area', '251')
    assert text == 'img/A_0/000001.jpg 0\nimg/B_7/000003.jpg 1\n'


def test_reid_trains(root, tmp_path):
    """ReIDDataset reads it and draws its triplets."""
    out = tmp_path / 'reid'
    run_reid(root, out, '--sequences', 'A', 'B')
    dataset = ReIDDataset(
        triplet_sampler={'num_ids': 4, 'ins_per_id': 2},
        data_root=str(out), ann_file='train.txt',
        data_prefix={'img_path': ''},
        pipeline=[
            {'type': 'TransformBroadcaster', 'share_random_params': False,
             'transforms': [
                 {'type': 'LoadImageFromFile'},
                 {'type': 'Resize', 'scale': (16, 32),
                  'keep_ratio': False}]},
            {'type': 'PackReIDInputs'}])
    assert len(dataset) == 5
    for index in range(5):
        item = dataset[index]
        assert item['inputs'].shape == (8, 3, 32, 16)
        labels = item['data_samples'].gt_label.label
        assert sorted(labels.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_reid_refuses(root, tmp_path):
    """No truth, nobody large enough, a folder with something in it."""
    with pytest.raises(SystemExit, match='error: sequence C has no ground'):
        run_reid(root, tmp_path / '1')
    assert not (tmp_path / '1').exists(), 'refused before any work'
    with pytest.raises(SystemExit, match='no pedestrians'):
        run_reid(root, tmp_path / '2', '--sequences', 'A', '--min-area',
                 '9999')
    with pytest.raises(SystemExit, match='not empty'):
        run_reid(root, root, '--sequences', 'A')


def test_reid_real(pedestrians, tmp_path):
    """Every person of a real sequence, with the size of their mask's box."""
    text = run_reid(pedestrians, tmp_path / 'reid', '--sequences',
                    'TUD-Campus', '--min-area', '1000')
    table, ids = read_mots(pedestrians / 'TUD-Campus' / 'gt' / 'gt.txt')
    large = rle_area(table.rles) >= 1000
    assert len(text.splitlines()) == large.sum()
    labels = {int(row.split()[1]) for row in text.splitlines()}
    assert labels == set(range(len(np.unique(ids[large]))))
