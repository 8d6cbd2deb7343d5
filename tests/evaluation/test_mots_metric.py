"""The metric as mmdet's evaluator drives it, and as the loop calls it."""
from __future__ import annotations

import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample, TrackDataSample
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from mmremots.datasets import MOTSChallengeDataset
from mmremots.evaluation import KittiMOTSMetric, MOTSChallengeMetric
from mmremots.formats import read_mots
from mmremots.registry import METRICS
from mmremots.structures.masks import decode_mask, encode_mask
from mmremots.structures.video import Video

SIZE = (12, 16)


def mask(x1, y1, x2, y2):
    canvas = np.zeros(SIZE, bool)
    canvas[y1:y2, x1:x2] = True
    return canvas


PEOPLE = (mask(0, 0, 4, 8), mask(8, 0, 12, 8))


def write_truth(root: Path, name: str) -> None:
    """Two people in each of three frames."""
    (root / name / 'gt').mkdir(parents=True)
    (root / name / 'gt' / 'gt.txt').write_text(''.join(
        f'{t} {number} 2 12 16 {encode_mask(canvas)["counts"].decode()}\n'
        for t in (1, 2, 3)
        for number, canvas in zip((2001, 2002), PEOPLE, strict=True)))


def sample(root, name, frame, masks, ids, labels=None, scores=None,
           num_frames=3, size=SIZE, stem=None):
    """One frame of a tracker of mmdet's."""
    result = DetDataSample(metainfo={
        'img_path': f'{root}/{name}/img1/{stem or frame:06d}.jpg',
        'ori_shape': size, 'frame_id': frame - 1,
        'ori_video_length': num_frames})
    instances = InstanceData()
    instances.instances_id = torch.tensor(ids, dtype=torch.long)
    instances.labels = torch.tensor(labels or [0] * len(ids))
    instances.scores = torch.tensor(scores or [1.0] * len(ids))
    instances.bboxes = torch.zeros(len(ids), 4)
    if masks is not None:
        instances.masks = masks
    result.pred_track_instances = instances
    return result


def track_sample(frames):
    result = TrackDataSample()
    result.video_data_samples = frames
    return result


def perfect_frames(root, name='A'):
    return [sample(root, name, t, torch.tensor(np.stack(PEOPLE)), [0, 1])
            for t in (1, 2, 3)]


def run(metric, steps):
    evaluator = Evaluator(metric)
    for frames in steps:
        evaluator.process(data_samples=[track_sample(frames)], data_batch={})
    return evaluator.evaluate(len(steps))


@pytest.mark.parametrize('whole_video', [False, True])
@pytest.mark.parametrize('as_rle', [False, True])
def test_perfect_tracker(tmp_path, whole_video, as_rle):
    """Image by image or as a video, tensors or RLEs: 100, and all keys."""
    write_truth(tmp_path, 'A')
    frames = perfect_frames(tmp_path)
    if as_rle:
        for frame in frames:
            frame.pred_track_instances.masks = [
                encode_mask(canvas) for canvas in PEOPLE]
    steps = [frames] if whole_video else [[frame] for frame in frames]
    metric = METRICS.build({'type': 'MOTSChallengeMetric'})
    metrics = run(metric, steps)
    assert metrics['mots/sMOTSA'] == pytest.approx(100)
    assert metrics['mots/A/sMOTSA'] == pytest.approx(100)
    assert metrics['mots/A/TP'] == 6
    assert len(metrics) == 40
    assert run(metric, steps) == metrics, 'a second round starts afresh'


def test_files_and_a_folder_that_is_kept(tmp_path):
    """The user's folder keeps what is in it; a video's file comes early."""
    write_truth(tmp_path, 'A')
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'notes.md').write_text('mine')
    metric = MOTSChallengeMetric(outfile_prefix=str(out))
    for frame in perfect_frames(tmp_path):
        assert not (out / 'A.txt').exists()
        metric.process({}, [track_sample([frame])])
    table, ids = read_mots(out / 'A.txt', SIZE, 3)
    assert table.frames.tolist() == [1, 1, 2, 2, 3, 3]
    assert ids.tolist() == [0, 1] * 3
    assert set(table.labels) == {2}
    assert metric.evaluate(1)['mots/MOTSA'] == pytest.approx(100)
    assert sorted(p.name for p in out.iterdir()) == ['A.txt', 'notes.md']


def test_format_only(tmp_path):
    """Without truth: files and the zip, no scores."""
    out = tmp_path / 'out'
    metric = MOTSChallengeMetric(outfile_prefix=out, format_only=True)
    frames = perfect_frames(tmp_path) + perfect_frames(tmp_path, 'B')
    assert run(metric, [[frame] for frame in frames]) == {}
    assert sorted(p.name for p in out.iterdir()) == [
        'A.txt', 'B.txt', 'submission.zip']
    with pytest.raises(ValueError, match='outfile_prefix'):
        MOTSChallengeMetric(format_only=True)


