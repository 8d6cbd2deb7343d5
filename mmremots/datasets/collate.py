"""Groups of crops into a batch."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from mmremots.registry import FUNCTIONS

from .relations import relation_matrix


@FUNCTIONS.register_module()
def collate_groups(items: Sequence[Mapping[str, np.ndarray]]
                   ) -> dict[str, Any]:
    """Make a batch of groups and relate all its crops.

    Args:
        items: Groups, from a :class:`CropGroups`.

    Returns:
        ``inputs`` (B, 3, H, W) uint8 tensor, BGR; and ``data_samples``, a
        dict of ``people`` (B,) int64, -1 for target crops, and ``relation``
        (B, B) int8, see :func:`relation_matrix`.
    """
    batch = {key: np.concatenate([item[key] for item in items])
             for key in items[0]}
    images, people = batch.pop('images'), batch.pop('people')
    relation = relation_matrix(**batch, labelled=people >= 0)
    return {
        'inputs': torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        'data_samples': {
            'people': torch.from_numpy(people),
            'relation': torch.from_numpy(relation),
        },
    }
