"""Equations 1 and 2, assignment and tracks against slow literal versions."""
from __future__ import annotations

import warnings
from itertools import combinations, permutations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import table_of

from mmremots.formats import read_mots
from mmremots.models.motion import DenseFlow, warp_labels
from mmremots.models.task_modules.thresholds import crossing, three_sigma
from mmremots.models.trackers import (
    adjacent_overlaps,
    frames_to_read,
    sure_similarities,
)
from mmremots.models.trackers.association import (
    associate,
    chains,
    short_term_cost,
)
from mmremots.models.trackers.overlaps import label_overlaps
from mmremots.models.trackers.short_term_tracker import ShortTermTracker
from mmremots.registry import MODELS
from mmremots.structures import Overlaps, sure_links
from mmremots.structures.masks import (
    decode_mask,
    iou_matrix,
    rles_from_label_map,
)

seeds = st.integers(0, 2**32 - 1)


def literal_best(cost):
    """Most pairs, then least total, over all assignments there are."""
    num, other = cost.shape
    best = (0, 0.0)
    for size in range(1, min(num, other) + 1):
        for rows in combinations(range(num), size):
            for columns in permutations(range(other), size):
                total = sum(
                    cost[pair] for pair in zip(rows, columns, strict=True))
                if np.isfinite(total):
                    best = min(best, (-size, total))
    return best


@settings(max_examples=100, deadline=None)
@given(seed=seeds, n=st.integers(0, 6), m=st.integers(0, 6),
       height=st.integers(1, 30), width=st.integers(1, 30))
def test_label_overlaps(seed, n, m, height, width):
    """IoU of the masks one by one; masks that are nowhere have 0."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, n + 1, (height, width))
    b = rng.integers(0, m + 1, (height, width))
    if width % 2:  # Long runs, and other types.
        a, b = np.sort(a, axis=1).astype(np.uint8), np.sort(b).astype('i2')
    iou = label_overlaps(a, b, n, m)
    assert iou.shape == (n, m)
    for i in range(n):
        for j in range(m):
            inter = np.logical_and(a == i + 1, b == j + 1).sum()
            union = np.logical_or(a == i + 1, b == j + 1).sum()
            assert iou[i, j] == (inter / union if union else 0)


def test_label_overlaps_of_very_many_masks():
    """More pairs than int16 counts, from maps of int16."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 301, (2, 60, 60)).astype(np.int16)
    iou = label_overlaps(a, b, 300, 300)
    for i, j in [*rng.integers(0, 300, (20, 2)), (a[0, 0] - 1, b[0, 0] - 1)]:
        union = np.count_nonzero((a == i + 1) | (b == j + 1))
        inter = np.count_nonzero((a == i + 1) & (b == j + 1))
        assert iou[i, j] == inter / union


@pytest.mark.parametrize('labels', [[[0, 3]], [[-1, 0]], [[0], [0]]])
def test_label_overlaps_refuses(labels):
    """A label out of range would count for another mask."""
    with pytest.raises(ValueError, match='label'):
        label_overlaps(np.array(labels), np.array([[0, 1]]), 2, 1)


@settings(max_examples=200, deadline=None)
@given(seed=seeds, n=st.integers(0, 5), m=st.integers(0, 5),
       dims=st.integers(1, 4), theta=st.sampled_from([-1, 0, 0.5, 0.9, 1]))
def test_short_term_cost(seed, n, m, dims, theta):
    """Equations 1 and 2, entry by entry; small integers make exact ties."""
    rng = np.random.default_rng(seed)
    iou = rng.choice([0, 0.001, 0.5, 1], (n, m))
    prev = rng.integers(-2, 3, (n, dims)).astype(float)
    curr = rng.integers(-2, 3, (m, dims)).astype(float)
    cost = short_term_cost(iou, prev, curr, theta)
    assert cost.shape == (n, m)
    for i in range(n):
        for j in range(m):
            length = np.linalg.norm(prev[i]) * np.linalg.norm(curr[j])
            w = 1 - (prev[i] @ curr[j] / length if length else 0)
            if iou[i, j] == 0:
                assert cost[i, j] == np.inf
            elif abs(w - (1 - theta)) > 1e-9:
                expected = np.inf if w > 1 - theta else w
                assert cost[i, j] == pytest.approx(expected, abs=1e-12)


