"""Thresholds of a sliding window of time."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.thresholds import Threshold
from mmremots.registry import TASK_UTILS


def pair_frames(frames: ArrayLike) -> NDArray[np.int64]:
    """The frame of each pair of observations within a frame.

    Args:
        frames: (N,) integers, in any order.

    Returns:
        (P,) int64, in the order of ``intra_frame_similarities``.
    """
    values, counts = np.unique(frames, return_counts=True)
    return np.repeat(values, counts * (counts - 1) // 2).astype(np.int64)


@TASK_UTILS.register_module()
class WindowedThreshold:
    """A threshold for each frame, from the frames around it.

    The paper takes its statistics over a whole video, and leaves "temporal
    local statistical information" for later (section 3). Here the threshold
    of frame t is what ``base`` makes of the similarities of the frames from
    t - window // 2 to t + window // 2. Where those hold fewer than
    ``min_pairs`` pairs, it is that of the whole video.

    Args:
        base: Config of a threshold of intra-frame similarities. Defaults to
            ``dict(type='ThreeSigmaThreshold')``.
        window: Length in frames.
        min_pairs: See above.
    """

    def __init__(
            self, base: dict[str, Any] | None = None, window: int = 15,
            min_pairs: int = 30) -> None:
        if window < 1:
            raise ValueError(f'window is {window}, below 1')
        if min_pairs < 1:
            raise ValueError(f'min_pairs is {min_pairs}, below 1')
        self.base = TASK_UTILS.build(base or {'type': 'ThreeSigmaThreshold'})
        self.window = window
        self.min_pairs = min_pairs

    def __call__(self, similarities: ArrayLike) -> Threshold:
        """The threshold of a whole video, see ``base``."""
        return self.base(similarities)

    def local(
            self, similarities: ArrayLike, times: ArrayLike, overall: float,
            frames: ArrayLike) -> NDArray[np.float64]:
        """The threshold at each of some frames.

        Args:
            similarities: (P,) similarities of pairs within a frame.
            times: (P,) frame of each pair, ascending: :func:`pair_frames`.
            overall: The threshold of the whole video.
            frames: (N,) frames wanted.

        Returns:
            (N,) float64.

        Raises:
            ValueError: If lengths differ or times are not ascending.
        """
        values, when = np.asarray(similarities), np.asarray(times)
        if values.shape != when.shape:
            raise ValueError(
                f'{values.shape} similarities at {when.shape} times')
        if (np.diff(when) < 0).any():
            raise ValueError('times are not ascending')
        wanted, index = np.unique(frames, return_inverse=True)
        half = self.window // 2
        starts = np.searchsorted(when, wanted - half, side='left')
        stops = np.searchsorted(when, wanted + half, side='right')
        thetas = np.full(len(wanted), overall, dtype=np.float64)
        with warnings.catch_warnings():
            # A window in which the base falls back is no news.
            warnings.simplefilter('ignore')
            for k in np.flatnonzero(stops - starts >= self.min_pairs):
                thetas[k] = self.base(values[starts[k]:stops[k]]).value
        return thetas[index]
