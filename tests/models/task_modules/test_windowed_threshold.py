"""Thresholds of a sliding window of time."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.models.task_modules import (
    WindowedThreshold,
    intra_frame_similarities,
)
from mmremots.models.task_modules.thresholds import three_sigma
from mmremots.models.task_modules.windowed_threshold import pair_frames
from mmremots.models.trackers import ShortTermTracker


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Features and frames; people look more alike later."""
    rng = np.random.default_rng(0)
    frames = np.repeat(np.arange(1, 41), 4)
    frames = frames[(frames % 7 > 0)]
    spread = np.where(frames < 20, 1.0, 0.3)[:, None]
    return 0.1 + spread * rng.standard_normal((len(frames), 64)), frames


def test_each_frame_has_the_threshold_of_its_window() -> None:
    """Against a literal version; few pairs: that of the whole video."""
    features, frames = scene()
    similarities = intra_frame_similarities(features, frames)
    times = pair_frames(frames)
    assert len(times) == len(similarities)
    threshold = WindowedThreshold(window=7, min_pairs=31)
    overall = threshold(similarities).value
    assert overall == three_sigma(similarities)
    local = threshold.local(similarities, times, overall, frames)
    for frame, theta in zip(frames, local, strict=True):
        pairs = similarities[np.abs(times - frame) <= 3]
        expected = three_sigma(pairs) if len(pairs) > 30 else overall
        assert theta == pytest.approx(expected)
    assert len(np.unique(local)) > 10
    assert overall in local


def test_the_tracker_uses_it() -> None:
    """A window as long as the video is the video; a short one is not."""
    features, frames = scene()
    similarities = intra_frame_similarities(features, frames)
    for window, same in ((1000, True), (5, False)):
        tracker = ShortTermTracker(
            dict(type='WindowedThreshold', window=window, min_pairs=2))
        theta, local = tracker.thetas(similarities, [], frames)
        assert local.shape == frames.shape
        assert np.allclose(local, theta.value) == same
    theta, local = ShortTermTracker().thetas(similarities, [], frames)
    assert theta.value == three_sigma(similarities)
    assert (local == theta.value).all()


def test_bad_input() -> None:
    """What cannot be is said."""
    with pytest.raises(ValueError, match='window is 0'):
        WindowedThreshold(window=0)
    with pytest.raises(ValueError, match='min_pairs is 0'):
        WindowedThreshold(min_pairs=0)
    with pytest.raises(ValueError, match='times'):
        WindowedThreshold().local([0.1], [1, 2], 0.0, [1])
    with pytest.raises(ValueError, match='ascending'):
        WindowedThreshold().local([0.1, 0.2], [2, 1], 0.0, [1])
