"""Seconds in frames."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmremots.structures.durations import frames_in


@given(st.floats(0, 100), st.floats(0.5, 240))
def test_no_number_of_frames_is_nearer(seconds: float, rate: float) -> None:
    """Except that there is always one."""
    frames = frames_in(seconds, rate)
    assert isinstance(frames, int)
    assert frames >= 1
    errors = [abs(n / rate - seconds)
              for n in range(max(1, frames - 2), frames + 3)]
    assert abs(frames / rate - seconds) <= min(errors) + 1e-9


@pytest.mark.parametrize(('seconds', 'rate', 'frames'), [
    (2.5, 30, 75), (2.5, 25, 62), (0.6, 29.97, 18), (0.6, 5, 3),
    (0.0, 30, 1), (0.1, 2, 1)])
def test_known_lengths(seconds: float, rate: float, frames: int) -> None:
    """Rates of real videos, and times shorter than a frame."""
    assert frames_in(seconds, rate) == frames
