"""Simulated detectors."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from mmremots.datasets.sample.build import ground_truth
from mmremots.datasets.sample.detectors import (
    ALPHA,
    BETA,
    MIN_AREA,
    simulate_detector,
)
from mmremots.datasets.sample.render import SequenceSpec, render_sequence
from mmremots.structures.masks import iom_matrix, iom_nms, iou_matrix
from mmremots.structures.observations import Observations

SPEC = SequenceSpec('short', 'test', seed=104, num_frames=25, num_people=10,
                    crowd=True)


@pytest.fixture(scope='module')
def rendered():
    frames = list(render_sequence(SPEC))
    truth, ids = ground_truth(frames)
    return frames, truth, ids


@pytest.fixture(scope='module')
def detections(rendered):
    frames = rendered[0]
    return [simulate_detector(profile, frames, SPEC.seed)
            for profile in (ALPHA, BETA)]


def recall_and_precision(rendered, tables):
    """Of several detectors' masks above 0.5 after IoM suppression."""
    _, truth, ids = rendered
    table = Observations.concatenate(
        [table.take(table.scores >= 0.5) for table in tables])
    hits = found = people = 0
    for frame in range(1, SPEC.num_frames + 1):
        rows = range(len(truth))[truth.of_frame(frame)]
        targets = [truth.rles[row] for row in rows if ids[row] < 10000]
        here = table.take(table.of_frame(frame))
        kept = iom_nms(here.rles, here.scores, 0.5)
        iou = iou_matrix(targets, [here.rles[row] for row in kept])
        pairs = linear_sum_assignment(-iou)
        hits += (iou[pairs] > 0.5).sum()
        found += len(kept)
        people += len(targets)
    return hits / people, hits / found


def test_each_finds_many_and_errs(rendered, detections):
    """Good enough to track with, bad enough to need the method."""
    for table in detections:
        recall, precision = recall_and_precision(rendered, [table])
        assert 0.5 < recall < 0.9
        assert 0.7 < precision < 1


def test_together_they_find_more_than_either(rendered, detections):
    """They miss different people: that is what fusion is for."""
    alone = [recall_and_precision(rendered, [table])[0]
             for table in detections]
    together, precision = recall_and_precision(rendered, detections)
    assert together > max(alone) + 0.03
    assert precision > 0.7


def test_raw_masks_overlap(detections):
    """Duplicates are there to be suppressed."""
    for table in detections:
        duplicates = 0
        for _, rows in table.frame_slices():
            iom = iom_matrix(table.rles[rows], table.rles[rows])
            duplicates += (np.triu(iom, 1) > 0.5).sum()
        assert duplicates > SPEC.num_frames / 4


def test_tables_are_well_formed(detections, rendered):
    """Boxes lie in the image, scores are probabilities with 4 decimals."""
    height, width = rendered[1].size
    for table in detections:
        assert set(table.labels) == {2}
        assert (table.scores > 0).all()
        assert (table.scores < 1).all()
        assert (table.boxes[:, :2] <= table.boxes[:, 2:]).all()
        assert (table.boxes >= 0).all()
        assert (table.boxes <= [width, height] * 2).all()
        assert (np.diff(table.frames) >= 0).all()


def test_scores_tell_good_masks_from_bad_ones(detections, rendered):
    """A mask of a person scores higher, on average, than one of nobody."""
    truth = rendered[1]
    for table in detections:
        good = np.zeros(len(table), bool)
        for frame, rows in table.frame_slices():
            iou = iou_matrix(table.rles[rows],
                             truth.rles[truth.of_frame(frame)])
            good[rows] = iou.max(1) > 0.5
        assert (table.scores[good].mean()
                > table.scores[~good].mean() + 0.15)


def test_same_seed_same_detections(rendered, detections):
    """Determinism, whatever is rendered or detected before."""
    again = simulate_detector(ALPHA, rendered[0], SPEC.seed)
    assert again.rles == detections[0].rles
    assert np.array_equal(again.scores, detections[0].scores)


def test_no_frame_and_nobody_give_empty_tables():
    """An empty street is no error."""
    assert len(simulate_detector(ALPHA, [], 0)) == 0
    assert MIN_AREA > 0
