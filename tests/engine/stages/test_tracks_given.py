"""Tracks of any tracker take the place of detection and of tracking."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import run, tiny_config

from mmremots.formats import read_detections, read_mots
from mmremots.models.detectors.mask_fusion import disjoint_masks
from mmremots.structures import Observations
from mmremots.structures.masks import (
    decode_mask,
    encode_mask,
    rle_bbox,
)

SIZE = (8, 9)
STAGES = [
    dict(type='TrackletSplitting'),
    dict(type='Merging'),
    dict(type='TrackExtension'),
]


@st.composite
def tables(draw: st.DrawFn) -> Observations:
    """Rectangles that may overlap, of few scores, so that some are equal."""
    frames = sorted(draw(st.lists(st.integers(1, 2), max_size=6)))
    rles = []
    for _ in frames:
        mask = np.zeros(SIZE, bool)
        y, x = draw(st.integers(0, 6)), draw(st.integers(0, 6))
        mask[y:y + draw(st.integers(1, 6)), x:x + draw(
            st.integers(1, 6))] = True
        rles.append(encode_mask(mask))
    scores = draw(st.lists(st.sampled_from([.5, 1]), min_size=len(frames),
                           max_size=len(frames)))
    return Observations(
        np.array(frames, np.int64), rle_bbox(rles).astype(np.float32),
        np.array(scores, np.float32), np.full(len(frames), 2), rles, SIZE)


@given(tables())
def test_each_pixel_goes_to_one_mask(table: Observations) -> None:
    """Pixel by pixel: best score, then furthest down, then first row."""
    found, kept, smaller = disjoint_masks(table)
    masks = [decode_mask(rle) > 0 for rle in table.rles]
    expected = [np.zeros(SIZE, bool) for _ in masks]
    for frame in (1, 2):
        for y, x in np.ndindex(SIZE):
            over = [k for k, mask in enumerate(masks)
                    if table.frames[k] == frame and mask[y, x]]
            if over:
                best = min(over, key=lambda k: (
                    -table.scores[k], -table.boxes[k, 3], k))
                expected[best][y, x] = True
    assert kept.tolist() == [
        k for k, mask in enumerate(expected) if mask.any()]
    assert all((decode_mask(rle) > 0).tolist() == expected[k].tolist()
               for rle, k in zip(found.rles, kept, strict=True))
    assert (found.boxes == table.boxes[kept]).all()
    assert smaller == sum(
        mask.sum() > left.sum()
        for mask, left in zip(masks, expected, strict=True))


def given_tracks(tiny: Path, folder: Path, shift: int = 0) -> None:
    """Annotated tracks of the two targets, from frame 0, as a user's."""
    folder.mkdir(exist_ok=True)
    for name in ('TINY-02', 'TINY-03'):
        lines = (tiny / 'test' / name / 'gt' / 'gt.txt').read_text()
        (folder / f'{name}.txt').write_text(''.join(
            f'{int(line.split()[0]) - 1} {int(line.split()[1]) + shift} '
            f'{" ".join(line.split()[2:])}\n'
            for line in lines.splitlines() if line.split()[2] != '10'))


@pytest.mark.slow
def test_a_run_of_given_tracks(tiny: Path, tmp_path: Path) -> None:
    """Masks and tracklets are those of the file; no detector is asked.

    Kept while the file is the same, made again when it changes.
    """
    given_tracks(tiny, tmp_path / 'given')
    cfg = tiny_config(tiny, tmp_path / 'run', resume=True)
    cfg.model.detector.sources = [
        dict(type='DetectionsFromFile', path='nowhere')]
    cfg.test_cfg.labelled.data_root = 'nowhere'  # No stage looks there.
    cfg.test_cfg.stages = [
        dict(type='TrackletsFromFile',
             path=str(tmp_path / 'given' / '{sequence}.txt')), *STAGES]
    run(cfg)
    root = tmp_path / 'run'
    for name in ('TINY-02', 'TINY-03'):
        truth, ids = read_mots(tiny / 'test' / name / 'gt' / 'gt.txt')
        people = truth.labels == 2
        found, tracklets = read_mots(root / 'tracklets' / f'{name}.txt')
        assert tracklets.tolist() == ids[people].tolist()
        assert found.rles == truth.take(people).rles
        assert read_detections(
            root / 'detections' / f'{name}.txt').rles == found.rles
        said = json.loads((root / 'statistics' / f'{name}.json').read_text())
        said = said['tracklets_from_file']
        assert 'KITTI MOTS' in said['taken']
        assert '0-based' in said['taken']
        assert (said['overlapped'], said['without_pixels']) == (0, 0)
        assert (root / 'tracks' / f'{name}.txt').is_file()
    scores = json.loads((root / 'metrics.json').read_text())['stages']
    assert scores['tracklets from file']['mots/IDF1'] == 100

    def written() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns
                for path in (root / 'tracklets').iterdir()}

    before = written()
    run(cfg)
    assert written() == before
    given_tracks(tiny, tmp_path / 'given', shift=50)
    run(cfg)
    assert (read_mots(root / 'tracklets' / 'TINY-02.txt')[1] > 2050).all()


@pytest.mark.parametrize(('text', 'error', 'message'), [
    (None, FileNotFoundError, r'TINY-03\.txt'),
    ('1 5 2 288 384 abc\n', ValueError, r'TINY-03\.txt:1: '),
    ('7 5 2 10 10 P3\n', ValueError, r'TINY-03\.txt:1: '),
])
def test_bad_tracks_end_a_run_before_any_work(
        tiny: Path, tmp_path: Path, text: str | None,
        error: type[Exception], message: str) -> None:
    """Those of the second video, too, before the first is worked on."""
    given_tracks(tiny, tmp_path / 'given')
    bad = tmp_path / 'given' / 'TINY-03.txt'
    bad.unlink()
    if text is not None:
        bad.write_text(text)
    cfg = tiny_config(tiny, tmp_path / 'run')
    cfg.test_cfg.stages = [
        dict(type='TrackletsFromFile',
             path=str(tmp_path / 'given' / '{sequence}.txt')), *STAGES]
    with pytest.raises(error, match=message):
        run(cfg)
    assert not (tmp_path / 'run' / 'detections').exists()


def test_an_id_that_stands_twice_is_joined_if_told(
        tiny: Path, tmp_path: Path) -> None:
    """A person in two parts is an error, or by option one mask."""
    given_tracks(tiny, tmp_path / 'given')
    path = tmp_path / 'given' / 'TINY-02.txt'
    lines = path.read_text().splitlines()
    first = lines[0].split()
    left, right = (encode_mask(np.pad(
        np.ones((4, 4), np.uint8), ((0, 284), (x, 380 - x))))
        for x in (0, 300))
    parts = [' '.join([first[0], first[1], '2', '288', '384',
                       rle['counts'].decode()]) for rle in (left, right)]
    path.write_text('\n'.join(parts) + '\n')
    stage = dict(type='TrackletsFromFile', first_frame=0,
                 path=str(tmp_path / 'given' / '{sequence}.txt'))
    cfg = tiny_config(tiny, tmp_path / 'run')
    cfg.test_cfg.stages = [stage]
    with pytest.raises(ValueError, match=r'TINY-02\.txt:2: .*join_parts=True'):
        run(cfg)
    cfg.test_cfg.stages = [dict(stage, join_parts=True)]
    run(cfg)
    table, _ = read_mots(tmp_path / 'run' / 'tracklets' / 'TINY-02.txt')
    assert len(table) == 1
    assert decode_mask(table.rles[0]).sum() == 32
