"""Detections from files: which file, what of it, and what is wrong."""
from __future__ import annotations

import json
import logging

import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmremots.datasets.sequences import read_sequence
from mmremots.formats.coco_results import read_coco_results
from mmremots.formats.observation_files import read_detections
from mmremots.models.detectors import DetectionsFromFile
from mmremots.registry import MODELS
from mmremots.structures.masks import encode_mask
from mmremots.structures.video import Video

COUNTS = encode_mask(np.eye(4, 5))['counts'].decode()


def line(frame=1, score=0.5, label=2):
    return f'{frame} 0 0 4 4 {score} {label} 4 5 {COUNTS}\n'


@pytest.fixture
def sequence(tmp_path):
    """Three frames; no detector reads the images."""
    folder = tmp_path / 'data' / 'walk'
    (folder / 'det').mkdir(parents=True)
    return Video(
        'walk', tuple(str(folder / 'img1' / f'{frame:06}.jpg')
                      for frame in (1, 2, 3)), 4, 5, 30.0, None)


@pytest.fixture
def det(tmp_path):
    return tmp_path / 'data' / 'walk' / 'det'


@pytest.fixture
def warnings():
    """Warnings in the log of the run."""
    messages = []

    class Listener(logging.Handler):

        def emit(self, record):
            if record.levelno == logging.WARNING:
                messages.append(record.getMessage())

    listener = Listener()
    logger = MMLogger.get_current_instance()
    logger.addHandler(listener)
    yield messages
    logger.removeHandler(listener)


def test_where_files_are(sequence, det, tmp_path):
    """In the sequence's folder, or wherever {sequence} says."""
    (det / 'a.txt').write_text(line(score=0.1))
    (tmp_path / 'walk.txt').write_text(line(score=0.2))
    inside = DetectionsFromFile('det/a.txt')
    outside = DetectionsFromFile(str(tmp_path / '{sequence}.txt'))
    assert inside.detect(None, sequence, 1).scores == np.float32(0.1)
    assert outside.detect(None, sequence, 1).scores == np.float32(0.2)


def test_wildcards(sequence, det):
    """All files of detections in a folder, by name, and nothing else."""
    (det / 'b.txt').write_text(line(score=0.1))
    (det / 'a.json').write_text(json.dumps([{
        'image_id': 1, 'category_id': 1, 'score': 0.2,
        'segmentation': {'size': [4, 5], 'counts': COUNTS}}]))
    (det / 'notes.md').write_text('not detections')
    (det / '.writing-b.txt').write_text('half')
    source = DetectionsFromFile('det/*')
    assert source.detect(None, sequence, 1).scores.tolist() == [
        np.float32(0.2), np.float32(0.1)]
    names = [name for name, _ in source.fingerprint(sequence)['files']]
    assert names == ['a.json', 'b.txt']


def test_one_frame(sequence, det):
    """The rows of the frame asked for; the image size is known anyway."""
    (det / 'a.txt').write_text(line(3, 0.3) + line(1, 0.1) + line(3, 0.4))
    source = DetectionsFromFile('det/a.txt')
    for frame, scores in [(1, [0.1]), (2, []), (3, [0.3, 0.4])]:
        rows = source.detect(None, sequence, frame)
        assert rows.scores.tolist() == pytest.approx(scores)
        assert (rows.frames == frame).all()
        assert rows.size == (4, 5)


def test_threshold_classes_and_weight(sequence, det):
    """The threshold, inclusive, is on the file's scores; then the weight."""
    (det / 'a.txt').write_text(
        line(score=0.8) + line(score=0.79) + line(score=0.9, label=5)
        + line(score=0.9, label=7))
    source = MODELS.build({
        'type': 'DetectionsFromFile', 'path': 'det/a.txt',
        'score_thr': 0.8, 'score_weight': 0.5, 'classes': {2: 2, 5: 1}})
    rows = source.detect(None, sequence, 1)
    assert rows.scores.tolist() == pytest.approx([0.4, 0.45])
    assert rows.labels.tolist() == [2, 1]
    assert not source.needs_image


