"""Thresholds that the video itself gives (paper, sections 2.3 and 2.5)."""
from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.registry import TASK_UTILS

#: Above this a similarity is that of copies, up to rounding: a threshold
#: here lets nothing through.
_TOP = 1 - 1e-6


class Threshold(NamedTuple):
    """A similarity threshold and where it comes from.

    Attributes:
        value: Cosine similarity.
        rule: ``three_sigma`` or ``crossing`` as in the paper, the latter
            in short-term tracking where it bounds the former; else the
            fallback that gave the value: ``quantile``, ``positives`` or
            ``none``.
        note: What happened, where a fallback gave the value; else empty.
    """

    value: float
    rule: str
    note: str = ''


class Evidence(NamedTuple):
    """A threshold and the similarities that it was taken from.

    Attributes:
        threshold: The threshold.
        different: (P,) similarities of different people.
        same: (Q,) similarities of one person.
    """

    threshold: Threshold
    different: NDArray[np.float64]
    same: NDArray[np.float64]


def three_sigma(similarities: ArrayLike) -> float:
    """Mean + 3 standard deviations (paper, section 2.3 and Figure 4).

    Similarities of different people are about normal; a pair above this is
    more alike than different people in this video are.

    Args:
        similarities: (P,) cosine similarities of different people, P >= 1.

    Returns:
        The threshold; it may be 1 or more.

    Raises:
        ValueError: If there is no similarity or one is not finite.
    """
    values = _finite(similarities, 'similarities')
    return float(values.mean() + 3 * values.std())


def crossing(negatives: ArrayLike, positives: ArrayLike) -> float:
    """Where two histograms cross (paper, section 2.5 and Figure 5).

    Merging takes pairs with a similarity above t for one person. What it
    then gets wrong is ``P(negative > t) + P(positive <= t)``, each share
    counted within its own histogram. Its derivative is the difference of the
    two densities, so it is least where the positives' density rises above
    that of the negatives: this is their crossing, found on the samples
    themselves, without bins. Where they cross twice it is the crossing that
    separates best, and where a gap lies between them it is the gap.

    The least error of a sample jitters. So all thresholds around it count
    whose error is within one standard error of the least, and the middle of
    their range is the result: the middle of the gap where there is one.

    Args:
        negatives: (P,) similarities of different people, P >= 1.
        positives: (Q,) similarities of one person, Q >= 1.

    Returns:
        The threshold, within the range of the similarities.

    Raises:
        ValueError: If one of them is empty or not finite.
    """
    different = np.sort(_finite(negatives, 'similarities of different people'))
    same = np.sort(_finite(positives, 'similarities of one person'))
    values = np.unique(np.concatenate([different, same]))
    if len(values) == 1:
        return float(values[0])

    # Errors are constant from one value up to the next.
    joined = 1 - np.searchsorted(
        different, values[:-1], side='right') / len(different)
    split = np.searchsorted(same, values[:-1], side='right') / len(same)
    error = joined + split
    best = int(np.argmin(error))
    deviation = np.sqrt(
        joined[best] * (1 - joined[best]) / len(different)
        + split[best] * (1 - split[best]) / len(same))
    rounding = 1e-12
    as_good = error <= error[best] + deviation + rounding
    turns = np.flatnonzero(np.diff(as_good, prepend=False, append=False))
    starts, stops = turns[::2], turns[1::2]
    # Several ranges may hold a threshold of the least error: the widest.
    least = np.flatnonzero(error <= error[best] + rounding)
    holds = np.searchsorted(least, starts) < np.searchsorted(least, stops)
    low, high = values[starts[holds]], values[stops[holds]]
    widest = int(np.argmax(high - low))
    return float((low[widest] + high[widest]) / 2)


