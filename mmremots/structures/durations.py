"""Lengths of time in seconds, and what they are in frames."""
from __future__ import annotations


def frames_in(seconds: float, frame_rate: float) -> int:
    """The number of frames that a length of time is nearest to.

    Args:
        seconds: 0 or more.
        frame_rate: Frames a second.

    Returns:
        1 or more, so that adjacent frames are always within reach.
    """
    return max(1, round(seconds * frame_rate))
