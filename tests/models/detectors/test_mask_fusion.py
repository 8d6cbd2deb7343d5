"""Fusion of detectors against its definition, on drawn and real masks."""
from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmremots.datasets.sequences import read_sequence
from mmremots.models.detectors import (
    BaseMaskSource,
    DetectionsFromFile,
    MaskFusion,
    fuse,
)
from mmremots.models.detectors.mask_fusion import fuse_weak
from mmremots.models.task_modules.iom_nms import IoMNMS
from mmremots.registry import MODELS
from mmremots.structures.masks import (
    decode_mask,
    encode_mask,
    iom_matrix,
    pixel_iom,
    rle_bbox,
)
from mmremots.structures.observations import Observations

PEDESTRIAN, CAR = 2, 1


def found(masks, scores, labels=None, frame=3):
    """What a detector found."""
    rles = [encode_mask(mask) for mask in masks]
    n = len(rles)
    return Observations(
        np.full(n, frame), rle_bbox(rles).astype(np.float32),
        np.array(scores, np.float32),
        np.array([PEDESTRIAN] * n if labels is None else labels, np.int64),
        rles, np.shape(masks)[1:] if n else None)


def literal_fusion(masks, scores, labels, iom_thr, min_area):
    """The definition, on pixels: (index, pixels left), best first."""
    kept = []
    for k in sorted(range(len(masks)), key=lambda k: (-scores[k], k)):
        if masks[k].sum() >= min_area and all(labels[k] != labels[j]
               or pixel_iom(masks[j], masks[k]) <= iom_thr for j in kept):
            kept.append(k)
    taken = np.zeros(masks.shape[1:], dtype=bool)
    left = []
    for k in kept:
        mask = masks[k].astype(bool) & ~taken
        taken |= mask
        if mask.sum() >= min_area:
            left.append((k, mask))
    return left


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.uint8, st.tuples(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    elements=st.integers(0, 1)), st.data())
def test_equals_definition(masks, data):
    """Any masks, scores with ties, two classes, split among detectors."""
    n = len(masks)
    scores = np.array(data.draw(st.lists(
        st.sampled_from([0.25, 0.5, 0.75]), min_size=n, max_size=n)))
    labels = data.draw(st.lists(
        st.sampled_from([CAR, PEDESTRIAN]), min_size=n, max_size=n))
    split = data.draw(st.integers(0, n))
    sources = [found(masks[part], scores[part], labels[part])
               for part in (slice(split), slice(split, None))]
    fused = fuse(sources, IoMNMS(0.5), min_area=3)
    expected = literal_fusion(masks, scores, labels, 0.5, 3)
    assert fused.rles == [encode_mask(mask) for _, mask in expected]
    assert fused.scores.tolist() == [scores[k] for k, _ in expected]
    assert fused.labels.tolist() == [labels[k] for k, _ in expected]
    assert (fused.frames == 3).all()
    np.testing.assert_array_equal(fused.boxes, rle_bbox(fused.rles))


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.uint8, st.tuples(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    elements=st.integers(0, 1)), st.data())
def test_weak_masks_rank_last(masks, data):
    """As though each were weaker than any strong one, whatever its score.

    A detector whose scores are high may be weak where another's are not.
    """
    n = len(masks)
    scores = np.array(data.draw(st.lists(
        st.sampled_from([0.25, 0.5, 0.75]), min_size=n, max_size=n)))
    labels = data.draw(st.lists(
        st.sampled_from([CAR, PEDESTRIAN]), min_size=n, max_size=n))
    split = data.draw(st.integers(0, n))
    strong = found(masks[:split], scores[:split], labels[:split])
    fused = fuse([strong], IoMNMS(0.5), min_area=3)
    weak = fuse_weak(fused, [found(
        masks[split:], scores[split:], labels[split:])], IoMNMS(0.5), 3)
    # What fusion left of the strong ones is what the weak ones meet.
    pixels = [decode_mask(rle) for rle in fused.rles]
    ranked = np.array([*pixels, *masks[split:]]).reshape(-1, *masks.shape[1:])
    below = np.append(np.full(len(pixels), 2.0), scores[split:])
    expected = [
        (k - len(pixels), mask) for k, mask in literal_fusion(
            ranked, below, [*fused.labels, *labels[split:]], 0.5, 3)
        if k >= len(pixels)]
    assert weak.rles == [encode_mask(mask) for _, mask in expected]
    np.testing.assert_allclose(
        weak.scores, [scores[split + k] for k, _ in expected], atol=1e-6)



