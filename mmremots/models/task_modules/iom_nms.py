"""Suppression of masks that were found more than once."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.registry import TASK_UTILS
from mmremots.structures.masks import RLE, iom_nms, iou_nms


@TASK_UTILS.register_module()
class IoMNMS:
    """Greedy suppression by intersection over the smaller area.

    See :func:`mmremots.structures.masks.iom_nms`.

    Args:
        iom_thr: A mask is dropped when its IoM with a better one is above
            this, in [0, 1].

    Raises:
        ValueError: If the threshold is not in [0, 1].
    """

    def __init__(self, iom_thr: float = 0.5) -> None:
        self.iom_thr = _share(iom_thr, 'iom_thr')

    def __call__(
            self, rles: Sequence[RLE],
            scores: ArrayLike) -> NDArray[np.int64]:
        """Indices of the kept masks, best first, (K,) int64."""
        return iom_nms(rles, scores, self.iom_thr)


@TASK_UTILS.register_module()
class IoUNMS:
    """The usual suppression by IoU, which the paper replaced by IoM.

    Args:
        iou_thr: A mask is dropped when its IoU with a better one is above
            this, in [0, 1].

    Raises:
        ValueError: If the threshold is not in [0, 1].
    """

    def __init__(self, iou_thr: float = 0.5) -> None:
        self.iou_thr = _share(iou_thr, 'iou_thr')

    def __call__(
            self, rles: Sequence[RLE],
            scores: ArrayLike) -> NDArray[np.int64]:
        """Indices of the kept masks, best first, (K,) int64."""
        return iou_nms(rles, scores, self.iou_thr)


def _share(value: float, name: str) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f'{name} is {value}, not in [0, 1]')
    return float(value)