def test_theta_of_minus_one_is_no_gate():
    """Rounding must not forbid opposite features."""
    prev = np.random.default_rng(0).normal(size=(50, 300))
    cost = short_term_cost(np.ones((50, 50)), prev, -prev, -1.0)
    assert np.isfinite(cost).all()


def test_short_term_cost_refuses():
    """NaN features would silently forbid everything."""
    with pytest.raises(ValueError, match='finite'):
        short_term_cost(np.ones((1, 1)), [[np.nan]], [[1.0]], 0)
    with pytest.raises(ValueError, match=r'\(1, 2\)'):
        short_term_cost(np.ones((1, 2)), [[1.0]], [[1.0]], 0)


@settings(max_examples=300, deadline=None)
@given(seed=seeds, n=st.integers(0, 4), m=st.integers(0, 5),
       scale=st.sampled_from([1, 1e-6, 1e9, -1]))
def test_associate_is_the_best_assignment(seed, n, m, scale):
    """Against all assignments; small integers make ties."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 4, (n, m)) * float(scale)
    cost[rng.random((n, m)) < rng.random()] = np.inf
    pairs = associate(cost)
    assert pairs.shape == (len(pairs), 2)
    assert pairs.dtype == np.int64
    rows, columns = pairs.T
    assert (np.diff(rows) > 0).all()
    assert len(set(columns)) == len(columns)
    assert np.isfinite(cost[rows, columns]).all()
    size, total = literal_best(cost)
    assert len(pairs) == -size
    assert cost[rows, columns].sum() == pytest.approx(total)
    np.testing.assert_array_equal(pairs, associate(cost.copy()))


def test_associate_never_takes_a_forbidden_pair():
    """Not even when a row has no other, or all others are taken."""
    inf = np.inf
    assert associate([[inf, inf], [0.9, 0.1]]).tolist() == [[1, 1]]
    assert associate([[0.5, inf], [0.1, inf]]).tolist() == [[1, 0]]
    assert associate(np.full((3, 3), inf)).shape == (0, 2)


def test_associate_refuses():
    """A NaN is no cost."""
    with pytest.raises(ValueError, match='NaN'):
        associate([[np.nan]])
    with pytest.raises(ValueError, match='-inf'):
        associate([[-np.inf]])
    with pytest.raises(ValueError, match='shape'):
        associate([1.0])


def test_frames_to_read():
    """Frames with masks beside frames with masks."""
    assert frames_to_read([1, 2, 2, 4, 6, 7, 9], 9).tolist() == [
        True, True, False, False, False, True, True, False, False]
    assert frames_to_read([], 3).tolist() == [False] * 3


def random_video(rng, num_frames):
    """Moving stripes with holes: a table of disjoint masks, and flows."""
    size = (int(rng.integers(2, 20)), int(rng.integers(2, 20)))
    frames, labels, rles, features = [], [], [], []
    for t in range(1, num_frames + 1):
        num = int(rng.integers(0, 5))
        labels_map = np.kron(
            rng.integers(0, num + 1, (4, 4)), np.ones((5, 5), int))
        masks = rles_from_label_map(
            np.ascontiguousarray(labels_map[:size[0], :size[1]]), num)
        frames += [t] * num
        rles += masks
        labels += rng.choice([1, 2], num, p=[0.2, 0.8]).tolist()
        features += rng.normal(size=(num, 3)).tolist()
    flows = [
        rng.normal(0, 3, (*size, 2)).astype(np.float32)
        for _ in range(num_frames - 1)]
    return (np.array(frames, int), np.array(labels, int), rles,
            np.array(features).reshape(-1, 3), size), flows


def literal_link(table, num_frames, theta, flows):
    """One mask at a time, pair by pair."""
    frames, labels, rles, features, _ = table
    masks = [decode_mask(rle) for rle in rles]
    ids, started = np.zeros(len(frames), int), 0
    for t in range(1, num_frames + 1):
        prev, curr = np.flatnonzero(frames == t - 1), np.flatnonzero(
            frames == t)
        cost = np.full((len(prev), len(curr)), np.inf)
        for i, p in enumerate(prev):
            moved = masks[p]
            if flows is not None:
                moved = warp_labels(moved, flows[t - 2])
            for j, c in enumerate(curr):
                union = (moved | masks[c]).sum()
                iou = (moved & masks[c]).sum() / union if union else 0
                if labels[p] == labels[c]:
                    cost[i, j] = short_term_cost(
                        [[iou]], features[[p]], features[[c]], theta)[0, 0]
        for i, j in associate(cost):
            ids[curr[j]] = ids[prev[i]]
        for c in curr:
            if ids[c] == 0:
                started += 1
                ids[c] = started
    return ids


@settings(max_examples=100, deadline=None)
@given(seed=seeds, num_frames=st.integers(1, 6),
       theta=st.sampled_from([-1, 0, 0.5]), moving=st.booleans())
def test_link(seed, num_frames, theta, moving):
    """The literal version's ids, and what must hold of any ids."""
    table, flows = random_video(np.random.default_rng(seed), num_frames)
    flows = flows if moving else None
    frames, labels, rles, features, size = table
    overlaps = adjacent_overlaps(frames, rles, size, num_frames, flows)
    assert (np.diff(overlaps.current) >= 0).all()
    assert ((overlaps.iou > 0) & (overlaps.iou <= 1)).all()
    ids = ShortTermTracker().link(frames, labels, features, overlaps, theta)
    np.testing.assert_array_equal(
        ids, literal_link(table, num_frames, theta, flows))
    # Every mask has an id, an id stands once in a frame, ids count from 1 in
    # order of appearance, and a tracklet has no holes and one class.
    assert ids.dtype == np.int64
    assert len(set(zip(frames, ids, strict=True))) == len(ids)
    first = [frames[ids == k][0] for k in range(1, ids.max(initial=0) + 1)]
    assert first == sorted(first)
    for k in np.unique(ids):
        assert (np.diff(frames[ids == k]) == 1).all()
        assert len(set(labels[ids == k])) == 1


