"""ReMOTS as a model of mm: whole videos, without stages."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.apis import inference_mot, init_track_model
from mmdet.structures import DetDataSample, TrackDataSample
from mmengine.config import Config
from tiny_runs import ROOT, run, tiny_config

from mmremots.registry import MODELS

pytestmark = pytest.mark.slow
TINY = str(ROOT / 'tests' / 'data' / 'tiny_segmenter.py')


def test_a_test_loop_tracks_as_the_stages_do(
        tiny: Path, tmp_path: Path) -> None:
    """Same masks, encoder and thresholds: the same scores."""
    staged = tiny_config(tiny, tmp_path / 'a', **{'test_cfg.stages': [
        dict(type=name) for name in (
            'MaskGeneration', 'ShortTermTracking', 'Merging')]})
    expected = run(staged)
    looped = tiny_config(tiny, tmp_path / 'b')
    looped.load_from = str(tmp_path / 'a' / 'encoder_start.pth')
    looped.test_cfg = dict(type='TestLoop')
    found = run(looped)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value), name


@pytest.fixture
def live(tiny: Path, tmp_path: Path) -> Config:
    """A config with a network for a detector, which needs no file."""
    cfg = tiny_config(tiny, tmp_path)
    cfg.model.detector.sources = [dict(
        type='InstanceSegmenter', config=TINY, score_thr=0.0,
        classes=dict.fromkeys(range(80), 2), scale=(64, 64))]
    return cfg


def test_frame_by_frame(live: Config, tiny: Path) -> None:
    """Mmdet's inference_mot: the last frame brings the tracks of all."""
    model = init_track_model(live, device='cpu')
    images = [cv2.imread(str(path)) for path in sorted(
        (tiny / 'test' / 'TINY-03' / 'img1').iterdir())]
    for _ in range(2):  # A second video begins anew.
        for number, image in enumerate(images):
            sample = inference_mot(model, image, number, len(images))
            if number < len(images) - 1:
                assert not len(sample[0].pred_track_instances)
        assert len(sample) == len(images)
        assert any(len(frame.pred_track_instances)
                   for frame in sample.video_data_samples)


def test_frames_as_they_are_not(live: Config) -> None:
    """In another order, or as numbers that are no image."""
    model = MODELS.build(live.model).eval()

    def frame(number: int) -> TrackDataSample:
        sample = TrackDataSample()
        sample.video_data_samples = [DetDataSample(metainfo=dict(
            frame_id=number, ori_video_length=3, ori_shape=(8, 8)))]
        return sample

    image = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    model.predict([image], [frame(0)])
    with pytest.raises(ValueError, match='frame 2 came where frame 1 was'):
        model.predict([image], [frame(2)])
    model.predict([image], [frame(0)])
    model.predict([image], [frame(1)])
    with pytest.raises(ValueError, match='float32; ReMOTS takes images as'):
        model.predict([image.float()], [frame(2)])


def test_it_has_no_loss(live: Config) -> None:
    """Trainings are stages; the message says which."""
    model = MODELS.build(live.model)
    with pytest.raises(NotImplementedError, match='IntraFrameTraining'):
        model.loss(np.zeros(1), [])


def test_frames_without_paths(tiny: Path, tmp_path: Path) -> None:
    """A file that lies beside the frames cannot be found, and it says so."""
    model = init_track_model(tiny_config(tiny, tmp_path), device='cpu')
    image = np.zeros((288, 384, 3), np.uint8)
    with pytest.raises(ValueError, match='come without their paths'):
        inference_mot(model, image, 0, 1)


def test_weights_without_a_place(tiny: Path, tmp_path: Path) -> None:
    """A detector's weights stand in the config; elsewhere they are refused."""
    cfg = tiny_config(tiny, tmp_path)
    torch.save(dict(state_dict={'backbone.conv1.weight': torch.zeros(1)}),
               tmp_path / 'detector.pth')
    with pytest.raises(ValueError, match='no place for the weights backbone'):
        init_track_model(cfg, detector=str(tmp_path / 'detector.pth'),
                         device='cpu')
