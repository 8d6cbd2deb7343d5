"""From what a network found to rows of masks."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmdet.models.detectors import d2_wrapper
from mmengine.structures import InstanceData

from mmremots.models.detectors.detector_network import (
    _forget_wrapped_models,
    to_observations,
)
from mmremots.structures.masks import decode_mask

SIZE = 6, 9


def found(n: int = 5) -> InstanceData:
    """Random masks; labels 0, 1, 2, 0, 1 and scores 0.5, 0.4, 0.3, ..."""
    generator = torch.Generator().manual_seed(0)
    return InstanceData(
        masks=torch.rand(n, *SIZE, generator=generator) > 0.6,
        scores=torch.arange(n, 0, -1) / 10, labels=torch.arange(n) % 3)


def test_rows_are_chosen_and_named() -> None:
    """By threshold and class; masks are those of the network."""
    data = found()
    rows = to_observations(data, 7, SIZE, 0.2, {0: 2, 2: 1})
    assert rows.frames.tolist() == [7, 7, 7]
    assert rows.labels.tolist() == [2, 1, 2]
    assert np.allclose(rows.scores, [.5, .3, .2])
    for rle, k in zip(rows.rles, (0, 2, 3), strict=True):
        assert (decode_mask(rle) == data.masks[k].numpy()).all()
    boxes = rows.boxes.astype(int)
    for (x1, y1, x2, y2), k in zip(boxes, (0, 2, 3), strict=True):
        ys, xs = data.masks[k].numpy().nonzero()
        assert (x1, y1, x2, y2) == (
            xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_mirrored() -> None:
    """Masks of the mirrored image are mirrored back."""
    data = found()
    mirrored = to_observations(data, 1, SIZE, 0, {0: 2}, mirrored=True)
    assert (decode_mask(mirrored.rles[1])
            == data.masks[3].numpy()[:, ::-1]).all()


def test_limit_is_by_score_over_all_labels() -> None:
    """As in mmdet: the best of all, then those of the classes wanted."""
    data = found()
    data.scores = data.scores.flip(0)
    rows = to_observations(data, 1, SIZE, 0, {0: 2, 1: 2}, max_rows=3)
    assert np.allclose(rows.scores, [.4, .5])


def test_nothing_found() -> None:
    """An empty table knows its size."""
    rows = to_observations(
        found()[found().scores > 9], 1, SIZE, 0, {0: 2})
    assert len(rows) == 0
    assert rows.size == SIZE


@pytest.mark.parametrize(('change', 'message'), [
    ({'scores': torch.tensor([.5, float('nan')])}, 'no numbers'),
    ({'masks': torch.zeros(2, 9, 6, dtype=torch.bool)},
     'masks of 6x9 pixels for an image of 9x6'),
])
def test_nonsense(change: dict[str, Any], message: str) -> None:
    """What a broken network gives does not go on silently."""
    data = found(2)
    data.set_field(next(iter(change.values())), next(iter(change)))
    with pytest.raises(ValueError, match=message):
        to_observations(data, 1, SIZE, 0, {0: 2})


def test_no_masks() -> None:
    """Boxes alone, or a panoptic map alone, are no source of masks."""
    boxes = InstanceData(scores=torch.ones(1), labels=torch.zeros(1).long())
    for result in (boxes, None):
        with pytest.raises(ValueError, match='no masks of instances'):
            to_observations(result, 1, SIZE, 0, {0: 2})


def test_two_wrapped_models_do_not_share_settings() -> None:
    """A default list in mmdet's wrapper keeps what was put into it."""
    def settings(name: str) -> list[Any]:
        items, _ = d2_wrapper._to_cfgnode_list({name: 1})
        return list(items)

    _forget_wrapped_models()
    assert settings('a') == ['MODEL.A', 1]
    _forget_wrapped_models()
    assert settings('b') == ['MODEL.B', 1]
    _forget_wrapped_models()