def test_overlaps_need_no_flow_beside_empty_frames():
    """None stands for flows of images that frames_to_read leaves out."""
    (frames, _, rles, _, size), flows = random_video(
        np.random.default_rng(3), 12)
    needed = frames_to_read(frames, 12)
    assert not needed.all()
    sparse = [
        flow if a and b else None
        for flow, a, b in zip(flows, needed[:-1], needed[1:], strict=True)]
    for a, b in zip(adjacent_overlaps(frames, rles, size, 12, iter(sparse)),
                    adjacent_overlaps(frames, rles, size, 12, flows),
                    strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('sure_only', [False, True])
def test_track_of_nothing(sure_only):
    """A video without masks has no size to know and reads no flow."""
    overlaps = adjacent_overlaps([], [], None, 9, iter([]))
    ids, evidence = ShortTermTracker(sure_only=sure_only).track(
        table_of([]), np.zeros((0, 4)), overlaps, 25.0)
    assert ids.shape == (0,)
    assert ids.dtype == np.int64
    assert evidence == {}


def test_overlaps_refuse():
    """Each mistake by name."""
    (frames, _, rles, _, size), flows = random_video(
        np.random.default_rng(3), 12)
    with pytest.raises(ValueError, match=r'before frame 12$'):
        adjacent_overlaps(frames, rles, size, 12, flows[:-1])
    with pytest.raises(ValueError, match='no flow from frame'):
        adjacent_overlaps(frames, rles, size, 12, [None] * 11)
    with pytest.raises(ValueError, match='within 1 to 3'):
        adjacent_overlaps(frames, rles, size, 3)
    with pytest.raises(ValueError, match='ascending'):
        adjacent_overlaps(frames[::-1], rles, size, 12)
    with pytest.raises(ValueError, match='rles'):
        adjacent_overlaps(frames[1:], rles, size, 12)
    with pytest.raises(ValueError, match='size'):
        adjacent_overlaps(frames, rles, None, 12)
    with pytest.raises(ValueError, match='flow'):
        adjacent_overlaps(
            frames, rles, size, 12, [np.zeros((1, 1, 2), np.float32)] * 11)


@pytest.mark.parametrize('sure_only', [False, True])
def test_track_refuses(sure_only):
    """Overlaps of other masks would link whatever has their rows."""
    tracker = ShortTermTracker(sure_only=sure_only)
    none = Overlaps(np.zeros(0, int), np.zeros(0, int), np.zeros(0))

    def link(frames, labels, features, overlaps):
        return tracker.link(frames, labels, features, overlaps, 0.5)

    def track(frames, labels, features, overlaps):
        return tracker.track(
            table_of(frames, labels), features, overlaps, 25.0)

    for function in (link, track):
        for prev, curr in ((0, 2), (1, 0), (0, 3), (-1, 0)):
            overlaps = Overlaps(
                np.array([prev]), np.array([curr]), np.ones(1))
            with pytest.raises(ValueError, match='not of these masks'):
                function([1, 2, 3], [2, 2, 2], np.ones((3, 2)), overlaps)
        with pytest.raises(ValueError, match='2 features'):
            function([1, 2, 3], [2, 2, 2], np.ones((2, 2)), none)
    with pytest.raises(ValueError, match='4 labels'):
        link([1, 2, 3], [2] * 4, np.ones((3, 2)), none)


def test_threshold_is_configured():
    """The rule for theta can be another one."""
    tracker = ShortTermTracker({'type': 'ThreeSigmaThreshold', 'quantile': 1})
    assert tracker.threshold([0.1, 0.1, 0.5]).rule == 'three_sigma'
    assert tracker.threshold.quantile == 1


def literal_sure(prev, curr, iou, labels):
    """Pair by pair: overlaps enough, and no other that might be meant."""
    pairs = [(a, b) for a, b, value in zip(prev, curr, iou, strict=True)
             if labels[a] == labels[b] and value >= 0.1]
    return [
        (a, b) in pairs and value >= 0.3
        and sum(a == x for x, _ in pairs) == 1
        and sum(b == y for _, y in pairs) == 1
        for a, b, value in zip(prev, curr, iou, strict=True)]


@settings(max_examples=300, deadline=None)
@given(seed=seeds, num=st.integers(1, 6))
def test_sure_links_of_any_overlaps(seed, num):
    """Against the literal version; values at both limits count as above."""
    rng = np.random.default_rng(seed)
    found = np.argwhere(rng.random((num, num)) < rng.random())
    overlaps = Overlaps(
        found[:, 1], found[:, 0] + num,
        rng.choice([0.05, 0.1, 0.2, 0.3, 0.9], len(found)))
    labels = rng.choice([1, 2], 2 * num)
    sure = sure_links(overlaps, labels)
    assert sure.tolist() == literal_sure(*overlaps, labels)
    for rows in (overlaps.previous[sure], overlaps.current[sure]):
        assert len(set(rows.tolist())) == len(rows)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, num_frames=st.integers(1, 6))
