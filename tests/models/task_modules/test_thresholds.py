"""Rules against their definition, known densities, and every fallback."""
from __future__ import annotations

import statistics
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.models.task_modules.thresholds import crossing, three_sigma
from mmremots.registry import TASK_UTILS

similarities = st.lists(
    st.integers(-20, 20).map(lambda k: k / 20), min_size=1, max_size=30)


def balanced_error(threshold, negatives, positives):
    negatives, positives = np.asarray(negatives), np.asarray(positives)
    return (negatives > threshold).mean() + (positives <= threshold).mean()


def three_sigma_rule(**config):
    return TASK_UTILS.build({'type': 'ThreeSigmaThreshold', **config})


def crossing_rule(**config):
    return TASK_UTILS.build({'type': 'CrossingThreshold', **config})


@settings(max_examples=100, deadline=None)
@given(values=similarities)
def test_three_sigma(values):
    """Mean and population standard deviation, by the textbook."""
    assert three_sigma(values) == pytest.approx(
        statistics.fmean(values) + 3 * statistics.pstdev(values))


@settings(max_examples=500, deadline=None)
@given(negatives=similarities, positives=similarities)
def test_crossing_errs_as_little_as_any(negatives, positives):
    """Within a standard error of the best of all thresholds, and in range."""
    threshold = crossing(negatives, positives)
    values = sorted({*negatives, *positives})
    assert values[0] <= threshold <= values[-1]
    if len(values) == 1:
        return
    errors = {
        t: balanced_error(t, negatives, positives) for t in values[:-1]}
    least = min(errors.values())

    def deviation(t):
        wrong = np.array([
            np.mean(np.array(negatives) > t),
            np.mean(np.array(positives) <= t)])
        counts = [len(negatives), len(positives)]
        return np.sqrt((wrong * (1 - wrong) / counts).sum())

    allowed = max(
        deviation(t) for t, e in errors.items() if e < least + 1e-9)
    # The middle of a run of good thresholds is good itself, or bounds it.
    assert balanced_error(
        threshold, negatives, positives) <= least + allowed + 1e-9
    assert threshold == crossing(negatives[::-1], sorted(positives))


def test_crossing_of_apart_samples_is_the_middle():
    """However many there are on each side, and however few."""
    assert crossing([0.1, 0.2, 0.3] * 50, [0.7, 0.9]) == pytest.approx(0.5)
    assert crossing([0.2], [0.6]) == pytest.approx(0.4)
    assert crossing([0.5], [0.5]) == 0.5


@pytest.mark.parametrize('counts', [(2000, 2000), (40000, 500), (300, 9000)])
@pytest.mark.parametrize(('negative', 'positive', 'expected'), [
    # Of equal width they cross half way, overlapping a little or a lot.
    ((0.3, 0.1), (0.7, 0.1), 0.5),
    ((0.4, 0.1), (0.6, 0.1), 0.5),
    # The wider one reaches further.
    ((0.3, 0.1), (0.65, 0.05), 0.5236),
    # These cross twice: at 0.4103 and at 0.5834.
    ((0.5, 0.05), (0.6, 0.2), 0.5834),
    # These as well: at 0.4166 and at 0.5897.
    ((0.4, 0.2), (0.5, 0.05), 0.4166),
])
def test_crossing_of_normal_densities(counts, negative, positive, expected):
    """Known crossings, unequal sample sizes, several draws."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        threshold = crossing(
            rng.normal(*negative, counts[0]), rng.normal(*positive, counts[1]))
        assert threshold == pytest.approx(expected, abs=0.04)


def test_crossing_shrugs_off_outliers():
    """One person detected twice, one tracklet that jumped."""
    rng = np.random.default_rng(0)
    negatives = rng.normal(0.4, 0.05, 3000)
    positives = rng.normal(0.8, 0.05, 3000)
    clean = crossing(negatives, positives)
    dirty = crossing(
        np.append(negatives, [0.99, 0.97]), np.append(positives, [0.1, 0.3]))
    assert clean == pytest.approx(0.6, abs=0.03)
    assert dirty == pytest.approx(clean, abs=0.03)


@pytest.mark.parametrize('function', [
    three_sigma, lambda values: crossing(values, [1.0]),
    lambda values: crossing([0.0], values)])
@pytest.mark.parametrize('values', [[], [0.5, np.nan], [np.inf]])
def test_pure_functions_refuse(function, values):
    """Nothing and NaN have no threshold."""
    with pytest.raises(ValueError, match=r'no|finite'):
        function(values)


def test_three_sigma_rule():
    """The paper's rule where it works, without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        threshold = three_sigma_rule()([0.1, 0.2, 0.3])
    assert threshold == (
        pytest.approx(three_sigma([0.1, 0.2, 0.3])), 'three_sigma', '')


