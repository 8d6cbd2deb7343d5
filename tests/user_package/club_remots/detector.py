"""A detector of our own."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.models.detectors import LiveDetector
from mmremots.registry import MODELS
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox

PEDESTRIAN = 2


@MODELS.register_module()
class ColourBlobs(LiveDetector):
    """Whatever is more colourful than most of the frame, and of a size.

    Args:
        areas: Least and most pixels of a blob.
        **kwargs: Of LiveDetector.
    """

    def __init__(self, areas: tuple[int, int] = (150, 2000),
                 **kwargs: Any) -> None:
        super().__init__('colour_blobs', labels=(PEDESTRIAN, ), **kwargs)
        self.areas = areas

    def raw_fingerprint(self) -> dict[str, Any]:
        """Settings; there are no weights."""
        return dict(areas=list(self.areas))

    def detect_batch(self, inputs: Sequence[NDArray[np.uint8]],
                     frames: Sequence[int]) -> list[Observations]:
        """One frame after the other."""
        return [self._detect(image, frame)
                for image, frame in zip(inputs, frames, strict=True)]

    def _detect(self, image: NDArray[np.uint8], frame: int) -> Observations:
        saturation = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[..., 1]
        _, bright = cv2.threshold(saturation, 0, 255, cv2.THRESH_OTSU)
        _, blobs, stats, _ = cv2.connectedComponentsWithStats(bright)
        area = stats[:, cv2.CC_STAT_AREA]
        found = [blob for blob in range(1, len(area))
                 if self.areas[0] <= area[blob] <= self.areas[1]]
        rles = [encode_mask(blobs == blob) for blob in found]
        return Observations(
            np.full(len(found), frame), rle_bbox(rles).astype(np.float32),
            np.array([saturation[blobs == blob].mean() / 255
                      for blob in found], np.float32),
            np.full(len(found), PEDESTRIAN), rles, image.shape[:2])
