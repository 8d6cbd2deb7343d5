"""Who is on an observation, and how well features find people again."""
from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.evaluation.embedding_quality import (
    NOBODY,
    PART,
    match_to_truth,
    retrieval_scores,
)
from mmremots.formats.observation_files import read_mots
from mmremots.structures.masks import (
    iom_matrix,
    iou_matrix,
    rle_bbox,
    rles_from_label_map,
)
from mmremots.structures.observations import Observations

H, W = 6, 8


def table(maps: list[np.ndarray], labels: list[int]) -> Observations:
    """Observations of label maps, one a frame, three masks in each."""
    rles = [rle for labels_of in maps
            for rle in rles_from_label_map(labels_of, 3)]
    n = len(rles)
    return Observations(
        np.repeat(np.arange(1, len(maps) + 1), 3),
        rle_bbox(rles).astype(np.float32), np.ones(n, np.float32),
        np.resize(np.array(labels), n), rles, (H, W))


def literal_matching(iou: np.ndarray, thr: float) -> tuple[int, float]:
    """Pairs and their IoU in the best of all one-to-one pairings."""
    best = (0, 0.0)
    for order in permutations(range(iou.shape[1])):
        values = [iou[i, j] for i, j in enumerate(order) if iou[i, j] >= thr]
        best = max(best, (len(values), sum(values)))
    return best


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.3, 0.5]))
def test_pairing_is_the_best_there_is(seed, thr):
    """Against all permutations: most pairs, then most IoU."""
    rng = np.random.default_rng(seed)
    ours, theirs = (
        table([np.repeat(rng.integers(0, 4, (H, W // 4)), 4, axis=1)
               for _ in range(2)], [2]) for _ in range(2))
    ids = np.tile([7, 0, 5], 2)
    found = match_to_truth(ours, theirs, ids, thr)
    for rows in (slice(0, 3), slice(3, 6)):
        iou = iou_matrix(ours.rles[rows], theirs.rles[rows])
        mine = found[rows]
        taken = np.flatnonzero(mine >= 0)
        assert len(set(mine[taken])) == len(taken), 'one to one'
        values = [iou[k, [7, 0, 5].index(mine[k])] for k in taken]
        assert all(value >= thr for value in values)
        pairs, total = literal_matching(iou, thr)
        assert len(taken) == pairs
        assert sum(values) == pytest.approx(total)
        iom = iom_matrix(ours.rles[rows], theirs.rles[rows]).max(axis=1)
        assert [value == PART for value in mine] == [
            value < 0 and nearest >= thr
            for value, nearest in zip(mine, iom, strict=True)]


def test_a_part_of_a_person_is_not_nobody():
    """The legs of a person, and a person with the wall behind him."""
    body, legs, wall, both = np.zeros((4, H, W), np.int32)
    body[:, 2:4], legs[4:, 2:4], wall[:, 5:], both[:, 1:6] = 1, 1, 1, 1
    truth = table([body], [2])
    for found, who in ((body, 8), (legs, PART), (both, PART),
                       (wall, NOBODY)):
        assert match_to_truth(
            table([found], [2]), truth, [8, 0, 0])[0] == who
    cars = table([legs], [1])
    assert match_to_truth(cars, truth, [8, 0, 0])[0] == NOBODY


def test_only_masks_of_one_frame_and_class_match():
    """The same pixels a frame later, or of a car, are somebody else."""
    labels_of = np.zeros((H, W), np.int32)
    for k in range(3):
        labels_of[2 * k:2 * k + 2] = k + 1
    one = table([labels_of], [2])
    later = table([np.zeros_like(labels_of), labels_of], [2])
    assert match_to_truth(one, one, [4, 5, 6]).tolist() == [4, 5, 6]
    assert match_to_truth(one, later, [1, 2, 3, 4, 5, 6]).tolist() == [-1] * 3
    cars = table([labels_of], [1, 2, 1])
    assert match_to_truth(cars, one, [4, 5, 6]).tolist() == [-1, 5, -1]
    nobody = Observations.empty((H, W))
    assert match_to_truth(one, nobody, []).tolist() == [-1, -1, -1]
    assert match_to_truth(nobody, one, [4, 5, 6]).shape == (0,)
    with pytest.raises(ValueError, match='3 annotated masks'):
        match_to_truth(one, one, [1])
    with pytest.raises(ValueError, match='below 0'):
        match_to_truth(one, one, [1, -1, 2])


def test_annotation_matches_itself(pedestrians: Path):
    """Real masks: everybody is found, each as himself."""
    truth, ids = read_mots(pedestrians / 'TUD-Campus' / 'gt' / 'gt.txt')
    assert match_to_truth(truth, truth, ids).tolist() == ids.tolist()


def literal_scores(features, frames, identities, min_gap):
    """Rank by rank, as the definition reads."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    firsts, precisions = [], []
    for i, person in enumerate(identities):
        if person < 0:
            continue
        gallery = sorted(
            (-np.float32(unit[i] @ unit[j]), identities[j] == person)
            for j in range(len(frames)) if identities[j] != PART
            and abs(frames[i] - frames[j]) > min_gap)
        right = [bool(same) for _, same in gallery]
        if not any(right):
            continue
        firsts.append(right[0])
        precisions.append(np.mean([
            sum(right[:rank]) / rank
            for rank in range(1, len(right) + 1) if right[rank - 1]]))
    if not firsts:
        return {}
    return {'rank1': 100 * np.mean(firsts),
            'mAP': 100 * np.mean(precisions), 'queries': len(firsts)}


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_scores_are_those_of_the_definition(seed, min_gap):
    """Ties included: few directions, all orthogonal, so cosines are exact."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    features = np.eye(4)[rng.integers(0, 4, n)] * 2.0
    frames = rng.integers(1, 12, n)
    identities = rng.integers(PART, 4, n)
    expected = literal_scores(features, frames, identities, min_gap)
    assert retrieval_scores(features, frames, identities, min_gap) == (
        pytest.approx(expected))


def test_more_queries_than_a_block():
    """Blocks are a matter of memory, not of results."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((600, 8))
    frames, identities = rng.integers(1, 200, 600), rng.integers(-1, 9, 600)
    expected = literal_scores(features, frames, identities, 10)
    assert expected['queries'] > 300
    assert retrieval_scores(features, frames, identities) == (
        pytest.approx(expected, abs=1e-3))


def test_an_encoder_that_sees_no_difference_gets_no_credit():
    """Wrong answers come first among equals, whatever the order of rows."""
    frames, identities = np.arange(0, 80, 20), np.array([0, 0, 1, -1])
    scores = retrieval_scores(np.ones((4, 3)), frames, identities)
    assert scores == pytest.approx(
        {'rank1': 0, 'mAP': 100 / 3, 'queries': 2})


def test_near_copies_do_not_count():
    """A person seen in nearby frames only is not asked for."""
    frames, identities = np.array([1, 2, 11, 12]), np.zeros(4, int)
    assert retrieval_scores(np.ones((3, 2)), frames[:3], identities[:3]) == {}
    assert retrieval_scores(np.ones((4, 3)), frames, identities) == {
        'rank1': 100, 'mAP': 100, 'queries': 2}
    assert retrieval_scores(np.zeros((0, 4)), [], []) == {}


def test_input_is_checked():
    """Lengths, numbers, the gap."""
    with pytest.raises(ValueError, match='frames of shape'):
        retrieval_scores(np.ones((3, 2)), [1, 2], [0, 0, 0])
    with pytest.raises(ValueError, match='not finite'):
        retrieval_scores(np.full((2, 2), np.nan), [1, 2], [0, 0])
    with pytest.raises(ValueError, match='min_gap'):
        retrieval_scores(np.ones((1, 2)), [1], [0], -1)
