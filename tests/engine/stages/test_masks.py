"""Masks: each live detector's work is done once, wherever it is stopped."""
from __future__ import annotations

import contextlib
import json
import multiprocessing
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from mmremots.datasets.sequences import read_sequence
from mmremots.engine import Run, RunFolder
from mmremots.engine.stages import MaskGeneration
from mmremots.formats import read_detections
from mmremots.models.detectors import (
    InstanceSegmenter,
    LiveDetector,
    MaskFusion,
)
from mmremots.registry import MODELS
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox

FRAMES = 19
TINY = str(Path(__file__).parents[2] / 'data' / 'tiny_segmenter.py')


@MODELS.register_module()
class Stripes(LiveDetector):
    """Finds as many stripes as the image says, none in some frames."""

    def __init__(self, shift: int = 0, weight: float = 1.,
                 batch_size: int = 1, wait: float = 0.) -> None:
        super().__init__('stripes', 0., [2], weight, batch_size)
        self.shift = shift
        self.wait = wait
        self.seen: list[int] = []
        self.stop_at = FRAMES + 1

    def raw_fingerprint(self) -> dict[str, Any]:
        return {'shift': self.shift}

    def detect_batch(self, inputs: Any, frames: Any) -> list[Observations]:
        return [self.stripes(*pair)
                for pair in zip(inputs, frames, strict=True)]

    def stripes(self, image: np.ndarray, frame: int) -> Observations:
        if frame >= self.stop_at:
            raise KeyboardInterrupt
        time.sleep(self.wait)
        self.seen.append(frame)
        count = int(image.max()) // 10 % 4
        rles = []
        for k in range(count):
            mask = np.zeros(image.shape[:2], bool)
            mask[:, 6 * k + self.shift:6 * k + 5] = True
            rles.append(encode_mask(mask))
        return Observations(
            np.full(count, frame), rle_bbox(rles).astype(np.float32),
            np.linspace(1, .5, count, dtype=np.float32) / (1 + self.shift),
            np.full(count, 2), rles, image.shape[:2])


@pytest.fixture
def video_folder(tmp_path: Path) -> Path:
    folder = tmp_path / 'data' / 'v'
    (folder / 'img1').mkdir(parents=True)
    for frame in range(1, FRAMES + 1):
        cv2.imwrite(str(folder / 'img1' / f'{frame:06d}.png'),
                    np.full((24, 32, 3), 10 * frame, np.uint8))
    return folder


def run_masks(
        video_folder: Path, work_dir: Path, *sources: dict[str, Any],
        stop_at: int | None = None, iom_thr: float = 0.5,
        num_workers: int = 0) -> list[list[int]]:
    """Run the stage; returns the frames that each live source saw."""
    detector = MaskFusion(
        [dict(source) for source in sources or ({'type': 'Stripes'}, )],
        nms={'type': 'IoMNMS', 'iom_thr': iom_thr})
    if stop_at is not None:
        detector.sources[0].stop_at = stop_at
    run = Run(
        folder=RunFolder(work_dir), videos=[
            read_sequence(folder)
            for folder in sorted(video_folder.parent.iterdir())],
        labelled=[], model=SimpleNamespace(detector=detector),
        model_cfg={}, training={}, seed=0, resume=False)
    stage = MaskGeneration(num_workers)
    stage.check(run)
    with contextlib.suppress(KeyboardInterrupt):
        stage.run(run, '[1/5] masks')
    return [source.seen for source in detector.sources
            if isinstance(source, Stripes)]


def files(work_dir: Path) -> dict[str, bytes]:
    """All that lies under detections/."""
    folder = work_dir / 'detections'
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


def test_what_is_written(video_folder: Path, tmp_path: Path) -> None:
    """What the detector found, and what fusion made of it."""
    assert run_masks(video_folder, tmp_path) == [[*range(1, FRAMES + 1)]]
    written = files(tmp_path)
    assert written.keys() == {'v.txt', 'stripes/v.txt'}
    rows = read_detections(tmp_path / 'detections' / 'v.txt', (24, 32))
    counts = np.bincount(rows.frames, minlength=FRAMES + 1)[1:]
    assert counts.tolist() == [k % 4 for k in range(1, FRAMES + 1)]