def test_sure_similarities(seed, num_frames):
    """The dot product of each sure pair of a video of masks."""
    rng = np.random.default_rng(seed)
    (frames, labels, rles, features, size), flows = random_video(
        rng, num_frames)
    overlaps = adjacent_overlaps(frames, rles, size, num_frames, flows)
    sure = literal_sure(*overlaps, labels)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    expected = [unit[a] @ unit[b] for a, b, s in zip(
        overlaps.previous, overlaps.current, sure, strict=True) if s]
    np.testing.assert_allclose(
        sure_similarities(features, labels, overlaps), expected, atol=1e-12)


def test_a_rival_of_another_class_is_none():
    """A car beside a person does not make the person's link unsure."""
    overlaps = Overlaps(np.array([0, 0, 1]), np.array([2, 3, 3]),
                        np.array([0.8, 0.1, 0.7]))
    assert sure_links(overlaps, [2, 1, 2, 1]).tolist() == [True, False, True]
    assert sure_links(overlaps, [2, 2, 2, 2]).tolist() == [False] * 3


def test_who_touches_is_no_rival():
    """A pixel of a neighbour leaves a link sure, a tenth of him does not."""
    for touch, sure in ((0.09, True), (0.1, False)):
        overlaps = Overlaps(np.array([0, 1, 1]), np.array([2, 2, 3]),
                            np.array([0.3, touch, 0.8]))
        assert sure_links(overlaps, [2] * 4).tolist() == [sure, False, sure]


