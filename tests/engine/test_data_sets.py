"""Runs on data sets as they lie on people's disks."""
from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from tiny_runs import ROOT, files_of, run, tiny_config

from mmremots.datasets import find_sequences
from mmremots.evaluation import KittiMOTSMetric
from mmremots.formats import (
    read_detections,
    read_mots,
    write_detections,
    write_instance_pngs,
    write_mots,
)
from mmremots.structures.masks import decode_mask, runs_to_rle

UNTRAINED = [dict(type='MaskGeneration'), dict(type='ShortTermTracking'),
             dict(type='Merging')]
TRAINED = [dict(type='MaskGeneration'), dict(type='LabelledTraining')]


def as_kitti(data: Path, root: Path, *, pngs: bool) -> None:
    """The same videos as KITTI MOTS has them: from 0, in image_02/.

    Every second person is a car.
    """
    for folder in sorted((data / 'test').iterdir()):
        images = sorted((folder / 'img1').iterdir())
        target = root / 'image_02' / folder.name
        target.mkdir(parents=True)
        for number, path in enumerate(images):
            shutil.copy(path, target / f'{number:06d}{path.suffix}')
        table, ids = read_mots(folder / 'gt' / 'gt.txt')
        cars = (ids % 2 == 0) & (table.labels == 2)
        table.labels[cars] = 1
        ids[table.labels == 10] = 10000
        ids[cars] = 1000 + ids[cars] % 1000
        if pngs:
            write_instance_pngs(root / 'instances' / folder.name, table, ids,
                                len(images), first_frame=0)
        else:
            write_mots(root / 'instances_txt' / f'{folder.name}.txt',
                       table, ids, first_frame=0)
        found = read_detections(folder / 'det' / 'alpha.txt')
        write_detections(root / 'det' / f'{folder.name}.txt', replace(
            found, frames=found.frames - 1))


def test_kitti_mots(tiny: Path, tmp_path: Path) -> None:
    """By text and by PNGs: the same scores of both classes, and a zip."""
    for pngs in (False, True):
        as_kitti(tiny, tmp_path / f'pngs-{pngs}', pngs=pngs)
    root, work_dir = tmp_path / 'pngs-True', tmp_path / 'run'
    cfg = tiny_config(tiny, work_dir, **{'test_cfg.stages': UNTRAINED})
    cfg.test_dataloader.dataset = dict(
        type='mmremots.KittiMOTSDataset', data_root=str(root),
        test_mode=True)
    cfg.test_evaluator = dict(type='mmremots.KittiMOTSMetric')
    for source in cfg.model.detector.sources:
        source.path = str(root / 'det' / '{sequence}.txt')
    metrics = run(cfg)
    assert metrics['mots/pedestrian_TP'] > 0
    assert metrics['mots/TINY-02/car_FN'] > 0
    assert metrics == KittiMOTSMetric().evaluate_tracks(
        find_sequences(tmp_path / 'pngs-False'), work_dir / 'tracks')
    with zipfile.ZipFile(work_dir / 'submission.zip') as archive:
        assert archive.namelist() == ['TINY-02.txt', 'TINY-03.txt']
        lines = archive.read('TINY-02.txt').decode().splitlines()
    tracks = (work_dir / 'tracks' / 'TINY-02.txt').read_text().splitlines()
    assert [int(line.split()[0]) + 1 for line in lines] == [
        int(line.split()[0]) for line in tracks]
    log = next(work_dir.glob('*/*.log')).read_text()
    assert 'TINY-02: KITTI MOTS, 0-based, 8 frames' in log
    assert 'classes car 1, pedestrian 1' in log
    assert 'ReMOTS, pedestrian' in log
    assert 'no report could be made' not in log


def draw_kitti(source: Path, root: Path, name: str, num_frames: int) -> None:
    """Real annotation with plain images, and detections made of it."""
    table, ids = read_mots(source / f'{name}.txt', first_frame=0)
    rows = np.flatnonzero(table.frames <= num_frames)
    table, ids = table.take(rows), ids[rows]
    write_mots(root / 'instances_txt' / f'{name}.txt', table, ids, 0)
    images = root / 'image_02' / name
    images.mkdir(parents=True)
    rng = np.random.default_rng(0)
    street = rng.integers(60, 120, (*table.size, 3), np.uint8)
    colours = {number: rng.integers(0, 256, 3) for number in set(ids)}
    for frame in range(1, num_frames + 1):
        image = street.copy()
        for row in range(len(table))[table.of_frame(frame)]:
            image[decode_mask(table.rles[row]) > 0] = colours[ids[row]]
        cv2.imwrite(str(images / f'{frame - 1:06d}.png'), image)
    seen = table.take(table.labels != 10)
    (root / 'detections').mkdir(exist_ok=True)
    write_detections(root / 'detections' / f'{name}.txt', replace(
        seen, frames=seen.frames - 1, scores=np.where(
            seen.labels == 1, 0.51, 0.21).astype(np.float32)))


