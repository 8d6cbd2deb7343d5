"""Single frames of videos for detectors of mmdet."""
from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from scipy import ndimage

from mmremots.datasets import MOTSFrames
from mmremots.datasets.mots_frames import connected_parts
from mmremots.datasets.sample import SequenceSpec, render_sample
from mmremots.structures.masks import decode_mask, encode_mask

ROOT = Path(__file__).resolve().parents[2]
SPECS = (
    SequenceSpec('TINY-01', 'train', seed=305, num_frames=5, num_people=5,
                 crowd=True),
    SequenceSpec('TINY-02', 'train', seed=101, num_frames=3, num_people=3),
)


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short sequences, one with an ignore region."""
    root = tmp_path_factory.mktemp('frames')
    render_sample(root, SPECS)
    return root / 'train'


def frames_of(root: Path, **options: Any) -> MOTSFrames:
    config = dict(type='MOTSChallengeDataset', data_root=str(root))
    return MOTSFrames(**{'videos': config, 'pipeline': [], **options})


def write_video(root: Path, gt: dict[int, list[tuple[int, np.ndarray]]],
                size: tuple[int, int], num_frames: int) -> Path:
    """A black video with masks: (MOTS class, mask) of each frame."""
    folder = root / 'VIDEO-01'
    for name in ('img1', 'gt'):
        (folder / name).mkdir(parents=True)
    for frame in range(1, num_frames + 1):
        cv2.imwrite(str(folder / 'img1' / f'{frame:06d}.png'),
                    np.zeros((*size, 3), np.uint8))
    lines = []
    for frame, masks in gt.items():
        for number, (label, mask) in enumerate(masks):
            counts = encode_mask(mask)['counts'].decode()
            lines.append(f'{frame} {label * 1000 + number} {label} '
                         f'{size[0]} {size[1]} {counts}')
    (folder / 'gt' / 'gt.txt').write_text('\n'.join(lines) + '\n')
    return root


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)),
              elements=st.integers(0, 1)))
def test_connected_parts(mask: np.ndarray) -> None:
    """They are what scipy finds, corners counted."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    expected = {encode_mask(labels == k)['counts']
                for k in range(1, count + 1)}
    found = connected_parts(encode_mask(mask))
    assert {rle['counts'] for rle in found} == expected
    assert len(found) == count


def test_same_as_the_json(videos: Path, tmp_path: Path) -> None:
    """A detector sees what it would through tools/.../mots2coco.py."""
    spec = importlib.util.spec_from_file_location(
        'mots2coco', ROOT / 'tools/dataset_converters/mots2coco.py')
    mots2coco = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mots2coco)
    path = tmp_path / 'train.json'
    mots2coco.main([str(videos), '-o', str(path)])
    theirs = CocoDataset(
        ann_file=str(path), data_root='', data_prefix=dict(img=f'{videos}/'),
        metainfo=dict(classes=('pedestrian', )), pipeline=[])
    ours = frames_of(videos)
    assert len(ours) == len(theirs) == 8
    assert json.loads(path.read_text())['categories'] == [
        {'id': 2, 'name': 'pedestrian'}]
    ignored = 0
    for k in range(len(ours)):
        mine, other = ours.get_data_info(k), theirs.get_data_info(k)
        for key in ('img_path', 'height', 'width'):
            assert mine[key] == other[key]
        objects = [[
            {key: x[key] for key in ('bbox', 'bbox_label', 'mask')}
            for x in info['instances'] if not x['ignore_flag']]
            for info in (mine, other)]
        assert objects[0] == objects[1]
        assert objects[0]
        regions = [[
            decode_mask(x['mask']) for x in info['instances']
            if x['ignore_flag']] for info in (mine, other)]
        ignored += len(regions[0])
        # Disjoint parts of the same region.
        assert np.array_equal(sum(regions[0]), sum(regions[1]))
    assert ignored


def test_parts_of_an_ignore_region(tmp_path: Path) -> None:
    """Boxes of what is ignored do not span what is not."""
    person, region = np.zeros((2, 40, 60), np.uint8)
    person[10:30, 25:32] = 1
    region[:5, :5] = region[35:, 50:] = 1
    root = write_video(
        tmp_path, {1: [(2, person), (10, region)]}, (40, 60), 1)
    instances = frames_of(root).get_data_info(0)['instances']
    assert [(x['ignore_flag'], x['bbox']) for x in instances] == [
        (0, [25, 10, 32, 30]), (1, [0, 0, 5, 5]), (1, [50, 35, 60, 40])]
    assert all(isinstance(x['mask']['counts'], str) for x in instances)


def test_filter(tmp_path: Path) -> None:
    """A frame of nothing but an ignore region is no frame to train on."""
    mask = np.zeros((40, 60), np.uint8)
    mask[5:20, 5:20] = 1
    root = write_video(
        tmp_path, {2: [(10, mask)], 3: [(2, mask)]}, (40, 60), 4)
    wanted = dict(filter_empty_gt=True)
    assert len(frames_of(root)) == 4
    assert len(frames_of(root, filter_cfg=wanted, test_mode=True)) == 4
    kept = frames_of(root, filter_cfg=wanted)
    assert [Path(kept.get_data_info(k)['img_path']).stem
            for k in range(len(kept))] == ['000003']
    with pytest.raises(ValueError, match=r'none of 4 frames .* 50 pixels'):
        frames_of(root, filter_cfg=dict(min_size=50))


def test_classes_are_those_of_the_videos(tmp_path: Path) -> None:
    """KITTI's cars keep their label, its names reach the detector."""
    mask = np.zeros((40, 60), np.uint8)
    mask[5:20, 5:20] = 1
    root = write_video(
        tmp_path, {1: [(1, mask), (2, mask[::-1, ::-1])]}, (40, 60), 1)
    frames = frames_of(root, videos=dict(
        type='MOTSChallengeDataset', data_root=str(root),
        class_ids={1: 0, 2: 1}, metainfo=dict(classes=('car', 'pedestrian'))))
    assert frames.metainfo['classes'] == ('car', 'pedestrian')
    assert [x['bbox_label'] for x in
            frames.get_data_info(0)['instances']] == [0, 1]


def test_pipeline_of_mmdet(videos: Path) -> None:
    """Built by mmdet, in its scope, masks and ignored instances arrive."""
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/mots20_frames.py')
    dataset = cfg.train_dataloader.dataset
    dataset.videos.update(data_root=str(videos), sequences=None)
    dataset.pipeline[2].scales = [(192, 144)]
    with DefaultScope.overwrite_default_scope('mmdet'):
        frames = DATASETS.build(dataset)
        assert isinstance(frames, MOTSFrames)
        sample = frames[0]['data_samples']
    assert len(sample.gt_instances) > 0
    assert len(sample.ignored_instances) > 0
    assert sample.gt_instances.masks.masks.shape[1:] == (144, 192)
    assert sample.gt_instances.masks.masks.any(axis=(1, 2)).all()
