"""Crops of annotated people, for training and testing an encoder alone."""
from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
from torch.utils.data import Dataset

from mmremots.formats.observation_files import read_mots
from mmremots.registry import DATASETS
from mmremots.structures.files import file_sha256
from mmremots.structures.video import Video

from .crop_tables import CropTable
from .crops import CROP_SIZE, cut_crops
from .triplets import LabelledCrops

_FOLDER = 'data/crops'


def cut_people(videos: dict[str, Any], folder: str | os.PathLike[str],
               crop_size: tuple[int, int]) -> list[dict[str, str]]:
    """Cut the annotated people out of videos, once.

    Args:
        videos: Config of a :class:`MOTSChallengeDataset` or alike; its
            ``class_ids`` are who is cut out.
        folder: Where crops are kept, below a name for what they are made of.
        crop_size: (height, width) of a crop.

    Returns:
        The crops of each video, as :class:`CropTable` reads them.

    Raises:
        FileNotFoundError: A video has no ground truth.
        ValueError: ``FILE:LINE: ...`` where it is broken.
    """
    height, width = crop_size
    dataset = DATASETS.build(dict(videos, lazy_init=True, test_mode=True))
    stores = []
    for video in dataset.sequences:
        if video.gt_path is None:
            raise FileNotFoundError(
                f'{Path(video.img_paths[0]).parents[1]}: a labelled sequence '
                'without gt/gt.txt')
        store = Path(folder) / _key(
            video, (height, width), sorted(dataset.class_ids)) / video.name
        if is_main_process() and not store.is_dir():
            table, ids = read_mots(
                video.gt_path, video.size, video.num_frames)
            rows = np.flatnonzero(
                np.isin(table.labels, list(dataset.class_ids)))
            store.parent.mkdir(parents=True, exist_ok=True)
            cut_crops(video, table.take(rows), store, (height, width),
                      ids[rows])
        stores.append(dict(crops=str(store)))
    barrier()
    return stores


def _key(video: Video, crop_size: tuple[int, int],
         classes: list[int]) -> str:
    """Of other images, annotation or size there are other crops."""
    images = [(path, Path(path).stat().st_size) for path in video.img_paths]
    made_of = json.dumps([
        images, file_sha256(str(video.gt_path)), list(crop_size), classes])
    return sha256(made_of.encode()).hexdigest()[:16]


@DATASETS.register_module()
class AnnotatedGroups(LabelledCrops):
    """Groups of crops of annotated people, to train an encoder on.

    Args:
        videos: Config of the videos, see :func:`cut_people`.
        folder: Where their crops are kept.
        crop_size: That of the encoder.
        **kwargs: As of :class:`LabelledCrops`.
    """

    def __init__(self, videos: dict[str, Any], folder: str = _FOLDER,
                 crop_size: tuple[int, int] = CROP_SIZE,
                 **kwargs: Any) -> None:
        super().__init__(
            cut_people(videos, folder, crop_size), **kwargs)


@DATASETS.register_module()
class AnnotatedCrops(Dataset):
    """Single crops of annotated people, to test an encoder on.

    Args:
        videos: As of :class:`AnnotatedGroups`, like the next two.
        folder: Where their crops are kept.
        crop_size: That of the encoder.
    """

    #: The loops of mmengine look for it; there is nothing to tell.
    metainfo: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, videos: dict[str, Any], folder: str = _FOLDER,
                 crop_size: tuple[int, int] = CROP_SIZE) -> None:
        self.tables = CropTable.read_all(
            cut_people(videos, folder, crop_size), linked=True)
        self.ends = np.cumsum([len(table.store) for table in self.tables])

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, index: int) -> dict[str, Any]:
        """A crop.

        Returns:
            ``inputs`` (3, H, W) uint8 BGR; ``data_samples``: numbers of its
            ``video``, ``frame`` and ``identity``, the latter in its video.
        """
        video = int(np.searchsorted(self.ends, index, side='right'))
        if not 0 <= index < len(self):
            raise IndexError(f'crop {index} of {len(self)}')
        table = self.tables[video]
        row = index - int(self.ends[video]) + len(table.store)
        image = torch.from_numpy(np.array(table.store.images[row]))
        return dict(
            inputs=image.permute(2, 0, 1),
            data_samples=dict(
                video=video, frame=int(table.store.frames[row]),
                identity=int(table.persons[row])))
