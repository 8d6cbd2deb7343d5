"""The sample as a dataset that renders itself."""
from __future__ import annotations

import os
from typing import Any

from mmremots.registry import DATASETS

from ..mots_challenge import MOTSChallengeDataset
from .build import ensure_sample


@DATASETS.register_module()
class SampleDataset(MOTSChallengeDataset):
    """The built-in sample, rendered on first use.

    Args:
        data_root: Folder of the whole sample.
        split: ``'train'`` (labelled) or ``'test'`` (the targets).
        **kwargs: Of :class:`~mmremots.datasets.MOTSChallengeDataset`.

    Raises:
        FileExistsError: ``data_root`` holds something that is no sample.
        ValueError: There is no such split.
    """

    def __init__(self, data_root: str | os.PathLike[str] = 'data/sample',
                 split: str = 'test', **kwargs: Any) -> None:
        if split not in ('train', 'test'):
            raise ValueError(f"split is 'train' or 'test', not {split!r}")
        self._split = split
        super().__init__(data_root=data_root, **kwargs)

    def _root(self) -> str:
        return str(ensure_sample(self.data_root) / self._split)
