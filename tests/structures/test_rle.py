"""The codec of COCO's compressed RLE."""
from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from mmremots.formats.observation_files import read_mots
from mmremots.structures.rle import (
    all_runs,
    check_rle,
    rle_runs,
    rle_size,
    runs_to_rle,
    sound_rles,
)

masks = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.integers(0, 1))
run_lists = st.lists(st.integers(0, 60), min_size=1, max_size=12).filter(sum)


def encode(mask):
    return coco_mask.encode(np.asfortranarray(mask))


def literal_runs(mask):
    """Runs of a mask, pixel by pixel."""
    runs, value = [0], 0
    for pixel in mask.ravel(order='F'):
        if pixel != value:
            runs.append(0)
            value = pixel
        runs[-1] += 1
    return runs


@given(masks)
def test_runs_of_a_mask(mask):
    """Runs are those counted by hand, whichever type counts has."""
    rle = encode(mask)
    text = {'size': rle['size'], 'counts': rle['counts'].decode()}
    assert rle_runs(rle).tolist() == literal_runs(mask)
    assert rle_runs(text).tolist() == literal_runs(mask)


@given(masks)
def test_round_trip(mask):
    """Writing gives the very bytes that pycocotools writes."""
    rle = encode(mask)
    assert runs_to_rle(rle_runs(rle), rle['size']) == rle


@pytest.mark.parametrize(
    'runs', [[2**29 - 1], [0, 2**29 - 1], [2**29 - 2, 1],
             [1, 2**28, 2**28 - 2], [3, 2**28, 5, 7, 2**28 - 16]])
def test_long_runs(runs):
    """The largest image: numbers and differences of most characters."""
    rle = runs_to_rle(runs, (1, 2**29 - 1))
    assert rle_runs(rle).tolist() == runs
    assert coco_mask.area(rle) == sum(runs[1::2])


@given(st.lists(masks, max_size=6))
def test_many_at_once(arrays):
    """Parsing many at once is parsing each."""
    rles = [encode(mask) for mask in arrays]
    runs, offsets = all_runs(rles)
    assert len(offsets) == len(rles) + 1
    for k, rle in enumerate(rles):
        np.testing.assert_array_equal(
            runs[offsets[k]:offsets[k + 1]], rle_runs(rle))


@given(run_lists)
def test_empty_runs(runs):
    """Runs of no pixels are legal, and gone where pycocotools follows."""
    size = [1, sum(runs)]
    raw = coco_mask.frPyObjects({'size': size, 'counts': runs}, *size)
    check_rle(raw)
    sound = sound_rles([raw])[0]
    assert rle_runs(raw).tolist() == runs
    assert (rle_runs(sound)[1:] > 0).all()
    np.testing.assert_array_equal(
        coco_mask.decode(sound), coco_mask.decode(raw))
    assert runs_to_rle(runs, size) == sound


@settings(max_examples=150)
@given(masks, st.data())
def test_mutated_counts_never_pass_wrongly(mask, data):
    """A damaged string is refused at once or still h * w pixels long."""
    rle = encode(mask)
    counts = bytearray(rle['counts'])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(counts)))
        kind = data.draw(st.sampled_from(['insert', 'delete', 'replace']))
        if kind == 'insert' or place == len(counts):
            counts.insert(place, data.draw(st.integers(1, 255)))
        elif kind == 'delete':
            del counts[place]
        else:
            counts[place] = data.draw(st.integers(1, 255))
    damaged = {'size': rle['size'], 'counts': bytes(counts)}
    begin = time.perf_counter()
    try:
        check_rle(damaged)
    except ValueError:
        assert time.perf_counter() - begin < 1
        return
    decoded = coco_mask.decode(damaged)
    assert decoded.shape == mask.shape
    assert rle_runs(damaged).sum() == mask.size


@pytest.mark.parametrize(('rle', 'message'), [
    ({'size': [2, 3], 'counts': b''}, 'empty counts'),
    ({'size': [2, 3], 'counts': b'5'}, '5 pixels long'),
    ({'size': [2, 3], 'counts': b'7'}, '7 pixels long'),
    ({'size': [2, 3], 'counts': b'6 '}, r"character ' '"),
    ({'size': [2, 3], 'counts': b'6p'}, r"character 'p'"),
    ({'size': [2, 3], 'counts': '6\xe9'}, 'character'),
    ({'size': [2, 3], 'counts': b'Q'}, 'breaks off'),
    ({'size': [2, 3], 'counts': b'8N'}, 'run of -2 pixels'),
    ({'size': [2, 3], 'counts': b'PPPPPPPPPP0'}, 'more than 30 bits'),
    ({'size': [2, 3], 'counts': [6]}, 'compressed counts'),
    ({'size': [2, 3]}, 'compressed counts'),
    ({'counts': b'6'}, 'without a size'),
    ({'size': [6], 'counts': b'6'}, 'without a size'),
    ({'size': 6, 'counts': b'6'}, 'without a size'),
    ({'size': [1.5, 4], 'counts': b'6'}, 'without a size'),
    ({'size': [0, 3], 'counts': b'0'}, 'impossible size 0 x 3'),
    ({'size': [-2, -3], 'counts': b'6'}, 'impossible size'),
    ({'size': [1, 2**29], 'counts': b'6'}, 'impossible size'),
    ('6', 'without a size'),
])
def test_unsound(rle, message):
    """Every way to be unsound is told by name."""
    with pytest.raises(ValueError, match=message):
        check_rle(rle)


def test_the_strings_that_hang_pycocotools():
    """Runs short of h * w: merge of such a mask would never return."""
    full = encode(np.ones((480, 640), np.uint8))
    for counts in (full['counts'][:-1], b'0', b'[n03'):
        with pytest.raises(ValueError, match='RLE'):
            check_rle({'size': [480, 640], 'counts': counts})


def test_names_the_unsound_one_of_several():
    """With many masks at hand the message says which."""
    good = encode(np.eye(4, dtype=np.uint8))
    for counts in (b'', b'0', b'8N', b'Q', b'!', b'PPPPPPPPPP0'):
        bad = {'size': [4, 4], 'counts': counts}
        with pytest.raises(ValueError, match='RLE 2'):
            all_runs([good, good, bad, good])


def test_sizes_must_agree():
    """Masks of two sizes cannot be compared."""
    with pytest.raises(ValueError, match='different sizes'):
        sound_rles([encode(np.eye(k, dtype=np.uint8)) for k in (3, 4)])


@pytest.mark.parametrize('runs', [
    [], [5], [7], [8, -2], [[6]], [6.0], ['6'], [2**62, 2**62, 2**62, 6]])
def test_bad_runs(runs):
    """Only runs that are h * w pixels long become a mask."""
    with pytest.raises(ValueError, match='run'):
        runs_to_rle(runs, (2, 3))


def test_size_of_numpy_integers():
    """Sizes come out as plain integers, ready for JSON."""
    height, width = rle_size({'size': np.array([2, 3])})
    assert type(height) is type(width) is int


def test_real_masks(pedestrians):
    """Real files: same areas as pycocotools, and they survive a rewrite."""
    table, _ = read_mots(pedestrians / 'TUD-Campus' / 'gt' / 'gt.txt')
    runs, offsets = all_runs(table.rles)
    for k, rle in enumerate(table.rles):
        mine = runs[offsets[k]:offsets[k + 1]]
        assert mine[1::2].sum() == coco_mask.area(rle)
        assert runs_to_rle(mine, rle['size']) == rle