def test_kitti_config_on_real_annotation(
        shared_data: Path, tiny: Path, tmp_path: Path) -> None:
    """The config as it stands, but for folders and a small encoder."""
    for name in ('0015', '0016'):
        draw_kitti(shared_data / 'kitti_mots', tmp_path / 'data', name, 4)
    cfg = Config.fromfile(ROOT / 'configs' / 'remots_kitti_mots.py')
    cfg.work_dir = str(tmp_path / 'run')
    cfg.model.reid = tiny_config(tiny, tmp_path).model.reid
    cfg.model.motion.method = 'dis'
    cfg.test_cfg.stages = UNTRAINED
    cfg.test_dataloader.num_workers = 0
    cfg.test_dataloader.dataset.data_root = str(tmp_path / 'data')
    source, = cfg.model.detector.sources
    source.path = source.path.replace(
        'data/KITTI_MOTS/testing', str(tmp_path / 'data'))
    metrics = run(cfg)
    assert metrics['mots/car_sMOTSA'] > 95
    assert metrics['mots/pedestrian_sMOTSA'] > 95
    assert metrics['mots/0016/pedestrian_FN'] < 3  # below 16 pixels
    with zipfile.ZipFile(tmp_path / 'run' / 'submission.zip') as archive:
        assert {line.split()[0] for line in archive.read(
            '0015.txt').decode().splitlines()} == {'0', '1', '2', '3'}


def test_a_score_that_fails_leaves_the_zip(
        tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hours of work have made is packed before it is scored."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    cfg = tiny_config(data, tmp_path / 'run', **{
        'test_cfg.stages': UNTRAINED})
    runner = Runner.from_cfg(cfg)
    loop = runner.build_test_loop(runner._test_loop)
    finish = loop._finish

    def change(*args):  # The ground truth breaks while the run works.
        gt = data / 'test' / 'TINY-02' / 'gt' / 'gt.txt'
        gt.write_text('nonsense\n')
        return finish(*args)

    monkeypatch.setattr(loop, '_finish', change)
    with pytest.raises(ValueError, match=r'gt\.txt:1: '):
        loop.run()
    assert (tmp_path / 'run' / 'submission.zip').is_file()


def test_labelled_objects_without_pixels(tiny: Path, tmp_path: Path) -> None:
    """Left out and counted; a crop cannot be cut of them."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    gt = data / 'train' / 'TINY-01' / 'gt' / 'gt.txt'
    frame, _, _, height, width, _ = gt.read_text().split('\n')[0].split(' ')
    empty = runs_to_rle(
        [int(height) * int(width)], (int(height), int(width)))
    gt.write_text(gt.read_text() + (
        f'{frame} 4711 2 {height} {width} {empty["counts"].decode()}\n'))
    run(tiny_config(data, tmp_path / 'run', **{
        'test_cfg.stages': TRAINED, 'test_cfg.training.max_iters': 1}))
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert f'{gt}: 1 objects without a pixel are left out' in log


@pytest.mark.parametrize('classes', ['cars', 'ignore', 'nothing'])
def test_nothing_to_learn_from(tiny: Path, tmp_path: Path,
                               classes: str) -> None:
    """Said before the masks are made."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    gt = data / 'train' / 'TINY-01' / 'gt' / 'gt.txt'
    label = {'cars': 1, 'ignore': 10, 'nothing': None}[classes]
    lines = [line.split(' ') for line in gt.read_text().splitlines()]
    gt.write_text('' if label is None else ''.join(
        ' '.join([*fields[:2], str(label), *fields[3:]]) + '\n'
        for fields in lines))
    with pytest.raises(ValueError, match=(
            r'no object of classes \(2,\) to learn from .* TINY-01')):
        run(tiny_config(data, tmp_path / 'run', **{
            'test_cfg.stages': TRAINED}))
    assert files_of(tmp_path / 'run') == {}


def test_a_target_that_is_labelled(tiny: Path, tmp_path: Path) -> None:
    """Its scores would say nothing: a warning, also of a copy."""
    cfg = tiny_config(tiny, tmp_path / 'run', **{
        'test_cfg.stages': TRAINED, 'test_cfg.training.max_iters': 1})
    root = tmp_path / 'labelled'
    shutil.copytree(tiny / 'test' / 'TINY-02', root / 'COPY')
    (root / 'LINK').symlink_to(tiny / 'test' / 'TINY-03')
    (root / 'TINY-01').symlink_to(tiny / 'train' / 'TINY-01')
    cfg.test_cfg.labelled.data_root = str(root)
    run(cfg)
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    for name in ('COPY', 'LINK'):
        assert f'{name}: a labelled video and a target, too' in log
    assert 'TINY-01: a labelled video and' not in log


def test_only_cars_in_a_pedestrian_run(tiny: Path, tmp_path: Path) -> None:
    """'-' and a line, not -6900; counts stay."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    for gt in data.glob('test/*/gt/gt.txt'):
        gt.write_text(''.join(
            ' '.join([*line.split(' ')[:2], '1', *line.split(' ')[3:]])
            for line in gt.read_text().splitlines(keepends=True)))
    metrics = run(tiny_config(data, tmp_path / 'run', **{
        'test_cfg.stages': UNTRAINED}))
    assert 'mots/sMOTSA' not in metrics
    assert metrics['mots/FP'] > 0
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert 'TINY-02: its ground truth has no pedestrian: nothing' in log
    assert 'no report could be made' not in log
    text = (tmp_path / 'run' / 'metrics.json').read_text()
    assert json.loads(text)['mots/TP'] == 0
