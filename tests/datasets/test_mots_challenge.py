"""MOTSChallengeDataset inside mmdet: pipeline, sampler, filtering."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.datasets.samplers import TrackImgSampler
from mmdet.structures import TrackDataSample
from mmengine.registry import DefaultScope

from mmremots.datasets import MOTSChallengeDataset, MOTSFrames
from mmremots.formats import read_mots
from mmremots.registry import DATASETS
from mmremots.structures.masks import decode_mask, encode_mask

SIZE = (40, 60)


@pytest.fixture(autouse=True)
def mmdet_scope():
    """Transforms by their bare names are mmdet's, as in a config."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def mask(x1, y1, x2, y2):
    canvas = np.zeros(SIZE, np.uint8)
    canvas[y1:y2, x1:x2] = 1
    return canvas


@pytest.fixture
def root(tmp_path) -> Path:
    """A: 3 frames, ids 0 and 7, a car, an ignore region. B: no truth."""
    rows = [
        (1, 0, 2, mask(0, 0, 10, 30)), (1, 7, 2, mask(20, 0, 30, 30)),
        (3, 7, 2, mask(22, 0, 32, 30)), (3, 3, 1, mask(0, 30, 20, 40)),
        (3, 10000, 10, mask(40, 0, 60, 40)),
        (2, 10000, 10, mask(40, 0, 60, 40)),
    ]
    for name, num_frames in (('A', 3), ('B', 2)):
        (tmp_path / name / 'img1').mkdir(parents=True)
        for t in range(1, num_frames + 1):
            cv2.imwrite(str(tmp_path / name / 'img1' / f'{t:06d}.png'),
                        np.full((*SIZE, 3), 10 * t, np.uint8))
    (tmp_path / 'A' / 'gt').mkdir()
    (tmp_path / 'A' / 'gt' / 'gt.txt').write_text(''.join(
        f'{frame} {number} {class_id} {SIZE[0]} {SIZE[1]} '
        f'{encode_mask(canvas)["counts"].decode()}\n'
        for frame, number, class_id, canvas in rows))
    return tmp_path


PIPELINE = [
    {'type': 'TransformBroadcaster', 'transforms': [
        {'type': 'LoadImageFromFile'},
        {'type': 'LoadTrackAnnotations', 'with_mask': True}]},
    {'type': 'PackTrackInputs'},
]


def test_frames_in_testing(root):
    """Frame by frame, in order, as mmdet's sampler asks; truth or not."""
    dataset = DATASETS.build({
        'type': 'mmremots.MOTSChallengeDataset', 'data_root': str(root),
        'pipeline': PIPELINE, 'test_mode': True})
    assert [s.name for s in dataset.sequences] == ['A', 'B']
    indices = list(TrackImgSampler(dataset))
    assert indices == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    items = [dataset[index] for index in indices]
    for (video, frame), item in zip(indices, items, strict=True):
        sample = item['data_samples']
        assert isinstance(sample, TrackDataSample)
        assert sample[0].frame_id == frame
        assert sample[0].video_id == video
        assert sample[0].ori_video_length == (3, 2)[video]
        assert sample[0].img_path == str(
            root / 'AB'[video] / 'img1' / f'{frame + 1:06d}.png')
        assert item['inputs'].shape == (1, 3, *SIZE)
        assert item['inputs'][0, 0, 0, 0] == 10 * (frame + 1)
    assert [len(i['data_samples'][0].gt_instances) for i in items] == [
        2, 0, 1, 0, 0]
    assert [len(i['data_samples'][0].ignored_instances) for i in items] == [
        0, 1, 1, 0, 0]


def test_masks_ids_labels(root):
    """Masks survive the pipeline, and the id 0 is not lost."""
    dataset = MOTSChallengeDataset(
        root, ['A'], pipeline=PIPELINE, test_mode=True)
    instances = dataset[0, 0]['data_samples'][0].gt_instances
    assert instances.instances_ids.tolist() == [0, 7]
    assert instances.labels.tolist() == [0, 0]
    assert instances.bboxes.tolist() == [[0, 0, 10, 30], [20, 0, 30, 30]]
    np.testing.assert_array_equal(
        instances.masks.masks, [mask(0, 0, 10, 30), mask(20, 0, 30, 30)])
    ignored = dataset[0, 2]['data_samples'][0].ignored_instances
    assert ignored.instances_ids.tolist() == [10000]
    np.testing.assert_array_equal(
        ignored.masks.masks, [mask(40, 0, 60, 40)])


def test_whole_video(root):
    """An index without a frame is the whole video."""
    dataset = MOTSChallengeDataset(
        root, pipeline=PIPELINE, test_mode=True)
    assert len(dataset) == 2
    assert dataset.num_all_imgs == 5
    assert dataset[0]['inputs'].shape == (3, 3, *SIZE)
    assert len(dataset[0]['data_samples']) == 3