def test_a_threshold_for_each_class(sequence, det):
    """As the KITTI MOTS entry has them; a class without one is left out."""
    (det / 'det.txt').write_text(
        line(score=0.4, label=1) + line(score=0.6, label=1)
        + line(score=0.1) + line(score=0.3) + line(score=0.9, label=3))
    source = DetectionsFromFile('det/det.txt', {1: 0.5, 2: 0.2})
    found = source.detect(None, sequence, 1)
    assert found.labels.tolist() == [1, 2]
    assert found.scores.tolist() == pytest.approx([0.6, 0.3])
    assert DetectionsFromFile('det/det.txt', {1: 0.5}).detect(
        None, sequence, 1).labels.tolist() == [1]
    weak = DetectionsFromFile('det/det.txt', {1: 0.5, 2: 0.2}, weak_thr=0.05)
    assert weak.detect_weak(sequence, 1).labels.tolist() == [1, 2]
    prints = [DetectionsFromFile('det/det.txt', thr).fingerprint(sequence)
              for thr in ({1: 0.5, 2: 0.2}, {1: 0.5, 2: 0.3}, 0.5)]
    assert prints[0] != prints[1] != prints[2]
    with pytest.raises(ValueError, match=r'weak_thr is 0\.3, not below'):
        DetectionsFromFile('det/det.txt', {1: 0.5, 2: 0.2}, weak_thr=0.3)


@pytest.mark.parametrize('name', ['cam[1]', 'a*b', 'what?', '[!x] (2)'])
def test_the_name_of_a_sequence_is_text(tmp_path, name):
    """Brackets and stars in it match themselves alone."""
    folder = tmp_path / 'data' / name
    video = Video(name, (str(folder / 'frames' / 'rgb' / '1.jpg'),), 4, 5,
                  30.0, None, folder=str(folder))
    for path in (tmp_path / 'dets' / f'{name}_a.txt',
                 tmp_path / 'dets' / 'cam1_a.txt', folder / 'det' / 'a.txt'):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line())
    for pattern in (str(tmp_path / 'dets' / '{sequence}_*.txt'),
                    str(tmp_path / 'dets' / '{sequence}_a.txt'), 'det/*'):
        source = DetectionsFromFile(pattern)
        assert len(source.fingerprint(video)['files']) == 1
        assert len(source.detect(None, video, 1)) == 1


def test_sequence_after_sequence(sequence, det, tmp_path):
    """A source goes from one sequence to the next, and back."""
    other = tmp_path / 'data' / 'run' / 'det'
    other.mkdir(parents=True)
    (det / 'a.txt').write_text(line(score=0.1))
    (other / 'a.txt').write_text(line(score=0.2))
    runner = Video(
        'run', (str(other.parent / 'img1' / '000001.jpg'),), 4, 5, 30., None)
    source = DetectionsFromFile('det/a.txt')
    for which, score in [(sequence, .1), (runner, .2), (sequence, .1)]:
        rows = source.detect(None, which, 1)
        assert rows.scores == np.float32(score)


def test_fingerprint(sequence, det):
    """It changes with the file's bytes and what is taken, not with time."""
    source = DetectionsFromFile('det/a.txt')
    (det / 'a.txt').write_text(line())
    before = source.fingerprint(sequence)
    (det / 'a.txt').write_text(line())
    assert json.loads(json.dumps(before)) == source.fingerprint(sequence)
    others = [DetectionsFromFile('det/a.txt', **changes)
              for changes in ({'score_thr': 0.1}, {'score_weight': 0.5},
                              {'classes': {2: 1}})]
    assert all(o.fingerprint(sequence) != before for o in others)
    (det / 'a.txt').write_text(line(score=0.6))
    assert source.fingerprint(sequence) != before


@pytest.mark.parametrize(
    ('content', 'message'),
    [('', 'a.txt: none of 0 detections of sequence walk'),
     (line(score=0.4), 'none of 1 detections of sequence walk')])