def test_three_sigma_above_one():
    """A colour histogram's case: nothing would associate."""
    rng = np.random.default_rng(0)
    values = np.tanh(rng.normal(1.2, 0.4, 5000))
    assert three_sigma(values) > 1
    with pytest.warns(UserWarning, match=r'99.7% quantile'):
        value, rule, note = three_sigma_rule()(values)
    assert rule == 'quantile'
    assert value == np.quantile(values, 0.997)
    assert f'{three_sigma(values):.4f}' in note


@pytest.mark.parametrize(('values', 'reason'), [
    ([], 'no frame has two masks'), ([1.0] * 9, 'sees no difference'),
    ([1 - 1e-9, 1 - 2e-9], 'sees no difference')])
def test_three_sigma_without_anything_to_go_by(values, reason):
    """Nobody to mix up, or no way to tell: every similarity passes."""
    with pytest.warns(UserWarning, match=reason):
        assert three_sigma_rule()(values)[:2] == (-1, 'none')
    with pytest.warns(UserWarning, match='0.9'):
        assert three_sigma_rule(fallback=0.9)(values).value == 0.9


def test_crossing_rule():
    """The paper's rule where it works, without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert crossing_rule()([0.2], [0.6]) == (
            pytest.approx(0.4), 'crossing', '')


@pytest.mark.parametrize(('positives', 'reason'), [
    ([], 'no tracklet has two observations'),
    ([0.1, 0.2], 'does not separate')])
def test_crossing_falls_back_on_three_sigma(positives, reason):
    """Different people are known all the same."""
    negatives = [0.2, 0.3, 0.4]
    with pytest.warns(UserWarning, match=reason):
        value, rule, _ = crossing_rule()(negatives, positives)
    assert (value, rule) == (three_sigma(negatives), 'three_sigma')


def test_crossing_with_one_person_at_a_time():
    """Less alike than that person ever is."""
    positives = [0.8, 0.9, 0.85]
    with pytest.warns(UserWarning, match='mean - 3 sigma'):
        value, rule, _ = crossing_rule()([], positives)
    assert rule == 'positives'
    assert value == pytest.approx(
        np.mean(positives) - 3 * np.std(positives))


@pytest.mark.parametrize('negatives', [[], [1.0, 1.0]])
def test_crossing_without_anything_to_go_by(negatives):
    """Then nothing merges: 1 - theta is 0."""
    with pytest.warns(UserWarning, match='the threshold is 1'):
        value, rule, note = crossing_rule()(negatives, [])
    assert (value, rule) == (1, 'none')
    assert 'no tracklet has two observations' in note


@pytest.mark.parametrize('arguments', [
    ([np.nan], [0.5]), ([0.5], [np.nan]), ([], [np.nan]), ([np.nan], [])])
def test_rules_refuse_nan(arguments):
    """A fallback must not hide a broken encoder."""
    with pytest.raises(ValueError, match='finite'):
        crossing_rule()(*arguments)


def test_bad_quantile():
    """Told when the config is read."""
    with pytest.raises(ValueError, match='quantile'):
        three_sigma_rule(quantile=99.7)
