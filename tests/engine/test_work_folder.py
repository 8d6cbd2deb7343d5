"""Every file of a work folder, damaged: the run mends it or names it."""
from __future__ import annotations

import os
import pickle
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_runs import files_of, run, tiny_config

from mmremots.engine import run as run_of
from mmremots.engine import video_work
from mmremots.structures.video import Video

pytestmark = pytest.mark.slow

STAGES = [
    dict(type='MaskGeneration'),
    dict(type='IntraFrameTraining'),
    dict(type='ShortTermTracking'),
    dict(type='TrackletSplitting'),
    dict(type='InterTrackletTraining'),
    dict(type='Merging'),
    dict(type='TrackPruning', min_seconds=0.0),
    dict(type='TrackExtension'),
    dict(type='GapFilling'),
]


def begin(tiny: Path, work_dir: Path, resume: bool) -> None:
    """A run with every stage, and weak masks."""
    cfg = tiny_config(tiny, work_dir, resume=resume)
    cfg.model.detector.sources = [dict(
        type='DetectionsFromFile', path='det/*', score_thr=0.5,
        weak_thr=0.3)]
    cfg.test_cfg.stages = STAGES
    run(cfg)


@pytest.fixture(scope='module')
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    work_dir = tmp_path_factory.mktemp('whole')
    begin(tiny, work_dir, resume=False)
    return work_dir


def emptied(content: bytes, other: bytes) -> bytes:
    """Nothing left."""
    return b''


def cut_in_half(content: bytes, other: bytes) -> bytes:
    """A copy that broke off."""
    return content[:len(content) // 2]


def one_byte_changed(content: bytes, other: bytes) -> bytes:
    """A bad disk."""
    place = len(content) * 2 // 3
    return (content[:place] + bytes([content[place] ^ 4])
            + content[place + 1:])


def of_another_video(content: bytes, other: bytes) -> bytes:
    """A file of the same kind."""
    return other


DAMAGES = (emptied, cut_in_half, one_byte_changed, of_another_video)


def damage(path: Path, how: Callable[[bytes, bytes], bytes]) -> bool:
    """Damage a file; False where that leaves it as it was."""
    video = 'TINY-02' if 'TINY-02' in str(path) else 'TINY-03'
    twin = Path(str(path).replace(video, {
        'TINY-02': 'TINY-03', 'TINY-03': 'TINY-02'}[video]))
    content = path.read_bytes()
    if not content:
        return False
    other = twin.read_bytes() if twin.is_file() else content
    new = how(content, other)
    path.write_bytes(new)
    return new != content


def targets(folder: Path) -> list[str]:
    """Every file that a run may read again; logs are for people."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob('*')
        if path.is_file() and path.name != '.lock'
        and path.suffix not in ('.log', '.py')
        and 'vis_data' not in path.parts)


@pytest.mark.parametrize('part', range(4))
def test_no_damage_is_believed(finished: Path, tiny: Path, tmp_path: Path,
                               part: int) -> None:
    """All files there are, so none can be forgotten.

    Each is damaged in one of four ways, another one than its neighbours, and
    two that lie far apart at a time. ``WAYS=4`` in the environment is one
    file at a time, in all ways.
    """
    work_dir = tmp_path / 'run'
    shutil.copytree(finished, work_dir)
    whole = files_of(work_dir)
    names = targets(work_dir)
    assert len(names) > 60
    ways = int(os.environ.get('WAYS', 0))
    mine = [(name, DAMAGES[(number + number // 4 + way) % 4])
            for number, name in enumerate(names) for way in range(ways or 1)
            ][part::4]
    runs = len(mine) if ways else -(-len(mine) // 2)
    for first in range(runs):
        damaged = [(name, how.__name__) for name, how in mine[first::runs]
                   if damage(work_dir / name, how)]
        if not damaged:
            continue
        begin(tiny, work_dir, resume=True)
        found = files_of(work_dir)
        wrong = [key for key in whole if found.get(key) != whole[key]]
        assert not wrong, f'{damaged}: {wrong}'
        for name, _ in damaged:
            if name.startswith('training/'):  # Not read, when all is done.
                shutil.copy(finished / name, work_dir / name)


class Payload:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker, )


def plant(path: Path, payload: Payload) -> None:
    """Put a pickle where a file stands, as its kind of file holds one."""
    if path.suffix == '.npy':
        np.save(path, np.array([payload], object), allow_pickle=True)
    elif path.suffix == '.npz':
        np.savez(path, iou=np.array([payload], object))
    elif path.suffix == '.pth':
        torch.save(dict(state_dict=payload, meta=payload), path)
    else:
        path.write_bytes(pickle.dumps(payload))


def test_nothing_is_unpickled(finished: Path, tiny: Path,
                              tmp_path: Path) -> None:
    """Every file of the folder is a pickle that runs code; none is run.

    With records as they were, and without any: files that nothing tells of
    are not opened by what would run them either.
    """
    whole = files_of(finished)
    payload = Payload(tmp_path / 'marker')
    pickle.loads(pickle.dumps(payload))
    payload.marker.unlink()  # It would have worked.
    for keep_records in (True, False):
        work_dir = tmp_path / f'run{keep_records}'
        shutil.copytree(finished, work_dir)
        for name in targets(work_dir):
            if not (keep_records and name.startswith('records/')):
                plant(work_dir / name, payload)
        begin(tiny, work_dir, resume=True)
        assert not payload.marker.exists()
        assert files_of(work_dir) == whole


@pytest.mark.parametrize('name', ['det/a.txt', 'gt/gt.txt', 'w.pth'])
def test_nothing_of_a_data_root_is_unpickled(
        tiny: Path, tmp_path: Path, name: str) -> None:
    """It is refused, and the error names it."""
    payload = Payload(tmp_path / 'marker')
    shutil.copytree(tiny, tmp_path / 'data')
    video = tmp_path / 'data' / 'test' / 'TINY-02'
    path = tmp_path / name if name == 'w.pth' else video / name
    plant(path, payload)
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'run')
    cfg.load_from = str(tmp_path / name) if name == 'w.pth' else None
    with pytest.raises(ValueError, match=str(path.name)):
        run(cfg)
    assert not payload.marker.exists()


def test_each_file_is_parsed_once(tiny: Path, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks by the first stage that asks; ids are handed on in memory.

    Images are listed once. The real functions run, and are counted.
    """
    calls: Counter[str] = Counter()

    def counted(name: str) -> None:
        function = getattr(video_work, name, None) or getattr(run_of, name)
        module = video_work if hasattr(video_work, name) else run_of

        def count(first: Any, *rest: Any) -> Any:
            what = first.name if isinstance(first, Video) else (
                Path(first).relative_to(tmp_path).as_posix())
            calls[f'{name} {what}'] += 1
            return function(first, *rest)

        monkeypatch.setattr(module, name, count)

    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, tmp_path / 'data')
    for name in ('read_detections', 'read_mots', 'read_truth', '_identity'):
        counted(name)
    begin(tmp_path / 'data', tmp_path / 'run', resume=False)
    assert set(calls.values()) == {1}
    assert calls.keys() == {
        *(f'_identity TINY-0{k}' for k in (1, 2, 3)),
        *(f'read_detections run/{kind}/TINY-0{k}.txt'
          for kind in ('detections', 'weak') for k in (2, 3)),
        *(f'read_truth TINY-0{k}' for k in (1, 2, 3))}
