"""The algebra of masks against plain arrays."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from mmremots.formats.observation_files import read_detections
from mmremots.structures.masks import (
    check_rle,
    decode_mask,
    encode_mask,
    iom_matrix,
    iom_nms,
    iou_matrix,
    iou_nms,
    label_map,
    pixel_iom,
    resolve_overlaps,
    rle_area,
    rle_bbox,
    rles_from_label_map,
)

UNSOUND = {'size': [4, 5], 'counts': b'3'}


@st.composite
def stacks(draw, max_masks=6):
    """Masks of one size; small, so that empty and full ones are common."""
    shape = draw(st.tuples(
        st.integers(0, max_masks), st.integers(1, 7), st.integers(1, 7)))
    return draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 1)))


@st.composite
def scored_stacks(draw):
    """Masks with scores in which ties are common."""
    masks = draw(stacks())
    scores = draw(st.lists(
        st.sampled_from([0.2, 0.5, 0.7, 0.9]), min_size=len(masks),
        max_size=len(masks)))
    return masks, np.array(scores)


def degenerate():
    """Empty, full, identical, nested, one pixel, touching, a far corner."""
    masks = np.zeros((9, 6, 8), dtype=np.uint8)
    masks[1] = 1
    masks[2, 1:4, 1:5] = 1
    masks[3] = masks[2]
    masks[4, 2:3, 2:4] = 1
    masks[5, 0, 0] = 1
    masks[6, 5, 7] = 1
    masks[7, 4:, 1:5] = 1
    masks[8, :, 3] = 1
    return masks


def encode(masks):
    return [encode_mask(mask) for mask in masks]


def literal_iou(a, b):
    union = np.logical_or(a, b).sum()
    return np.logical_and(a, b).sum() / union if union else 0.0


def literal_nms(masks, scores, threshold, overlap):
    kept = []
    for index in sorted(range(len(masks)), key=lambda k: (-scores[k], k)):
        if all(overlap(masks[other], masks[index]) <= threshold
               for other in kept):
            kept.append(index)
    return kept


def literal_owner(masks, scores):
    """Index of the best mask at each pixel, -1 for none."""
    owner = np.full(masks.shape[1:], -1)
    for pixel in np.ndindex(owner.shape):
        covering = [k for k in range(len(masks)) if masks[k][pixel]]
        if covering:
            owner[pixel] = min(covering, key=lambda k: (-scores[k], k))
    return owner


def test_pixel_iom_by_hand():
    """2 common pixels, areas 4 and 3; and nothing in common with nothing."""
    target = np.array([[1, 1, 1, 1, 0]])
    prediction = np.array([[0, 0, 1, 1, 1]])
    empty = np.zeros((1, 5))
    assert pixel_iom(target, prediction) == 2 / 3
    assert pixel_iom(target, empty) == pixel_iom(empty, empty) == 0.0


@given(stacks(), st.data())
def test_matrices_equal_pixels(masks, data):
    """IoM and IoU on RLEs are exactly those of the pixels."""
    split = data.draw(st.integers(0, len(masks)))
    a, b = masks[:split], masks[split:]
    iom, iou = (f(encode(a), encode(b)) for f in (iom_matrix, iou_matrix))
    assert iom.shape == iou.shape == (len(a), len(b))
    assert iom.dtype == iou.dtype == np.float64
    for i, j in np.ndindex(iom.shape):
        assert iom[i, j] == pixel_iom(a[i], b[j])
        assert iou[i, j] == literal_iou(a[i], b[j])


def test_matrices_of_degenerate_masks():
    """The corner cases together, each against each."""
    masks = degenerate()
    rles = encode(masks)
    iom, iou = iom_matrix(rles, rles), iou_matrix(rles, rles)
    for i, j in np.ndindex(iom.shape):
        assert iom[i, j] == pixel_iom(masks[i], masks[j])
        assert iou[i, j] == literal_iou(masks[i], masks[j])
    assert iom[0].max() == 0
    assert iom[2, 4] == 1


@given(st.lists(st.lists(st.integers(0, 4), min_size=8, max_size=8),
                min_size=2, max_size=4))
def test_runs_of_no_pixels(run_lists):
    """Foreign RLEs with empty runs inside, at which pycocotools stops."""
    rles = []
    for runs in run_lists:
        runs.append(32 - sum(runs))
        rles.append(coco_mask.frPyObjects(
            {'size': [4, 8], 'counts': runs}, 4, 8))
    masks = np.stack([coco_mask.decode(rle) for rle in rles])
    np.testing.assert_array_equal(iom_matrix(rles, rles), [
        [pixel_iom(a, b) for b in masks] for a in masks])
    np.testing.assert_array_equal(
        [decode_mask(rle) for rle in rles], masks)
    np.testing.assert_array_equal(rle_bbox(rles), rle_bbox(encode(masks)))
    scores = np.arange(len(rles))
    assert (resolve_overlaps(rles, scores)
            == resolve_overlaps(encode(masks), scores))


@given(scored_stacks(), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_nms_equals_literal(scored, threshold):
    """Greedy suppression, ties to the lower index."""
    masks, scores = scored
    rles = encode(masks)
    iom = iom_nms(rles, scores, threshold)
    iou = iou_nms(rles, scores, threshold)
    assert iom.dtype == np.int64
    assert iom.tolist() == literal_nms(masks, scores, threshold, pixel_iom)
    assert iou.tolist() == literal_nms(masks, scores, threshold, literal_iou)


def test_iom_drops_the_part_that_iou_keeps():
    """Why the paper has IoM: a mask inside another has a low IoU."""
    whole, part = np.zeros((2, 20, 20), dtype=bool)
    whole[2:18, 2:18] = True
    part[3:8, 3:8] = True
    rles = encode([part, whole])
    assert iom_nms(rles, [0.8, 0.9], 0.5).tolist() == [1]
    assert iou_nms(rles, [0.8, 0.9], 0.5).tolist() == [1, 0]


def test_nms_keeps_at_the_threshold():
    """Only an IoM above the threshold suppresses."""
    masks = np.zeros((2, 1, 8), dtype=np.uint8)
    masks[0, 0, :4] = masks[1, 0, 2:6] = 1
    assert iom_nms(encode(masks), [1, 2], 0.5).tolist() == [1, 0]
    assert iom_nms(encode(masks), [1, 2], 0.499).tolist() == [1]


@given(scored_stacks())
def test_overlaps_equal_literal(scored):
    """Each pixel has one owner, the best; no pixel is lost."""
    masks, scores = scored
    resolved = resolve_overlaps(encode(masks), scores)
    owner = literal_owner(masks, scores)
    assert len(resolved) == len(masks)
    for k, rle in enumerate(resolved):
        check_rle(rle)
        assert rle == encode_mask(owner == k)


def test_overlaps_of_degenerate_masks():
    """The corner cases, in both orders."""
    masks = degenerate()
    for scores in (np.arange(9), -np.arange(9)):
        owner = literal_owner(masks, scores)
        assert resolve_overlaps(encode(masks), scores) == [
            encode_mask(owner == k) for k in range(len(masks))]


@pytest.mark.parametrize('scores', [[1], [1, 2, 3], [1, np.nan], [[1, 2]]])
def test_bad_scores(scores):
    """One finite score a mask, or an error."""
    rles = encode(degenerate()[2:4])
    with pytest.raises(ValueError, match='score'):
        iom_nms(rles, scores, 0.5)
    with pytest.raises(ValueError, match='score'):
        resolve_overlaps(rles, scores)


@pytest.mark.parametrize('function', [
    lambda rles: iom_matrix(rles, rles[:1]),
    lambda rles: iou_matrix(rles[:1], rles),
    lambda rles: iom_nms(rles, [1, 2], 0.5),
    lambda rles: resolve_overlaps(rles, [1, 2]),
    lambda rles: label_map(rles, (4, 5)),
    lambda rles: decode_mask(rles[1]),
    rle_area, rle_bbox])
def test_unsound_masks_never_reach_pycocotools(function):
    """An error, where pycocotools would loop for ever."""
    with pytest.raises(ValueError, match='3 pixels long'):
        function([encode_mask(np.ones((4, 5))), UNSOUND])


@given(stacks())
def test_area_and_box(masks):
    """Areas and boxes of the pixels; the box of nothing is zeros."""
    areas, boxes = rle_area(encode(masks)), rle_bbox(encode(masks))
    assert areas.tolist() == [int(mask.sum()) for mask in masks]
    assert areas.dtype == np.int64
    assert boxes.shape == (len(masks), 4)
    for mask, box in zip(masks, boxes, strict=True):
        y, x = np.nonzero(mask)
        expected = [x.min(), y.min(), x.max() + 1, y.max() + 1] if len(
            x) else [0, 0, 0, 0]
        assert box.tolist() == expected


@given(stacks())
def test_encode_decode(masks):
    """The bytes of pycocotools, and back, from any memory layout."""
    for mask in masks:
        rle = encode_mask(mask)
        assert rle == coco_mask.encode(np.asfortranarray(mask))
        assert rle == encode_mask(np.asfortranarray(mask).astype(bool))
        decoded = decode_mask(rle)
        assert decoded.dtype == np.uint8
        assert decoded.flags.c_contiguous
        np.testing.assert_array_equal(decoded, mask)


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)),
                  elements=st.integers(0, 4)),
       st.sampled_from([np.uint8, np.int16, np.int32, np.int64, np.uint32]))
def test_label_map_round_trip(labels, dtype):
    """Masks to labels to masks; absent labels are empty masks."""
    rles = rles_from_label_map(labels.astype(dtype), 4)
    assert rles == [encode_mask(labels == k + 1) for k in range(4)]
    again = label_map(rles, labels.shape, dtype)
    assert again.dtype == dtype
    assert again.flags.c_contiguous
    np.testing.assert_array_equal(again, labels)


def test_label_map_refuses():
    """Overlaps, other sizes, and more masks than the type can number."""
    one, same = encode(degenerate()[2:4])
    dots = rles_from_label_map(np.arange(1, 301).reshape(10, 30), 300)
    with pytest.raises(ValueError, match='overlap'):
        label_map([one, same], (6, 8))
    with pytest.raises(ValueError, match=r'size \(6, 8\)'):
        label_map([one], (8, 6))
    with pytest.raises(ValueError, match='do not fit uint8'):
        label_map(dots, (10, 30), np.uint8)
    assert label_map([], (2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_real_detections(pedestrians):
    """Real, overlapping masks: fused ones are disjoint, as the pixels say."""
    table = read_detections(pedestrians / 'TUD-Campus' / 'det' / 'ssd.txt')
    frame = table.take(table.of_frame(1))
    masks = np.stack([decode_mask(rle) for rle in frame.rles])
    kept = iom_nms(frame.rles, frame.scores, 0.5)
    assert kept.tolist() == literal_nms(masks, frame.scores, 0.5, pixel_iom)
    resolved = resolve_overlaps(
        [frame.rles[k] for k in kept], frame.scores[kept])
    taken = np.zeros_like(masks[0])
    for k, rle in zip(kept, resolved, strict=True):
        assert rle == encode_mask(masks[k] & ~taken)
        taken |= masks[k]


def test_areas_of_more_masks_than_a_byte_counts() -> None:
    """Counting areas of more than 255 at once overflows pycocotools."""
    mask = np.zeros((20, 20), dtype=bool)
    mask[3:9, 3:10] = True
    rles = [encode_mask(mask)] * 300
    assert rle_area(rles).tolist() == [42] * 300
    assert iou_matrix(rles, rles[:1]).shape == (300, 1)