def test_some_truth(tmp_path, caplog):
    """Sequences without truth are left out, and the log says which."""
    write_truth(tmp_path, 'A')
    frames = perfect_frames(tmp_path) + perfect_frames(tmp_path, 'B')
    metric = MOTSChallengeMetric()
    metrics = run(metric, [[frame] for frame in frames])
    assert metrics['mots/TP'] == 6
    assert not any(key.startswith('mots/B') for key in metrics)
    assert run(metric, [[f] for f in perfect_frames(tmp_path, 'B')]) == {}


def test_overlaps_are_resolved(tmp_path):
    """The better mask keeps the pixels; one left with none is dropped."""
    out = tmp_path / 'out'
    below, above, hidden = (
        mask(0, 0, 6, 6), mask(4, 0, 10, 6), mask(5, 1, 8, 3))
    frame = sample(tmp_path, 'A', 1, np.stack([below, hidden, above]),
                   [3, 4, 5], scores=[0.5, 0.4, 0.9], num_frames=1)
    MOTSChallengeMetric(out).process({}, [track_sample([frame])])
    table, ids = read_mots(out / 'A.txt')
    assert ids.tolist() == [3, 5]
    np.testing.assert_array_equal(decode_mask(table.rles[0]), below & ~above)
    np.testing.assert_array_equal(decode_mask(table.rles[1]), above)


def test_labels(tmp_path):
    """Labels become classes of MOTS; unknown ones are left out."""
    frame = sample(tmp_path, 'A', 1, np.stack([*PEOPLE, mask(0, 9, 4, 12)]),
                   [1, 2, 3], labels=[0, 1, 2], num_frames=1)
    for class_ids, expected in ((None, {1: 2}), ({1: 0, 2: 1}, {1: 1, 2: 2})):
        metric = MOTSChallengeMetric(tmp_path / 'o', class_ids=class_ids)
        metric.process({}, [track_sample([frame])])
        table, ids = read_mots(tmp_path / 'o' / 'A.txt')
        assert dict(zip(ids.tolist(), table.labels.tolist(),
                        strict=True)) == expected


def test_empty_frames(tmp_path):
    """Frames without anybody, with or without an empty tensor of masks."""
    write_truth(tmp_path, 'A')
    frames = [
        sample(tmp_path, 'A', 1, None, []),
        sample(tmp_path, 'A', 2, torch.zeros(0, *SIZE, dtype=torch.bool), []),
        sample(tmp_path, 'A', 3, torch.tensor(np.stack(PEOPLE)), [1, 2])]
    metrics = run(MOTSChallengeMetric(), [[frame] for frame in frames])
    assert (metrics['mots/TP'], metrics['mots/FN']) == (2, 4)


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'masks': None, 'ids': [1]}, 'has no masks'),
    ({'masks': PEOPLE, 'ids': [1, 1]}, 'ids of a frame must differ'),
    ({'masks': PEOPLE, 'ids': [1, -1]}, 'at least 0'),
    ({'masks': PEOPLE, 'ids': [1, 2], 'scores': [0.5, float('nan')]},
     'finite'),
    ({'masks': PEOPLE, 'ids': [1, 2], 'size': (24, 32)},
     'a mask is 12 x 16 .* the image 24 x 32'),
])
def test_bad_predictions(tmp_path, arguments, message):
    """What a tracker gives wrongly is told at its frame."""
    frame = sample(tmp_path, 'A', 1, **arguments)
    with pytest.raises(ValueError, match=r'A/img1/000001\.jpg: .*' + message):
        MOTSChallengeMetric().process({}, [track_sample([frame])])


def test_no_tracker(tmp_path):
    """A detector alone gives no tracks; that is said."""
    frame = perfect_frames(tmp_path)[0]
    del frame.pred_track_instances
    with pytest.raises(ValueError, match='no pred_track_instances'):
        MOTSChallengeMetric().process({}, [track_sample([frame])])