@given(seed=seeds, num=st.integers(0, 12))
def test_chains(seed, num):
    """Ids are what is linked, step by step, in order of the first row."""
    rng = np.random.default_rng(seed)
    free, links = set(range(num)), {}
    for row in range(num):
        later = [k for k in free if k > row]
        if later and rng.random() < 0.7:
            links[row] = int(rng.choice(later))
            free.remove(links[row])
    order = rng.permutation(list(links)).astype(int)
    ids = chains(num, order, np.array([links[a] for a in order], int))
    assert ids.dtype == np.int64
    expected, seen = [], set()
    for row in range(num):
        if row not in seen:
            expected.append([row])
            while expected[-1][-1] in links:
                expected[-1].append(links[expected[-1][-1]])
            seen.update(expected[-1])
    assert [np.flatnonzero(ids == k).tolist()
            for k in range(1, len(expected) + 1)] == expected
    assert ids.max(initial=0) == len(expected)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, num_frames=st.integers(1, 6))
def test_sure_only(seed, num_frames):
    """Chains of the literal version's links, whatever the features."""
    rng = np.random.default_rng(seed)
    (frames, labels, rles, features, size), flows = random_video(
        rng, num_frames)
    overlaps = adjacent_overlaps(frames, rles, size, num_frames, flows)
    expected, before = np.zeros(len(frames), int), {
        int(b): int(a) for a, b, sure in zip(
            overlaps.previous, overlaps.current,
            literal_sure(*overlaps, labels), strict=True) if sure}
    for row in range(len(frames)):
        expected[row] = expected[before[row]] if row in before else (
            expected.max(initial=0) + 1)
    tracker = MODELS.build({'type': 'ShortTermTracker', 'sure_only': True})
    for looks in (features, -features, np.full_like(features, np.nan)):
        ids, evidence = tracker.track(
            table_of(frames, labels), looks, overlaps, 25.0)
        assert ids.tolist() == expected.tolist()
        assert evidence == {}


@pytest.mark.filterwarnings('ignore::UserWarning')
@settings(max_examples=100, deadline=None)
@given(seed=seeds, num_frames=st.integers(1, 8), sure_only=st.booleans(),
       bounded=st.booleans())
def test_classes_are_tracked_by_themselves(
        seed, num_frames, sure_only, bounded):
    """As if each had a video of its own: links, thresholds and their data.

    Ids count from 1 in order of first appearance, over all classes.
    """
    (frames, labels, rles, features, size), flows = random_video(
        np.random.default_rng(seed), num_frames)
    tracker = ShortTermTracker(
        at_most_crossing=bounded, sure_only=sure_only)
    ids, evidence = tracker.track(
        table_of(frames, labels), features,
        adjacent_overlaps(frames, rles, size, num_frames, flows), 25.0)
    assert list(evidence) == (
        [] if sure_only else np.unique(labels).tolist())
    first = [np.flatnonzero(ids == k)[0]
             for k in range(1, ids.max(initial=0) + 1)]
    assert first == sorted(first)
    assert not set(ids[labels == 1]) & set(ids[labels == 2])
    for label in np.unique(labels):
        of = np.flatnonzero(labels == label)
        alone, its_own = tracker.track(
            table_of(frames[of], labels[of]), features[of],
            adjacent_overlaps(
                frames[of], [rles[row] for row in of], size, num_frames,
                flows), 25.0)
        pairs = set(zip(alone.tolist(), ids[of].tolist(), strict=True))
        assert len(pairs) == len(set(alone)) == len(set(ids[of]))
        if not sure_only:
            for mine, its in zip(
                    evidence[label], its_own[label], strict=True):
                np.testing.assert_array_equal(mine, its)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, num_frames=st.integers(2, 6))
@pytest.mark.filterwarnings('ignore::UserWarning')
def test_track_takes_theta_from_the_video(seed, num_frames):
    """One class: the rule of its pairs, then links by the literal version."""
    table, flows = random_video(np.random.default_rng(seed), num_frames)
    frames, labels, rles, features, size = table
    labels[:] = 2
    if not len(frames):
        return
    ids, evidence = ShortTermTracker().track(
        table_of(frames, labels), features,
        adjacent_overlaps(frames, rles, size, num_frames, flows), 25.0)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    different = [unit[a] @ unit[b] for a in range(len(frames))
                 for b in range(a + 1, len(frames)) if frames[a] == frames[b]]
    threshold = evidence[2].threshold
    np.testing.assert_allclose(
        sorted(evidence[2].different), sorted(different), atol=1e-12)
    if threshold.rule == 'three_sigma':
        assert threshold.value == pytest.approx(three_sigma(different))
    np.testing.assert_array_equal(
        ids, literal_link(table, num_frames, threshold.value, flows))