@TASK_UTILS.register_module()
class ThreeSigmaThreshold:
    """Mean + 3 sigma of the intra-frame similarities, with fallbacks.

    Where :func:`three_sigma` comes out at 1 or more, nothing could pass it.
    Then the quantile that three standard deviations stand for in the paper
    (99.7 % of the pairs) is taken from the pairs themselves. Where that is
    1 too (the encoder sees no difference between people), or no frame has
    two masks, ``fallback`` is the threshold. Each time a warning says so.

    Args:
        quantile: Share of the pairs that the first fallback leaves below.
        fallback: The last resort. Defaults to -1, "every similarity
            passes": where nobody shares a frame there is nobody to mix up,
            and where appearance says nothing the overlap of masks decides.
    """

    def __init__(
            self, quantile: float = 0.997, fallback: float = -1.0) -> None:
        if not 0 <= quantile <= 1:
            raise ValueError(f'quantile is {quantile}, not in [0, 1]')
        self.quantile = quantile
        self.fallback = float(fallback)

    def __call__(self, similarities: ArrayLike) -> Threshold:
        """The threshold of one video.

        Args:
            similarities: (P,) intra-frame similarities, P >= 0.

        Raises:
            ValueError: If one is not finite.
        """
        if not np.size(similarities):
            return _warned(Threshold(
                self.fallback, 'none',
                f'no frame has two masks, so there is no similarity of '
                f'different people; the threshold is {self.fallback:g}'))
        value = three_sigma(similarities)
        if value < _TOP:
            return Threshold(value, 'three_sigma')
        high = float(np.quantile(np.asarray(similarities), self.quantile))
        if high < _TOP:
            return _warned(Threshold(
                high, 'quantile',
                f'mean + 3 sigma of the intra-frame similarities is '
                f'{value:.4f}, which nothing exceeds; the threshold is their '
                f'{self.quantile:.1%} quantile {high:.4f}'))
        return _warned(Threshold(
            self.fallback, 'none',
            f'the encoder sees no difference between people of one frame '
            f'(mean + 3 sigma of the similarities is {value:.4f}, their '
            f'{self.quantile:.1%} quantile {high:.4f}); the threshold is '
            f'{self.fallback:g}'))


@TASK_UTILS.register_module()
class CrossingThreshold:
    """Where the two similarity histograms cross, with fallbacks.

    - No pair within a tracklet, or the pairs of one person are on average
      no more alike than those of different people: the threshold that
      ``fallback`` makes of the latter.
    - No frame with two masks: mean - 3 sigma of the pairs within tracklets,
      "less alike than one person ever is".
    - Neither: what ``fallback`` makes of no pair.

    Each time a warning says so.

    Args:
        fallback: Config of a threshold of intra-frame similarities.
            Defaults to ``dict(type='ThreeSigmaThreshold', fallback=1.0)``:
            its last resort merges nothing, as a wrong merge cannot be
            undone and a missing one leaves what tracking found.
    """

    def __init__(self, fallback: dict[str, Any] | None = None) -> None:
        self.fallback = TASK_UTILS.build(
            fallback or {'type': 'ThreeSigmaThreshold', 'fallback': 1.0})

    def __call__(
            self, different: ArrayLike, same: ArrayLike) -> Threshold:
        """The threshold of one video.

        Args:
            different: (P,) intra-frame similarities, P >= 0.
            same: (Q,) similarities within tracklets, Q >= 0.

        Raises:
            ValueError: If one is not finite.
        """
        if not np.size(same):
            return self._fall_back(
                different, 'no tracklet has two observations')
        of_one = _finite(same, 'similarities of one person')
        if not np.size(different):
            value = float(of_one.mean() - 3 * of_one.std())
            return _warned(Threshold(
                value, 'positives',
                f'no frame has two masks; the threshold is mean - 3 sigma '
                f'within tracklets, {value:.4f}'))
        of_others = _finite(different, 'similarities of different people')
        if of_one.mean() <= of_others.mean():
            return self._fall_back(
                different,
                f'the encoder does not separate people: similarity within '
                f'tracklets is {of_one.mean():.4f} on average, within frames '
                f'{of_others.mean():.4f}')
        return Threshold(crossing(of_others, of_one), 'crossing')

    def _fall_back(self, different: ArrayLike, reason: str) -> Threshold:
        threshold = self.fallback(different)
        rest = threshold.note or (
            f'the threshold is that of people of one frame '
            f'({threshold.rule}), {threshold.value:.4f}')
        return _warned(threshold._replace(note=f'{reason}; {rest}'))


def _warned(threshold: Threshold) -> Threshold:
    warnings.warn(threshold.note, stacklevel=3)
    return threshold


def _finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).ravel()
    if not len(array):
        raise ValueError(f'no {name}')
    if not np.isfinite(array).all():
        raise ValueError(f'{name} hold a number that is not finite')
    return array
