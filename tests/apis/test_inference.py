"""Three lines of Python: a video in, tracks out."""
from __future__ import annotations

import json
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from tiny_runs import SPECS, tiny_config

from mmremots.apis import inference_video, init_model, refine
from mmremots.apis.inference import (
    REFINE_CONFIG,
    VIDEO_CONFIG,
    with_trainings,
)
from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sequences import read_sequence
from mmremots.formats.tracks import VideoTracks
from mmremots.structures.video import Video, read_frame

#: What a tiny video, an encoder of random weights and a CPU take.
TINY_ENCODER: dict[str, Any] = {
    'load_from': None, 'model.reid.crop_size': (64, 32),
    'test_dataloader.num_workers': 0, 'test_cfg.report': False}


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """A tiny rendered video in a folder."""
    root = tmp_path_factory.mktemp('sample')
    render_sample(root, SPECS[1:2])
    return read_sequence(root / 'test' / 'TINY-02')


@pytest.fixture(scope='module')
def config(video: Video, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A config that finds the video's masks wherever its frames come from."""
    cfg = tiny_config(Path(video.folder).parents[1],
                      tmp_path_factory.mktemp('unused'))
    cfg.model.detector.sources = [dict(
        type='DetectionsFromFile', path=f'{video.folder}/det/*')]
    cfg.test_cfg.stages = [
        dict(type='MaskGeneration'), dict(type='ShortTermTracking'),
        dict(type='Merging')]
    cfg.test_cfg.labelled.data_root = 'nowhere'  # No stage looks there.
    return cfg


def contents(tracks: VideoTracks) -> list:
    return [tracks.frames.tolist(), tracks.ids.tolist(), tracks.masks,
            tracks.scores.tolist(), tracks.frame_rate, tracks.num_frames]


def test_random_weights_are_those_of_the_seed(config: Config) -> None:
    """A second start is the same encoder; the caller's numbers stay his."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again = (
        init_model(config).reid.state_dict() for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    other = init_model(
        config, cfg_options={'randomness.seed': 1}).reid.state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.slow
def test_a_folder_and_an_iterator(
        config: Config, video: Video, tmp_path: Path) -> None:
    """The same tracks, of a folder or of frames; nothing is left behind."""
    model = init_model(config)
    before = {key: value.clone()
              for key, value in model.reid.state_dict().items()}
    found = inference_video(model, video.folder, work_dir=tmp_path / 'run')
    assert (found.name, found.size) == ('TINY-02', video.size)
    assert found.frame_rate == video.frame_rate
    assert len(found)
    assert found.scores.min() < 1, 'those of the detector'
    assert set(found.thresholds) == {'short_term_tracking', 'merging'}
    threshold = found.thresholds['merging']['2']
    assert set(threshold) == {'value', 'rule', 'note'}
    assert (found.draw(1) != read_frame(video, 1)).any()
    assert (tmp_path / 'run' / 'tracks' / 'TINY-02.txt').is_file()

    frames = (read_frame(video, t) for t in range(1, video.num_frames + 1))
    again = inference_video(
        model, frames, name='frames', frame_rate=video.frame_rate)
    assert contents(again) == contents(found)
    assert again.video is None, 'its frames went with the work folder'
    for key, value in model.reid.state_dict().items():
        assert (value == before[key]).all(), 'a run changes no model'


@pytest.mark.slow
def test_an_encoder_that_tells_nobody_apart(
        config: Config, video: Video,
        capfd: pytest.CaptureFixture[str]) -> None:
    """A dead layer: all features are one; said, not silently compared."""
    model = init_model(config)
    inference_video(model, video.folder)
    assert 'all alike' not in ''.join(capfd.readouterr())
    for weight in list(model.reid.backbone.parameters())[1:]:
        weight.data.zero_()
    inference_video(model, video.folder)
    assert 'features are all alike' in ''.join(capfd.readouterr())


@pytest.mark.slow
def test_refine(video: Video, tmp_path: Path,
                capfd: pytest.CaptureFixture[str]) -> None:
    """A file, an object and supervision give the same; scores survive."""
    frames = video.folder
    gt = f'{frames}/gt/gt.txt'
    options = dict(cfg_options=TINY_ENCODER)
    found = refine(gt, frames, work_dir=tmp_path / 'run', **options)
    assert found.name == 'TINY-02'
    assert found.frame_rate == video.frame_rate
    taken = json.loads((tmp_path / 'run' / 'statistics' / 'TINY-02.json'
                        ).read_text())['tracklets_from_file']
    assert taken['observations'] > 0

    assert f'{tmp_path}/run/tracks' in ''.join(capfd.readouterr())

    given = VideoTracks.read(gt, video.size, video.num_frames)
    assert contents(refine(given, frames, **options)) == contents(found)
    said = ''.join(capfd.readouterr())
    assert 'TINY-02: MOTSChallenge' in said
    assert 'written' not in said
    assert gettempdir() not in said.replace(str(frames), '')
    kept = refine(given, frames, prune=False, **options)
    assert len(kept) >= len(given) > len(found)
    pytest.importorskip('supervision')
    assert contents(refine(
        given.to_supervision(), frames, **options)) == contents(found)


@pytest.mark.slow
def test_refine_a_film(video: Video, tmp_path: Path) -> None:
    """A video file and boxes: MOT text, as most trackers leave it."""
    film = tmp_path / 'clip.mp4'
    writer = cv2.VideoWriter(
        str(film), cv2.VideoWriter.fourcc(*'mp4v'), 20.0,
        (video.width, video.height))
    if not writer.isOpened():
        pytest.skip('OpenCV here cannot encode mp4')
    for frame in range(1, video.num_frames + 1):
        writer.write(read_frame(video, frame))
    writer.release()
    given = VideoTracks.read(
        f'{video.folder}/gt/gt.txt', video.size, video.num_frames)
    boxes = np.concatenate([
        given.boxes[:, :2], given.boxes[:, 2:] - given.boxes[:, :2]], axis=1)
    (tmp_path / 'mot.txt').write_text(''.join(
        f'{frame},{number},{",".join(map(str, box))},0.9,-1,-1,-1\n'
        for frame, number, box in zip(
            given.frames, given.ids, boxes.tolist(), strict=True)))
    found = refine(tmp_path / 'mot.txt', film, cfg_options={
        **TINY_ENCODER, 'test_cfg.stages': [
            dict(type='TrackletsFromFile', path=''), dict(type='Merging')]})
    assert (found.frame_rate, found.num_frames) == (20, video.num_frames)
    assert found.size == video.size
    assert found.scores == pytest.approx(np.full(len(found), .9))


@pytest.mark.slow
def test_refine_with_trainings(video: Video, tmp_path: Path) -> None:
    """Both trainings, on a labelled set that is told."""
    render_sample(tmp_path / 'sample', SPECS[:1])
    found = refine(
        f'{video.folder}/gt/gt.txt', video.folder, train=True,
        labelled=tmp_path / 'sample' / 'train', work_dir=tmp_path / 'run',
        cfg_options={
            **TINY_ENCODER, 'test_cfg.training.max_iters': 2,
            'test_cfg.training.train_dataloader': dict(
                batch_size=1, num_workers=0, dataset=dict(group_size=8))})
    assert found.num_frames == video.num_frames
    assert (tmp_path / 'run' / 'encoder_intra.pth').is_file()
    assert (tmp_path / 'run' / 'encoder_inter.pth').is_file()


def test_trainings_stand_where_plus_has_them() -> None:
    """The stages of remots_plus.py, from those without trainings."""
    plus = Config.fromfile(
        Path(__file__).parents[2] / 'configs' / '_base_' / 'schedules'
        / 'remots_plus.py').plus_stages
    stages = [dict(stage) for stage in plus
              if not stage['type'].endswith('Training')]
    del stages[3]  # Side by side, two are one.
    assert [s['type'] for s in with_trainings(stages)] == [
        stage['type'] for stage in plus]


def test_what_cannot_be_refined(video: Video, tmp_path: Path) -> None:
    """One error that names what is wrong."""
    with pytest.raises(FileNotFoundError, match='no such'):
        refine(tmp_path / 'tracks.txt', tmp_path / 'nowhere',
               cfg_options=TINY_ENCODER)
    with pytest.raises(FileNotFoundError, match=r'tracks\.txt'):
        refine(tmp_path / 'tracks.txt', video.folder,
               cfg_options=TINY_ENCODER)
    with pytest.raises(FileNotFoundError, match='no such config'):
        init_model('nowhere.py')
    with pytest.raises(ValueError, match='no stage TrackletsFromFile, which'):
        refine(video.gt_path, video.folder, config=VIDEO_CONFIG,
               cfg_options=TINY_ENCODER)


def test_an_onnx_has_no_norms(osnet_onnx: Path) -> None:
    """The config's encoder takes weights with and without norms."""
    model = init_model(REFINE_CONFIG, osnet_onnx)
    assert model.reid.backbone.conv1.norm is None or (
        model.cfg.model.reid.backbone.norm_cfg is None)


def test_what_a_config_says_of_the_tracks(video: Video) -> None:
    """Stays, where the call says nothing: the truth begins with frame 1."""
    with pytest.raises(ValueError, match='frame 1, but the first is 5'):
        refine(video.gt_path, video.folder, cfg_options={
            **TINY_ENCODER, 'test_cfg.stages.0.first_frame': 5})


def test_tracks_of_another_video(video: Video) -> None:
    """Of more frames, or, where each frame has its own, of fewer."""
    given = VideoTracks.read(video.gt_path, video.size)
    with pytest.raises(ValueError, match='tracks of 20 frames, but TINY-02 h'):
        refine(VideoTracks(given.table, given.ids, 20), video.folder,
               cfg_options=TINY_ENCODER)
    for wrong in (None, {'a': 1}, np.zeros((3, 10))):
        with pytest.raises(TypeError, match='tracks are a path, VideoTracks'):
            refine(wrong, video.folder, cfg_options=TINY_ENCODER)
    pytest.importorskip('supervision')
    every_second = list(given.to_supervision())[::2]
    with pytest.raises(ValueError, match='detections of 4 frames, but TINY-0'):
        refine(every_second, video.folder, cfg_options=TINY_ENCODER)


def test_several_processes_are_refused(
        config: Config, video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would all write into one folder."""
    monkeypatch.setenv('WORLD_SIZE', '2')
    for call in (lambda: inference_video(init_model(config), video.folder),
                 lambda: refine('none.txt', video.folder)):
        with pytest.raises(ValueError, match='2 were started'):
            call()