def test_classes_do_not_suppress_but_do_not_overlap():
    """A person before a car: both stay, and share no pixel."""
    car, person = np.zeros((2, 20, 30), dtype=bool)
    car[8:18, 2:28] = True
    person[3:18, 10:15] = True
    fused = fuse([found([car], [0.9], [CAR]),
                  found([person], [0.8], [PEDESTRIAN])], IoMNMS(0.3))
    assert fused.labels.tolist() == [CAR, PEDESTRIAN]
    np.testing.assert_array_equal(decode_mask(fused.rles[0]), car)
    np.testing.assert_array_equal(
        decode_mask(fused.rles[1]), person & ~car)


def test_least_area():
    """What an occluder leaves of a mask counts, not what it was."""
    front, back = np.zeros((2, 10, 20), dtype=bool)
    front[:, 2:12] = True
    back[:, 10:14] = True  # 2 columns of 10 pixels stay visible
    detections = [found([front, back], [0.9, 0.8])]
    assert len(fuse(detections, IoMNMS(0.5), 20)) == 2
    assert len(fuse(detections, IoMNMS(0.5), 21)) == 1


def test_a_sliver_takes_nobody_along():
    """A mask that is too small from the start suppresses none."""
    person, sliver, weak = np.zeros((3, 20, 20), dtype=bool)
    person[:, 2:8] = True
    sliver[3:18, 4] = True
    weak[3:18, 14] = True
    fused = fuse([found([sliver, person], [0.91, 0.9])], IoMNMS(0.5), 16)
    assert fused.rles == [encode_mask(person)]
    large = np.zeros((20, 20), dtype=bool)
    large[:, 12:18] = True
    left = fuse_weak(
        fused, [found([weak, large], [0.4, 0.3])], IoMNMS(0.5), 16)
    assert left.rles == [encode_mask(large)]


def test_more_masks_than_a_byte_counts():
    """A crowd of 300 in one frame, each with a box of its own."""
    masks = np.zeros((300, 40, 300), dtype=bool)
    for k in range(300):
        row, column = divmod(k, 50)
        masks[k, 6 * row:6 * row + 5, 6 * column:6 * column + 4] = True
    detections = found(masks, np.linspace(1, 0.5, 300))
    fused = fuse([detections], IoMNMS(0.5), 20)
    assert fused.rles == detections.rles
    np.testing.assert_array_equal(fused.boxes, detections.boxes)
    assert len(fuse([detections], IoMNMS(0.5), 21)) == 0


def test_nothing_found():
    """No detector, or none that found anything; empty masks go."""
    for detections in ([], [Observations.empty((4, 5))] * 2):
        assert len(fuse(detections, IoMNMS())) == 0
    assert fuse([Observations.empty((4, 5))], IoMNMS()).size == (4, 5)
    assert len(fuse([found([np.zeros((4, 5))], [1])], IoMNMS(), 0)) == 0


def test_one_frame_and_size_at_a_time():
    """Mixing frames or videos is a mistake of the caller."""
    mask = np.ones((1, 4, 5))
    with pytest.raises(ValueError, match='different frames, 3 to 4'):
        fuse([found(mask, [1]), found(mask, [1], frame=4)], IoMNMS())
    with pytest.raises(ValueError, match='sizes'):
        fuse([found(mask, [1]), found(np.ones((1, 5, 5)), [1])], IoMNMS())


def test_benchmark_agrees(monkeypatch, capsys):
    """The paper's way and ours end alike on a drawn crowd, large or small."""
    path = Path(__file__).parents[3] / 'tools/benchmarks/mask_fusion.py'
    benchmark = runpy.run_path(str(path))
    monkeypatch.setattr('sys.argv', [
        'mask_fusion.py', '--masks', '20', '--height', '135', '--width',
        '240', '--seed', '3'])
    assert benchmark['main']() == 0
    assert 'same masks and pixels: yes' in capsys.readouterr().out


