"""A file that grows frame by frame and survives being cut off anywhere."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.formats import read_detections, write_detections
from mmremots.formats.growing_detections import GrowingDetections
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox


def frame_of(frame: int, rows: int) -> Observations:
    """So many masks, all different."""
    rles = []
    for row in range(rows):
        mask = np.zeros((6, 8), bool)
        mask[row % 6, frame % 8:] = True
        rles.append(encode_mask(mask))
    return Observations(
        np.full(rows, frame), rle_bbox(rles).astype(np.float32),
        np.linspace(1, .25, rows, dtype=np.float32),
        np.full(rows, 2), rles, (6, 8))


def grow(path: Path, rows: list[int], stop: int | None = None,
         goes_on: bool = True, step: int = 1) -> int:
    """Write frames from where it stands; returns how many there were."""
    with GrowingDetections(path, goes_on, step) as file:
        before = file.frames
        for frame in range(before + 1, len(rows) + 1)[:stop]:
            file.append(frame_of(frame, rows[frame - 1]))
        if stop is None:
            file.finish()
    return before


def test_is_the_file_that_would_be_written_at_once(tmp_path: Path) -> None:
    """Same bytes as write_detections; nothing else is left."""
    rows = [2, 0, 1, 3, 0]
    grow(tmp_path / 'deep' / 'a.txt', rows)
    table = Observations.concatenate(
        [frame_of(k, n) for k, n in enumerate(rows, 1)])
    write_detections(tmp_path / 'b.txt', table)
    assert (tmp_path / 'deep' / 'a.txt').read_bytes() == (
        tmp_path / 'b.txt').read_bytes()
    assert [p.name for p in (tmp_path / 'deep').iterdir()] == ['a.txt']
    assert len(read_detections(tmp_path / 'b.txt')) == 6


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=7),
       st.integers(0, 400), st.integers(0, 7), st.integers(1, 3))
def test_cut_off_anywhere(
        tmp_path_factory: pytest.TempPathFactory, rows: list[int],
        size: int, stop: int, step: int) -> None:
    """Invariant 4: wherever the part ends, the whole comes out the same."""
    folder = tmp_path_factory.mktemp('cut')
    grow(folder / 'whole.txt', rows)
    path = folder / 'a.txt'
    grow(path, rows, stop, step=step)
    partial = folder / '.a.txt.partial'
    content = partial.read_bytes()
    partial.write_bytes(content[:size])
    before = grow(path, rows, step=step)
    assert before % step == 0
    assert before <= stop
    if size >= len(content):
        assert before == min(stop, len(rows)) // step * step
    assert path.read_bytes() == (folder / 'whole.txt').read_bytes()


def test_work_of_another_kind_is_not_continued(tmp_path: Path) -> None:
    """All frames again."""
    path = tmp_path / 'a.txt'
    grow(path, [1, 1, 1], 2)
    assert grow(path, [2, 2, 2], goes_on=False) == 0
    assert len(read_detections(path)) == 6


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=7), st.data())
def test_a_changed_byte_is_not_believed(
        tmp_path_factory: pytest.TempPathFactory, rows: list[int],
        data: st.DataObject) -> None:
    """Wherever it is, in a row or in the mark of a frame."""
    folder = tmp_path_factory.mktemp('changed')
    grow(folder / 'whole.txt', rows)
    path = folder / 'a.txt'
    grow(path, rows, len(rows) - 1)
    partial = folder / '.a.txt.partial'
    content = bytearray(partial.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1
    partial.write_bytes(content)
    grow(path, rows)
    assert path.read_bytes() == (folder / 'whole.txt').read_bytes()


def test_a_frame_out_of_turn(tmp_path: Path) -> None:
    """Frames cannot be mixed up silently."""
    with GrowingDetections(tmp_path / 'a.txt', False) as file:
        file.append(frame_of(1, 1))
        with pytest.raises(ValueError, match=r'frame 3 where .* frame 2'):
            file.append(frame_of(3, 1))