def test_warns_of_nothing(sequence, det, warnings, content, message):
    """One warning a sequence, with the file's name; no error."""
    (det / 'a.txt').write_text(content)
    source = DetectionsFromFile('det/a.txt', score_thr=0.5)
    source.check(sequence)
    for frame in (1, 2, 3):
        assert len(source.detect(None, sequence, frame)) == 0
    assert len(warnings) == 1
    assert message in warnings[0]
    assert str(det) in warnings[0]


def test_says_nothing_of_good_files(sequence, det, warnings):
    """Frames without detections are usual."""
    (det / 'a.txt').write_text(line())
    DetectionsFromFile('det/a.txt').check(sequence)
    assert warnings == []


@pytest.mark.parametrize(('content', 'message'), [
    (line() + line(4), r'a\.txt:2: frame 4, but the last is 3'),
    (line() + line().replace('4 5', '5 4'), r'a\.txt:2: mask size'),
    (line() + 'x', r'a\.txt:2: 1 columns'),
    (line(label=1) + line(label=3), r'a\.txt: holds classes \[1, 3\]'),
])
def test_bad_file(sequence, det, content, message):
    """check() reads it all, before any work."""
    (det / 'a.txt').write_text(content)
    with pytest.raises(ValueError, match=message):
        DetectionsFromFile('det/a.txt').check(sequence)


def test_bad_coco(sequence, det):
    """The same for COCO results: image ids are frames."""
    (det / 'a.json').write_text(json.dumps([{
        'image_id': 139, 'category_id': 1, 'score': 0.2,
        'segmentation': {'size': [4, 5], 'counts': COUNTS}}]))
    with pytest.raises(ValueError, match=r'a\.json: entry 0: frame 139'):
        DetectionsFromFile('det/a.json').check(sequence)


@pytest.mark.parametrize('path', ['det/b.txt', 'det/*', 'det/table.xml'])
def test_no_file(sequence, det, path):
    """Path and sequence are named; other formats are not detections."""
    (det / 'table.xml').write_text('')
    with pytest.raises(FileNotFoundError, match=r'det/.* sequence walk'):
        DetectionsFromFile(path).check(sequence)


@pytest.mark.parametrize('arguments', [
    {'score_thr': float('nan')}, {'score_weight': 0},
    {'score_weight': float('inf')}])
def test_bad_arguments(arguments):
    """Numbers that would drop or blur every score."""
    with pytest.raises(ValueError, match='score_'):
        DetectionsFromFile('det/a.txt', **arguments)


def test_real_files(pedestrians):
    """Every frame of both real files comes out as it stands in the file."""
    sequence = read_sequence(pedestrians / 'TUD-Campus')
    folder = pedestrians / 'TUD-Campus' / 'det'
    for name, read in [('ssd.txt', read_detections),
                       ('hog.json', read_coco_results)]:
        source = DetectionsFromFile(f'det/{name}')
        source.check(sequence)
        rows = [source.detect(None, sequence, frame)
                for frame in range(1, sequence.num_frames + 1)]
        expected = read(folder / name)
        assert [r for row in rows for r in row.rles] == expected.rles
        np.testing.assert_array_equal(
            np.concatenate([row.scores for row in rows]), expected.scores)


def test_weak_masks_are_those_between(sequence, det):
    """From weak_thr up to score_thr; none without weak_thr."""
    (det / 'a.txt').write_text(
        line(1, 0.05) + line(1, 0.2) + line(1, 0.5) + line(2, 0.4))
    source = DetectionsFromFile('det/*', 0.5, weak_thr=0.1, score_weight=2)
    assert source.detect(None, sequence, 1).scores.tolist() == [1.0]
    np.testing.assert_allclose(
        source.detect_weak(sequence, 1).scores, [0.4], rtol=1e-6)
    assert len(source.detect_weak(sequence, 2)) == 1
    assert len(source.detect_weak(sequence, 3)) == 0
    assert len(DetectionsFromFile('det/*', 0.5).detect_weak(sequence, 1)) == 0


def test_weak_is_below_strong():
    """Masks cannot be both: the option is named."""
    with pytest.raises(ValueError, match=r'weak_thr is 0\.5, not below'):
        DetectionsFromFile('det/*', 0.5, weak_thr=0.5)