@MODELS.register_module()
class BrightPixels(BaseMaskSource):
    """A detector that looks at the image: its bright pixels are a person."""

    needs_image = True

    def check(self, sequence):
        if sequence.num_frames < 2:
            raise ValueError('too short')

    def fingerprint(self, sequence):
        return 'bright'

    def detect(self, image, sequence, frame):
        return found([image.min(axis=2) > 200], [0.6], frame=frame)


class TestMaskFusion:

    def test_beside_a_detector_of_images(self, pedestrians):
        """Files and live detectors side by side; real files, real image."""
        sequence = read_sequence(pedestrians / 'TUD-Campus')
        files = {'type': 'DetectionsFromFile', 'path': 'det/ssd.txt',
                 'score_thr': 0.5}
        fusion = MODELS.build({
            'type': 'MaskFusion',
            'sources': [files, {'type': 'BrightPixels'}]})
        alone = MODELS.build({'type': 'MaskFusion', 'sources': [files]})
        assert isinstance(fusion, MaskFusion)
        assert fusion.needs_image
        assert not alone.needs_image
        assert fusion.fingerprint(sequence)['sources'][1] == 'bright'
        fusion.check(sequence)
        image = np.full((*sequence.size, 3), 30, dtype=np.uint8)
        image[10:40, 600:630] = 255
        scores = [detector.detect(image, sequence, 1).scores.tolist()
                  for detector in (fusion, alone)]
        assert scores[0] == sorted([*scores[1], np.float32(0.6)])[::-1]

    @pytest.mark.parametrize('frame', [1, 40, 71])
    def test_real_detectors(self, pedestrians, frame):
        """Two real detectors: disjoint masks, each from one of them."""
        sequence = read_sequence(pedestrians / 'TUD-Campus')
        paths = ('det/ssd.txt', 'det/hog.json')
        fusion = MaskFusion([
            {'type': 'DetectionsFromFile', 'path': path, 'score_thr': 0.5}
            for path in paths])
        fused = fusion.detect(None, sequence, frame)
        pool = Observations.concatenate([
            DetectionsFromFile(path, 0.5).detect(None, sequence, frame)
            for path in paths])
        assert 0 < len(fused) < len(pool)
        assert set(fused.scores.tolist()) <= set(pool.scores.tolist())
        assert (np.diff(fused.scores) <= 0).all()
        overlaps = iom_matrix(fused.rles, fused.rles)
        assert (overlaps[~np.eye(len(fused), dtype=bool)] == 0).all()
        assert (fused.frames == frame).all()

    def test_a_source_that_complains(self, pedestrians):
        """check() hands on what a source has to say."""
        fusion = MaskFusion([
            {'type': 'DetectionsFromFile', 'path': 'det/none.txt'}])
        with pytest.raises(FileNotFoundError, match='TUD-Campus'):
            fusion.check(read_sequence(pedestrians / 'TUD-Campus'))

    @pytest.mark.parametrize('arguments', [
        {'sources': []},
        {'sources': [{'type': 'BrightPixels'}], 'min_area': 0}])
    def test_bad_arguments(self, arguments):
        """No detector at all, or masks without pixels."""
        with pytest.raises(ValueError, match=r'sources|min_area'):
            MaskFusion(**arguments)


def test_a_fusion_of_fusions_has_no_weak_masks() -> None:
    """A source needs no word of weak masks: any module that detects will do.

    So a fusion may be a source of another, weak masks and all others as they
    were.
    """
    inner = dict(type='MaskFusion', sources=[
        dict(type='DetectionsFromFile', path='det/*', weak_thr=-1.0)])
    plain = MODELS.build(dict(type='MaskFusion', sources=[inner]))
    assert plain.weak_sources(plain.sources) == []
    assert not plain.has_weak
    both = MODELS.build(dict(type='MaskFusion', sources=[
        inner, *inner['sources']]))
    assert both.weak_sources(both.sources) == [both.sources[1]]
    assert both.has_weak
