"""A folder in which the commands of the docs run as they stand, in seconds.

It looks like the checkout and the folder of data beside it: the same tools,
the same names of configs, videos and files, all of them tiny.
"""
from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import cv2
import torch
from mmengine.config import Config
from tiny_runs import ROOT

from mmremots.datasets.sample import build
from mmremots.datasets.sample.build import render_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.registry import MODELS

PEDESTRIANS = tuple(
    SequenceSpec(name, 'test', seed=seed, num_frames=14, num_people=4)
    for seed, name in enumerate(
        ('TUD-Campus', 'TUD-Stadtmitte', 'ADL-Rundle-6a'), 301))
SAMPLE = (
    SequenceSpec('SAMPLE-01', 'train', seed=101, num_frames=6, num_people=4),
    SequenceSpec('SAMPLE-03', 'test', seed=102, num_frames=14, num_people=4))
#: A real person re-identification network, where it is.
WEIGHTS = ROOT.parent / 'shared' / 'weights' / 'osnet_x0_25_msmt17.onnx'
#: What makes any of our configs short; what it does not have is left out.
SHORT = {
    'model.reid.crop_size': (64, 32),
    'test_dataloader.num_workers': 0,
    'test_cfg.training.max_iters': 2,
    'test_cfg.training.labelled.max_iters': 2,
    'test_cfg.training.labelled.train_dataloader.batch_size': 1,
    'test_cfg.training.train_dataloader': dict(
        batch_size=1, num_workers=0, dataset=dict(group_size=8)),
    'test_cfg.report': False}
ENCODER_SHORT = {
    'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2,
    'val_evaluator.min_gap': 1, 'test_evaluator.min_gap': 1,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.checkpoint.filename_tmpl': 'iter_300.pth',
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False}


def make_world(root: Path) -> Path:
    """Make it, and return what looks like the checkout."""
    world, data = root / 'checkout', root / 'shared' / 'data'
    for folder in (world / 'data', world / 'dets', data / 'kitti_mots'):
        folder.mkdir(parents=True)
    (world / 'tools').symlink_to(ROOT / 'tools')
    _configs(world / 'configs')
    _sample(world / 'data' / 'sample')
    render_sample(root / 'rendered', PEDESTRIANS)
    (root / 'rendered' / 'test').rename(data / 'pedestrians')
    for video in (data / 'pedestrians').iterdir():
        (video / 'det_seg').mkdir()
        shutil.copy(video / 'det' / 'alpha.txt', video / 'det_seg')
        (video / 'det' / 'alpha.txt').rename(video / 'det' / 'ssd.txt')
        (video / 'det' / 'beta.json').rename(video / 'det' / 'hog.json')
    campus = data / 'pedestrians' / 'TUD-Campus'
    shutil.copy(campus / 'gt' / 'gt.txt', data / 'kitti_mots' / '0002.txt')
    # What the reader brings.
    (world / 'TUD-Campus').symlink_to(campus)
    shutil.copy(campus / 'gt' / 'gt.txt', world / 'bytetrack.txt')
    shutil.copy(campus / 'det' / 'ssd.txt', world / 'dets' / 'clip.txt')
    _film(sorted((campus / 'img1').iterdir()), world / 'clip.mp4')
    _encoder(world / 'osnet.pth')
    if WEIGHTS.is_file():
        (root / 'shared' / 'weights').symlink_to(WEIGHTS.parent)
        (world / WEIGHTS.name).symlink_to(WEIGHTS)
    return world


def _configs(folder: Path) -> None:
    """Ours under their names, shortened; what they are made of as it is."""
    folder.mkdir()
    for part in ('_base_', 'detectors', 'remots'):
        (folder / part).symlink_to(ROOT / 'configs' / part)
    for path in (ROOT / 'configs').glob('remots_*.py'):
        cfg = Config.fromfile(path, import_custom_modules=False)
        if '../shared' in (cfg.get('load_from') or '') and (
                not WEIGHTS.is_file()):
            cfg.load_from = None
        cfg.merge_from_dict(SHORT)
        cfg.dump(folder / path.name)
    (folder / 'reid').mkdir()
    for path in (ROOT / 'configs' / 'reid').glob('*.py'):
        cfg = Config.fromfile(path, import_custom_modules=False)
        cfg.merge_from_dict(ENCODER_SHORT)
        cfg.dump(folder / 'reid' / path.name)


def _sample(folder: Path) -> None:
    """A smaller sample, with the mark of the whole one."""
    render_sample(folder, SAMPLE)
    (folder / build._STAMP).write_text(json.dumps(
        {'fingerprint': build._fingerprint(build.SEQUENCES)}))


def _film(images: list[Path], path: Path) -> None:
    frames = [cv2.imread(os.fspath(image)) for image in images]
    film = cv2.VideoWriter(os.fspath(path), cv2.VideoWriter.fourcc(*'mp4v'),
                           14, frames[0].shape[1::-1])
    for frame in frames:
        film.write(frame)
    film.release()


def _encoder(path: Path) -> None:
    """An OSNet that knows nothing."""
    cfg = Config.fromfile(ROOT / 'configs' / 'remots_plus_video.py')
    torch.save(dict(state_dict=MODELS.build(cfg.model.reid).state_dict()),
               path)