@pytest.mark.parametrize('folder', ['image_02/0002', '0002', '0002/frames'])
def test_kitti(tmp_path, folder):
    """By the images' numbers, in each layout, for both classes."""
    (tmp_path / 'instances_txt').mkdir()
    (tmp_path / 'instances_txt' / '0002.txt').write_text(''.join(
        f'{t} {1001 * label} {label} 12 16 '
        f'{encode_mask(canvas)["counts"].decode()}\n'
        for t in (0, 1, 2)
        for label, canvas in zip((1, 2), PEOPLE, strict=True)))
    frames = [sample(tmp_path, 'x', t, np.stack(PEOPLE), [5, 6], [0, 1])
              for t in (1, 2, 3)]
    for frame in frames:
        frame.set_metainfo({'img_path': (
            f'{tmp_path}/{folder}/{frame.frame_id:06d}.png')})
    metrics = run(METRICS.build({'type': 'KittiMOTSMetric'}), [frames])
    for title in ('car', 'pedestrian'):
        assert metrics[f'mots/{title}_sMOTSA'] == pytest.approx(100)
        assert metrics[f'mots/0002/{title}_TP'] == 3
    run(KittiMOTSMetric(tmp_path / 'out', format_only=True), [frames])
    with zipfile.ZipFile(tmp_path / 'out' / 'submission.zip') as archive:
        lines = archive.read('0002.txt').decode().splitlines()
    assert [line.split()[:3] for line in lines] == [
        [str(t), number, label] for t in (0, 1, 2)
        for number, label in (('5', '1'), ('6', '2'))]


def test_frames_in_order(tmp_path):
    """A lost frame, a lost end and a part of a sequence never score."""
    write_truth(tmp_path, 'A')
    first, second, third = perfect_frames(tmp_path)
    metric = MOTSChallengeMetric()
    metric.process({}, [track_sample([first])])
    with pytest.raises(ValueError, match='frame 3 came where frame 2 was'):
        metric.process({}, [track_sample([third])])
    metric.process({}, [track_sample([second])])
    with pytest.raises(ValueError, match=r'last frames are missing of .*A'):
        metric.evaluate(1)
    half = sample(tmp_path, 'A', 1, PEOPLE, [1, 2], num_frames=1, stem=2)
    with pytest.raises(ValueError, match='part of a sequence'):
        MOTSChallengeMetric().process({}, [track_sample([half])])


def test_unsound_truth(tmp_path):
    """Told at the first frame of a video; not at all where none is scored."""
    write_truth(tmp_path, 'A')
    gt = tmp_path / 'A' / 'gt' / 'gt.txt'
    gt.write_text(gt.read_text() + gt.read_text().splitlines()[0].replace(
        ' 2001 ', ' 7 ') + '\n')
    first = perfect_frames(tmp_path)[0]
    with pytest.raises(ValueError, match=r'gt\.txt:7: .*id 7 overlaps'):
        MOTSChallengeMetric().process({}, [track_sample([first])])
    MOTSChallengeMetric(tmp_path / 'out', format_only=True).process(
        {}, [track_sample([first])])


def test_evaluate_tracks(tmp_path, caplog):
    """Files on disk give the same keys and values as samples do."""
    write_truth(tmp_path, 'A')
    metric = MOTSChallengeMetric(outfile_prefix=tmp_path / 'out')
    expected = run(metric, [[f] for f in perfect_frames(tmp_path)])
    gt_path = str(tmp_path / 'A' / 'gt' / 'gt.txt')
    truth = Video('A', ('',) * 3, *SIZE, 30.0, gt_path)
    other = Video('B', ('',) * 3, *SIZE, 30.0, None)
    with caplog.at_level(logging.INFO, logger='mmengine'):
        metrics = MOTSChallengeMetric().evaluate_tracks(
            [truth, other], tmp_path / 'out')
    assert metrics == expected
    assert MOTSChallengeMetric(prefix='x').evaluate_tracks(
        [truth], tmp_path / 'out')['x/TP'] == 6
    assert MOTSChallengeMetric().evaluate_tracks(
        [other], tmp_path / 'nowhere') == {}


def test_real_truth_through_mmdet(pedestrians):
    """The dataset's own instances as predictions score 100."""
    pipeline = [
        {'type': 'TransformBroadcaster', 'transforms': [
            {'type': 'LoadImageFromFile'},
            {'type': 'LoadTrackAnnotations', 'with_mask': True}]},
        {'type': 'PackTrackInputs'}]
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = MOTSChallengeDataset(
            pedestrians, ['TUD-Campus'], pipeline=pipeline, test_mode=True)
    evaluator = Evaluator(MOTSChallengeMetric())
    for frame in range(71):
        result = dataset[0, frame]['data_samples']
        truth = result[0].gt_instances
        result[0].pred_track_instances = InstanceData(
            instances_id=truth.instances_ids, labels=truth.labels,
            masks=truth.masks.to_tensor(torch.bool, 'cpu'))
        evaluator.process(data_samples=[result], data_batch={})
    metrics = evaluator.evaluate(71)
    assert metrics['mots/sMOTSA'] == pytest.approx(100)
    assert metrics['mots/TUD-Campus/IDF1'] == pytest.approx(100)
