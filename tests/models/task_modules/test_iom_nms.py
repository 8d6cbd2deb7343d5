"""The registered suppressions."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.models.task_modules.iom_nms import IoMNMS, IoUNMS
from mmremots.registry import TASK_UTILS
from mmremots.structures.masks import encode_mask


def masks():
    """A mask, a part of it with a better score, and one far away."""
    arrays = np.zeros((3, 20, 20), dtype=bool)
    arrays[0, 2:18, 2:12] = arrays[1, 2:6, 2:12] = arrays[2, :, 15:] = True
    return [encode_mask(array) for array in arrays], [0.8, 0.9, 0.7]


def test_from_config():
    """Built by name, with the paper's overlap and the usual one."""
    rles, scores = masks()
    iom = TASK_UTILS.build({'type': 'IoMNMS', 'iom_thr': 0.5})
    iou = TASK_UTILS.build({'type': 'IoUNMS', 'iou_thr': 0.5})
    assert isinstance(iom, IoMNMS)
    assert isinstance(iou, IoUNMS)
    assert iom(rles, scores).tolist() == [1, 2]
    assert iou(rles, scores).tolist() == [1, 0, 2]


def test_nothing_to_suppress():
    """A frame without masks."""
    assert IoMNMS()([], []).tolist() == []


@pytest.mark.parametrize('threshold', [-0.1, 1.1, float('nan')])
def test_impossible_threshold(threshold):
    """An overlap is a share."""
    with pytest.raises(ValueError, match=r'iom_thr is .* not in'):
        IoMNMS(threshold)
    with pytest.raises(ValueError, match=r'iou_thr is .* not in'):
        IoUNMS(threshold)
