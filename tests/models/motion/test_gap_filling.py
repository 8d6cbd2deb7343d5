"""Masks carried over short gaps."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.models.motion.gap_filling import (
    Gap,
    agreed_masks,
    carry_masks,
    find_gaps,
    frames_in_gaps,
    with_filled,
)
from mmremots.structures import Observations
from mmremots.structures.masks import (
    decode_mask,
    encode_mask,
    iou_matrix,
    rle_bbox,
    rles_from_label_map,
)

SIZE = (40, 90)
STEP = 4
FRAMES = 8


def square(x: int, y: int = 10) -> dict:
    """A person of 12 x 20 pixels."""
    mask = np.zeros(SIZE, np.uint8)
    mask[y:y + 20, max(x, 0):x + 12] = 1
    return encode_mask(mask)


def scene(*rows: tuple[int, int, dict]) -> tuple[Observations, np.ndarray]:
    """A table of (frame, id, mask)."""
    rows = tuple(sorted(rows, key=lambda row: row[0]))
    rles = [rle for _, _, rle in rows]
    return Observations(
        np.array([t for t, _, _ in rows], np.int64),
        rle_bbox(rles).astype(np.float32),
        np.full(len(rows), 0.9, np.float32), np.full(len(rows), 2),
        rles, SIZE), np.array([k for _, k, _ in rows], np.int64)


def flows(step: float = STEP) -> list[np.ndarray]:
    """Everything moves to the right: the flow back points to the left."""
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[..., 0] = -step
    return [flow] * (FRAMES - 1)


def walker(*seen: int) -> list[tuple[int, int, dict]]:
    """Track 7, seen in some frames."""
    return [(t, 7, square(STEP * t)) for t in seen]


def test_gaps_are_those_inside_tracks() -> None:
    """Not between tracks, not where nothing is missing, not too long."""
    table, ids = scene(*walker(1, 2, 5, 8), (3, 9, square(70)))
    assert [(g.track, table.frames[g.before], table.frames[g.after])
            for g in find_gaps(table.frames, ids, 3)] == [
                (7, 2, 5), (7, 5, 8)]
    assert find_gaps(table.frames, ids, 2) == []
    gaps = find_gaps(table.frames, ids, 3)
    assert (np.flatnonzero(frames_in_gaps(table.frames, gaps, FRAMES)) + 1
            ).tolist() == [3, 4, 6, 7]


def test_a_mask_moves_with_the_flow() -> None:
    """Through each frame of the gap, to where the person is."""
    table, ids = scene(*walker(2, 6))
    gaps = find_gaps(table.frames, ids, 15)
    carried = carry_masks(
        table.frames, table.rles, gaps, SIZE, FRAMES, flows())
    assert list(carried) == [(0, 3), (0, 4), (0, 5)]
    for (_, t), rle in carried.items():
        assert iou_matrix([rle], [square(STEP * t)])[0, 0] == 1


def test_backward_is_forward_with_time_reversed() -> None:
    """From both ends to the same place: all of it is agreed on."""
    table, ids = scene(*walker(2, 6))
    gaps = find_gaps(table.frames, ids, 15)
    forward = carry_masks(
        table.frames, table.rles, gaps, SIZE, FRAMES, flows())
    end = FRAMES + 1
    mirrored = carry_masks(
        end - table.frames, table.rles,
        [Gap(g.track, g.after, g.before) for g in gaps], SIZE, FRAMES,
        flows(-STEP))
    backward = {(g, end - t): rle for (g, t), rle in mirrored.items()}
    agreed = agreed_masks(forward, backward, 0.5)
    assert sorted(agreed) == [(0, 3), (0, 4), (0, 5)]
    assert all(iou_matrix([agreed[key]], [forward[key]])[0, 0] == 1
               for key in agreed)


def test_masks_that_are_there_win() -> None:
    """What is carried covers neither a mask of the frame nor another."""
    post = np.zeros(SIZE, np.uint8)
    post[:, 18:24] = 1
    taller = np.zeros(SIZE, np.uint8)
    taller[:12, 4:16] = 1  # carried along, on the walker's head
    table, ids = scene(
        *walker(8), (1, 7, square(4, 12)), (1, 3, encode_mask(taller)),
        (8, 3, encode_mask(np.roll(taller, 28, axis=1) * (
            1 - decode_mask(square(32))))),
        *[(t, 1, encode_mask(post)) for t in range(1, FRAMES + 1)])
    gaps = find_gaps(table.frames, ids, 15)
    assert len(gaps) == 2
    carried = carry_masks(
        table.frames, table.rles, gaps, SIZE, FRAMES, flows())
    full, _, _ = with_filled(table, ids, gaps, carried)
    assert len(full) == len(table) + len(carried) > len(table) + 4
    for _, frame in full.frame_slices():
        covered = sum(decode_mask(rle).astype(int)
                      for rle in full.rles[frame])
        assert covered.max() == 1
    behind = decode_mask(carried[1, 4])
    assert 0 < behind.sum() < decode_mask(square(16, 12)).sum()


def test_disagreement_adds_nothing() -> None:
    """Two ends that come out apart, or have hardly a pixel in common."""
    key = (0, 3)
    near, far = {key: square(20)}, {key: square(29)}
    assert agreed_masks(near, far, 0.5) == {}
    assert list(agreed_masks(near, far, 0.1)) == [key]
    assert agreed_masks(near, far, 0.1, min_area=61) == {}
    assert agreed_masks(near, {}, 0.0) == {}


def test_filled_masks_join_their_track() -> None:
    """Sorted into the table; the class is the track's, the score 0."""
    table, ids = scene(*walker(2, 4, 5))
    gaps = find_gaps(table.frames, ids, 15)
    full, tracks, old = with_filled(table, ids, gaps, {(0, 3): square(12)})
    assert full.frames.tolist() == [2, 3, 4, 5]
    assert tracks.tolist() == [7] * 4
    assert old.tolist() == [0, -1, 1, 2]
    assert full.labels.tolist() == [2] * 4
    assert full.scores[1] == 0
    assert full.boxes[1].tolist() == [12, 10, 24, 30]
    assert with_filled(table, ids, gaps, {})[0] is table


def test_a_missing_flow_is_said() -> None:
    """None is for frames outside of gaps."""
    table, ids = scene(*walker(2, 5))
    gaps = find_gaps(table.frames, ids, 15)
    some: list = flows()
    some[0] = None  # frame 2 is in no gap
    carry_masks(table.frames, table.rles, gaps, SIZE, FRAMES, some)
    some[1] = None
    with pytest.raises(ValueError, match='no flow from frame 3 to 2'):
        carry_masks(table.frames, table.rles, gaps, SIZE, FRAMES, some)


def test_more_gaps_than_a_byte_counts() -> None:
    """A crowd of 300, each missing in frame 2, keeps its masks apart."""
    labels = np.zeros((40, 300), np.int32)
    for k in range(300):
        row, column = divmod(k, 50)
        labels[6 * row:6 * row + 5, 6 * column:6 * column + 4] = k + 1
    crowd = rles_from_label_map(labels, 300)
    frames = np.repeat([1, 3], 300)
    gaps = find_gaps(frames, np.tile(np.arange(300), 2), 2)
    still = np.zeros((40, 300, 2), np.float32)
    carried = carry_masks(
        frames, crowd + crowd, gaps, labels.shape, 3, [still, still])
    assert carried == {(k, 2): mask for k, mask in enumerate(crowd)}