@pytest.mark.parametrize(('batch_size', 'part'), [(1, 8), (3, 9), (11, 11)])
@pytest.mark.parametrize('stop_at', [1, 10, 19])
def test_goes_on_where_it_was_stopped(
        video_folder: Path, tmp_path: Path, batch_size: int, part: int,
        stop_at: int) -> None:
    """Invariant 4: no part twice, and the same bytes as in one go."""
    source = {'type': 'Stripes', 'batch_size': batch_size}
    run_masks(video_folder, tmp_path / 'whole', source)
    run_masks(video_folder, tmp_path / 'cut', source, stop_at=stop_at)
    assert files(tmp_path / 'cut').keys() == {
        'stripes/.v.txt.parts.made_of.json', *(
            f'stripes/.v.txt.parts/{k:06d}'
            for k in range((stop_at - 1) // part))}
    seen, = run_masks(video_folder, tmp_path / 'cut', source)
    first = (stop_at - 1) // part * part + 1
    assert seen == [*range(first, FRAMES + 1)]
    assert files(tmp_path / 'cut') == files(tmp_path / 'whole')


@pytest.mark.parametrize('num_workers', [1, 2])
def test_workers_change_nothing(
        video_folder: Path, tmp_path: Path, num_workers: int) -> None:
    """Invariant 3: the same bytes with frames read ahead."""
    source = {'type': 'Stripes', 'batch_size': 2}
    run_masks(video_folder, tmp_path / 'a', source)
    run_masks(video_folder, tmp_path / 'b', source, num_workers=num_workers)
    assert files(tmp_path / 'a') == files(tmp_path / 'b')


@pytest.mark.skipif(
    'fork' not in multiprocessing.get_all_start_methods(), reason='no fork')
def test_killed(video_folder: Path, tmp_path: Path) -> None:
    """Killed without a chance to tidy up, it goes on all the same."""
    source = {'type': 'Stripes', 'wait': .05}
    process = multiprocessing.get_context('fork').Process(
        target=run_masks, args=(video_folder, tmp_path / 'cut', source))
    process.start()
    part = (tmp_path / 'cut' / 'detections' / 'stripes' / '.v.txt.parts'
            / '000000')
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not part.is_file():
        time.sleep(.01)
    process.kill()
    process.join()
    assert process.exitcode == -9
    seen, = run_masks(video_folder, tmp_path / 'cut')
    assert seen[0] > 8
    run_masks(video_folder, tmp_path / 'whole')
    assert files(tmp_path / 'cut') == files(tmp_path / 'whole')


def test_done_once(video_folder: Path, tmp_path: Path) -> None:
    """Kept in a new run; another fusion or weight needs no network."""
    first, other = {'type': 'Stripes'}, {'type': 'Stripes', 'shift': 1}
    run_masks(video_folder, tmp_path, first)
    assert run_masks(video_folder, tmp_path, first) == [[]]
    assert run_masks(video_folder, tmp_path, first, iom_thr=.9) == [[]]
    before = files(tmp_path)['v.txt']
    heavy = {**first, 'weight': .5, 'batch_size': 3}
    assert run_masks(video_folder, tmp_path, heavy) == [[]]
    assert files(tmp_path)['v.txt'] != before
    assert read_detections(
        tmp_path / 'detections' / 'v.txt').scores.max() == .5
    seen = run_masks(video_folder, tmp_path, first, other)
    assert list(map(len, seen)) == [0, FRAMES]
    assert files(tmp_path).keys() == {
        'v.txt', 'stripes/v.txt', 'stripes_2/v.txt'}
    seen, = run_masks(video_folder, tmp_path, other)
    assert len(seen) == FRAMES, 'another detector under the same name'


def test_other_images(video_folder: Path, tmp_path: Path) -> None:
    """Detections are of these images."""
    run_masks(video_folder, tmp_path)
    cv2.imwrite(str(video_folder / 'img1' / '000002.png'),
                np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3))
    assert run_masks(video_folder, tmp_path) == [[*range(1, FRAMES + 1)]]


def test_beside_a_file(video_folder: Path, tmp_path: Path) -> None:
    """A live detector and detections from a file fuse by score."""
    run_masks(video_folder, tmp_path / 'first')
    file = {'type': 'DetectionsFromFile',
            'path': str(tmp_path / 'first' / 'detections' / '{sequence}.txt')}
    run_masks(video_folder, tmp_path / 'second',
              {'type': 'Stripes', 'shift': 1}, file)
    assert files(tmp_path / 'second')['v.txt'] == (
        files(tmp_path / 'first')['v.txt']), 'the thinner ones score less'


def test_network_in_the_stage(
        video_folder: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """One of mmdet's, through workers: kept, and then not even built."""
    source = {'type': 'InstanceSegmenter', 'config': TINY, 'score_thr': 0.,
              'classes': dict.fromkeys(range(80), 2), 'scale': (64, 64),
              'batch_size': 2}
    run_masks(video_folder, tmp_path, source, num_workers=1)
    written = files(tmp_path)
    assert written.keys() == {'v.txt', 'tiny_segmenter/v.txt'}
    assert len(written['v.txt']) > 0
    run_masks(video_folder, tmp_path / 'alone', source)
    assert files(tmp_path / 'alone') == written
    monkeypatch.setattr(InstanceSegmenter, 'load', None)
    run_masks(video_folder, tmp_path, source)
    run_masks(video_folder, tmp_path, source, iom_thr=.9)


def test_one_network_at_a_time(
        video_folder: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks and two videos: one after the other."""
    shutil.copytree(video_folder, video_folder.parent / 'w')
    held: list[int] = []
    loaded: set[int] = set()
    load, unload = InstanceSegmenter.load, InstanceSegmenter.unload

    def counted_load(self: InstanceSegmenter) -> Any:
        if id(self) not in loaded:
            loaded.add(id(self))
            held.append(len(loaded))
        return load(self)

    def counted_unload(self: InstanceSegmenter) -> None:
        loaded.discard(id(self))
        unload(self)

    monkeypatch.setattr(InstanceSegmenter, 'load', counted_load)
    monkeypatch.setattr(InstanceSegmenter, 'unload', counted_unload)
    sources = [{'type': 'InstanceSegmenter', 'config': TINY, 'score_thr': thr,
                'classes': dict.fromkeys(range(80), 2), 'scale': (64, 64)}
               for thr in (0., 0.01)]
    run_masks(video_folder, tmp_path, *sources)
    assert held == [1, 1, 1, 1]  # Each is checked, then works.
    assert not loaded
    held.clear()  # One alone is read once, and works on.
    run_masks(video_folder, tmp_path / 'alone', sources[0])
    assert held == [1]
    assert not loaded
    assert {'v.txt', 'w.txt', 'tiny_segmenter_2/w.txt'} <= files(
        tmp_path).keys()


def test_bad_input_stops_the_run_before_any_work(
        video_folder: Path, tmp_path: Path) -> None:
    """Invariant 5, for what can be wrong with detectors."""
    good = {'type': 'Stripes'}
    network = {'type': 'InstanceSegmenter', 'config': TINY}
    text, results = tmp_path / 'a.txt', tmp_path / 'a.json'
    rle = encode_mask(np.ones((5, 6), bool))
    text.write_text(f'1 0 0 6 5 0.9 2 5 6 {rle["counts"].decode()}\n')
    whole = encode_mask(np.ones((24, 32), bool))
    results.write_text(json.dumps([{
        'image_id': 99, 'category_id': 1, 'score': .9, 'segmentation': {
            **whole, 'counts': whole['counts'].decode()}}]))
    file = {'type': 'DetectionsFromFile'}
    for source, message in (
            ({**network, 'classes': {'walker': 2}}, "no class 'walker'"),
            ({**network, 'checkpoint': str(text)},
             r'a\.txt: no file of PyTorch'),
            ({**file, 'path': str(text)},
             r'a\.txt:1: mask size .*\(5, 6\) is not .*\(24, 32\)'),
            ({**file, 'path': str(results)},
             r'a\.json: entry 0: frame 99, but the last is 19')):
        with pytest.raises(ValueError, match=message):
            run_masks(video_folder, tmp_path / 'run', good, source)
        assert not (tmp_path / 'run').exists()