def test_training(root):
    """Only frames with somebody in them; pairs of frames by mmdet."""
    pipeline = [{'type': 'UniformRefFrameSample', 'num_ref_imgs': 1,
                 'frame_range': 2, 'filter_key_img': True}, *PIPELINE]
    dataset = MOTSChallengeDataset(root, pipeline=pipeline)
    assert len(dataset) == 1, 'a video without truth cannot train'
    assert sorted(TrackImgSampler(dataset)) == [(0, 0), (0, 1)]
    item = dataset[0, 1]
    assert item['inputs'].shape == (2, 3, *SIZE)
    samples = item['data_samples']
    assert sorted(s.frame_id for s in samples.video_data_samples) == [0, 2]
    key = samples.get_key_frames()[0]
    assert key.frame_id == 2
    assert key.gt_instances.instances_ids.dtype == torch.int32


def test_cars_and_pedestrians(root):
    """The map of classes is an argument, as KITTI MOTS needs it."""
    dataset = MOTSChallengeDataset(
        root, ['A'], class_ids={1: 0, 2: 1},
        metainfo={'classes': ('car', 'pedestrian')}, pipeline=PIPELINE,
        test_mode=True)
    instances = dataset[0, 2]['data_samples'][0].gt_instances
    assert instances.instances_ids.tolist() == [7, 3]
    assert instances.labels.tolist() == [1, 0]
    assert dataset.get_cat_ids((0, 0)) == [1, 1]


def test_refuses(root):
    """Wrong names or classes at once, broken truth when it is read.

    In training that is at once; testing reads that of the video at hand.
    """
    with pytest.raises(ValueError, match=r'no annotated frame .* in B'):
        MOTSChallengeDataset(root, ['B'])
    with pytest.raises(FileNotFoundError, match="'C'; present are A, B"):
        MOTSChallengeDataset(root, ['C'], test_mode=True)
    with pytest.raises(ValueError, match=r'class_ids \{1: 0, 2: 1\} must'):
        MOTSChallengeDataset(root, class_ids={1: 0, 2: 1})
    gt_path = root / 'A' / 'gt' / 'gt.txt'
    lines = gt_path.read_text().splitlines()
    gt_path.write_text('\n'.join([lines[0], lines[1][:-1]]) + '\n')
    with pytest.raises(ValueError, match=r'gt\.txt:2: '):
        MOTSChallengeDataset(root, ['A'])
    tested = MOTSChallengeDataset(root, ['A'], test_mode=True)
    with pytest.raises(ValueError, match=r'gt\.txt:2: '):
        tested.get_data_info(0)
    gt_path.write_text(lines[0].replace('1 0 2', '4 0 2') + '\n')
    with pytest.raises(ValueError, match=r'gt\.txt:1: .*frame 4'):
        tested.get_data_info(0)


@pytest.mark.parametrize(
    'kind', ['MOTSChallengeDataset', 'KittiMOTSDataset', 'SampleDataset'])
def test_lazy(tmp_path, kind):
    """Classes are known where the data is not."""
    dataset = DATASETS.build({
        'type': f'mmremots.{kind}', 'data_root': str(tmp_path / 'nowhere'),
        'lazy_init': True})
    assert dataset.metainfo['classes'][-1] == 'pedestrian'
    assert not (tmp_path / 'nowhere').exists()
    frames = MOTSFrames(videos={
        'type': kind, 'data_root': str(tmp_path / 'nowhere')}, lazy_init=True)
    assert frames.metainfo['classes'] == dataset.metainfo['classes']


def test_kitti(tmp_path):
    """As downloaded: cars first, as KITTI numbers them."""
    images = tmp_path / 'image_02' / '0002'
    images.mkdir(parents=True)
    (tmp_path / 'instances' / '0002').mkdir(parents=True)
    for number in (0, 1):
        cv2.imwrite(str(images / f'{number:06d}.png'),
                    np.zeros((*SIZE, 3), np.uint8))
    truth = (mask(0, 0, 10, 30).astype(np.uint16) * 2001
             + mask(20, 0, 30, 30).astype(np.uint16) * 1004
             + mask(40, 0, 50, 9).astype(np.uint16) * 10000)
    cv2.imwrite(str(tmp_path / 'instances' / '0002' / '000001.png'),
                truth.astype(np.uint16))
    dataset = DATASETS.build({
        'type': 'mmremots.KittiMOTSDataset', 'data_root': str(tmp_path),
        'pipeline': PIPELINE, 'test_mode': True})
    assert len(dataset[0, 0]['data_samples'][0].gt_instances) == 0
    sample = dataset[0, 1]['data_samples'][0]
    assert sample.gt_instances.labels.tolist() == [0, 1]
    assert sample.gt_instances.instances_ids.tolist() == [1004, 2001]
    assert len(sample.ignored_instances) == 1
    frames = MOTSFrames(videos={
        'type': 'KittiMOTSDataset', 'data_root': str(tmp_path)}, pipeline=[])
    assert [instance['bbox_label'] for instance in frames.get_data_info(1)[
        'instances'] if not instance['ignore_flag']] == [0, 1]


def test_real_sequence(pedestrians):
    """A real frame: the masks are those of the file, pixel by pixel."""
    dataset = MOTSChallengeDataset(
        pedestrians, ['TUD-Campus'], pipeline=PIPELINE, test_mode=True)
    instances = dataset[0, 9]['data_samples'][0].gt_instances
    table, ids = read_mots(dataset.sequences[0].gt_path)
    rows = table.of_frame(10)
    assert instances.instances_ids.tolist() == ids[rows].tolist()
    np.testing.assert_array_equal(
        instances.masks.masks,
        [decode_mask(rle) for rle in table.rles[rows]])