def test_theta_is_bounded_by_the_crossing():
    """Only where the paper's rule would forbid most true links."""
    rng = np.random.default_rng(0)
    tailed = np.append(rng.normal(0, 0.1, 1000), rng.normal(0.5, 0.2, 100))
    paper, bounded = ShortTermTracker(), ShortTermTracker(
        at_most_crossing=True)
    for different, center, rule in (
            (rng.normal(0, 0.1, 1000), 0.9, 'three_sigma'),
            (tailed, 0.4, 'crossing')):
        same = rng.normal(center, 0.05, 1000)
        theta = bounded.theta(different, same)
        assert theta.rule == rule
        expected = {'three_sigma': three_sigma(different),
                    'crossing': crossing(different, same)}
        assert theta.value == min(expected.values()) == expected[rule]
        theta = paper.theta(different, same)
        assert theta == (expected['three_sigma'], 'three_sigma', '')


@pytest.mark.parametrize(('different', 'same'), [
    ([0.1, 0.2], []), ([0.3, 0.4], [0.2, 0.1])])
def test_no_bound_where_nothing_tells(different, same):
    """No sure link, or links less alike than different people."""
    theta = ShortTermTracker(at_most_crossing=True).theta(different, same)
    assert theta == (three_sigma(different), 'three_sigma', '')


def test_a_fallback_is_told_where_it_is_used():
    """The bound takes its place in silence, or it is told as before."""
    different = [0.0] * 50 + [0.9] * 50
    tracker = ShortTermTracker(at_most_crossing=True)
    with pytest.warns(UserWarning, match='nothing exceeds'):
        theta = tracker.theta(different, [])
    assert theta.rule == 'quantile'
    with pytest.warns(UserWarning, match='nothing exceeds'):
        assert tracker.theta(different, [0.99] * 9) == theta
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        theta = tracker.theta(different, [0.5] * 90 + [0.95] * 10)
    assert theta.rule == 'crossing'


def test_real_masks(pedestrians):
    """Known people on real masks: a tracklet is a visible stretch of one."""
    observations, people = read_mots(
        pedestrians / 'TUD-Campus' / 'gt' / 'gt.txt')
    _, person = np.unique(people, return_inverse=True)
    frames = observations.frames
    features = np.eye(person.max() + 1)[person]
    overlaps = adjacent_overlaps(
        frames, observations.rles, observations.size, 71)
    ids = ShortTermTracker().link(
        frames, observations.labels, features, overlaps, 0.5)
    for k in np.unique(ids):
        assert len(set(person[ids == k])) == 1
    for row in range(len(ids)):
        before = np.flatnonzero(
            (frames == frames[row] - 1) & (person == person[row]))
        if len(before) and iou_matrix(
                [observations.rles[before[0]]],
                [observations.rles[row]])[0, 0]:
            assert ids[row] == ids[before[0]]


def test_real_flow(pedestrians):
    """On real frames, warped masks lie on the next ones better than raw."""
    folder = pedestrians / 'TUD-Campus'
    observations, people = read_mots(folder / 'gt' / 'gt.txt')
    images = [
        cv2.imread(str(folder / 'img1' / f'{t:06d}.jpg')) for t in (20, 21)]
    flow = next(DenseFlow('dis').flows(images))
    overlaps = []
    for person in np.intersect1d(
            people[observations.of_frame(20)],
            people[observations.of_frame(21)]):
        prev, curr = (
            decode_mask(observations.rles[np.flatnonzero(
                (observations.frames == t) & (people == person))[0]])
            for t in (20, 21))
        overlaps.append([
            label_overlaps(moved, curr, 1, 1)[0, 0]
            for moved in (prev, warp_labels(prev, flow))])
    raw, warped = np.mean(overlaps, axis=0)
    assert warped > raw > 0.5


def test_overlaps_of_some_masks() -> None:
    """Rows are counted anew; a pair goes with either of its masks."""
    found = Overlaps(
        np.array([0, 1, 1, 2]), np.array([2, 2, 3, 4]),
        np.array([.5, .2, .4, .9])).among(np.array([0, 2, 4]), 5)
    assert found.previous.tolist() == [0, 1]
    assert found.current.tolist() == [1, 2]
    assert found.iou.tolist() == [.5, .9]
