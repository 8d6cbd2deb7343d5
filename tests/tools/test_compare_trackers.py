"""mmdet's trackers on fused masks: what leads an id back to its mask."""
from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmremots.datasets import Sequence
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask

TOOL = Path(__file__).parents[2] / 'tools/benchmarks/compare_trackers.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location('compare_trackers', TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def two_walkers(frames: int = 8) -> tuple[Observations, np.ndarray]:
    """Two people far apart, the order of their rows changing, and a look."""
    boxes, people = [], []
    for t in range(frames):
        pair = [(0, 10 + 3 * t), (1, 200 - 3 * t)]
        for person, x in pair if t % 2 else pair[::-1]:
            boxes.append([x, 20, x + 30, 110])
            people.append(person)
    n = len(boxes)
    mask = encode_mask(np.ones((120, 240), np.uint8))
    table = Observations(
        np.repeat(np.arange(1, frames + 1), 2),
        np.array(boxes, np.float32), np.full(n, 0.9, np.float32),
        np.full(n, 2), [mask] * n, (120, 240))
    return table, np.array(people)


@pytest.mark.parametrize('name', ['SORT', 'DeepSORT', 'ByteTrack', 'OC-SORT'])
def test_each_mask_gets_the_id_of_its_box(tool: ModuleType,
                                          name: str) -> None:
    """However a tracker reorders boxes."""
    if name in ('ByteTrack', 'OC-SORT'):
        pytest.importorskip('lap')
    table, people = two_walkers()
    video = Sequence('walk', ('',) * 8, 120, 240, 25.0, None)
    ids, seconds = tool.track(
        name, video, table, np.eye(2, dtype=np.float32)[people])
    assert seconds > 0
    assert (ids > 0).all()
    assert len(set(zip(people.tolist(), ids.tolist(), strict=True))) == 2


def test_masks_that_share_a_box(tool: ModuleType) -> None:
    """Each of them gets a row of its own."""
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [0, 0, 2, 2]], np.float32)
    carried = tool.Carried(boxes, np.eye(3))
    assert carried.rows(torch.from_numpy(boxes[[1, 0, 0]])) == [1, 0, 2]


def test_aflink_leads_back_to_masks(tool: ModuleType) -> None:
    """With weights that link nothing, all stays as it was."""
    table, people = two_walkers()
    ids = people + 1
    ids[:2] = 0
    assert tool.link(table, ids, '').tolist() == ids.tolist()
