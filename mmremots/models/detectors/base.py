"""What a source of masks is, for those who write one."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mmremots.structures.observations import Observations

if TYPE_CHECKING:
    from mmremots.structures.video import Video


class BaseMaskSource(nn.Module, metaclass=ABCMeta):
    """A source of :class:`~.mask_fusion.MaskFusion`.

    One that looks at the frames is a
    :class:`~.live_detector.LiveDetector`, which is less to write, and whose
    work is kept, a few frames at a time. Score threshold, class map and
    score weight are the source's own affair.
    """

    #: Whether :meth:`detect` looks at the image.
    needs_image = False

    def check(self, sequence: Video) -> None:
        """Raise now what detection would raise later, if it can."""

    @abstractmethod
    def fingerprint(self, sequence: Video) -> dict[str, Any]:
        """JSON-able: all that the detections depend on but the frames.

        When it changes the masks are made again.
        """

    @abstractmethod
    def detect(
            self, image: NDArray[np.uint8] | None, sequence: Video,
            frame: int) -> Observations:
        """The detections of one frame.

        Args:
            image: (H, W, 3) uint8, BGR; None without :attr:`needs_image`.
            sequence: The sequence.
            frame: 1-based.

        Returns:
            Masks of this frame alone, of the sequence's size, with MOTS
            classes as labels; they may overlap.
        """
