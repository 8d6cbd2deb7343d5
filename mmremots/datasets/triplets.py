"""Groups of crops for triplet training of the encoder.

One item of a dataset is a *group*: crops of labelled people, and as many of
one frame's people in a target video, so that the two are mixed 1:1 in every
batch (paper, section 2.2). A batch is several groups; triplets are mined in
it by the relation of every pair, see :mod:`mmremots.datasets.relations`.

A video is given as ``dict(crops=FOLDER, identities=FILE)``: a
:class:`~mmremots.datasets.crops.CropStore` and a ``.npy`` of (N,) integers,
one a crop. Without the file the store's own identities are used.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.registry import FUNCTIONS
from torch.utils.data import Dataset

from mmremots.registry import DATASETS, TRANSFORMS

from .crops import CropStore
from .relations import relation_matrix
from .transforms.augment import REFERENCE, STRONG

Spec = Mapping[str, str]


@dataclass(frozen=True)
class CropTable:
    """The crops of a video and who is on them.

    Attributes:
        store: The N crops.
        persons: Identity of each crop, (N,) int64, numbered from 0.
        starts: First frame of the uninterrupted stretch of frames in which
            the identity is seen and this crop lies, (N,) int64.
        ends: Last frame of it, inclusive, (N,) int64.
    """

    store: CropStore
    persons: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of_observations(cls, spec: Spec) -> CropTable:
        """Every crop is an identity of its own: nothing is linked yet."""
        store = CropStore.open(spec['crops'])
        return cls(store, np.arange(len(store)), store.frames, store.frames)

    @classmethod
    def of_identities(cls, spec: Spec) -> CropTable:
        """Crops are linked by known identities or by tracklets.

        A tracklet of our own has no gap. In one that came from elsewhere
        and has, another may stand that is the same person, so only a
        stretch without a gap counts as time in which it is seen.

        Raises:
            ValueError: There are no identities, not one a crop, or one
                stands in a frame twice.
        """
        store = CropStore.open(spec['crops'])
        identities, origin = store.identities, f'{store.folder}'
        if spec.get('identities') is not None:
            origin = spec['identities']
            identities = np.load(origin, allow_pickle=False)
        if identities is None:
            raise ValueError(
                f'{origin}: nothing says who is on these crops; give '
                'identities=FILE.npy')
        if identities.shape != (len(store),):
            raise ValueError(
                f'{origin}: identities of shape {identities.shape}, but '
                f'{store.folder} has {len(store)} crops')
        persons = np.unique(identities, return_inverse=True)[1]
        order = np.lexsort((store.frames, persons))
        steps = np.diff(store.frames[order])
        within = np.diff(persons[order]) == 0
        if (within & (steps == 0)).any():
            row = order[np.argmax(within & (steps == 0))]
            raise ValueError(
                f'{origin}: identity {identities[row]} stands twice in '
                f'frame {store.frames[row]}')
        stretch = np.cumsum(np.append(True, ~within | (steps > 1)))[
            :len(store)] - 1
        first = np.flatnonzero(np.diff(stretch, prepend=-1))
        last = np.append(first[1:], len(store)) - 1
        starts, ends = np.empty((2, len(store)), dtype=np.int64)
        starts[order] = store.frames[order[first]][stretch]
        ends[order] = store.frames[order[last]][stretch]
        return cls(store, persons, starts, ends)

    @cached_property
    def rows(self) -> list[np.ndarray]:
        """Rows of each person."""
        order = np.argsort(self.persons, kind='stable')
        return np.split(
            order, np.flatnonzero(np.diff(self.persons[order])) + 1)

    @cached_property
    def frame_rows(self) -> np.ndarray:
        """First row and end of each frame's crops, (F, 2) int64."""
        first = np.flatnonzero(np.diff(self.store.frames, prepend=-1))
        return np.column_stack(
            [first, np.append(first[1:], len(self.store))]).reshape(-1, 2)


class View(NamedTuple):
    """One crop of a group: where it is, and how it is augmented."""

    table: CropTable
    row: int
    strong: bool


@DATASETS.register_module()
class LabelledCrops(Dataset):
    """Groups of labelled crops alone, to train an encoder as the reference.

    Item ``index`` is a function of ``seed`` and ``index`` and of nothing
    else, so it is the same whatever process makes it. Use a sampler that
    does not shuffle: consecutive groups then hold different people, and
    each person comes as often as any other.

    Args:
        source: The labelled videos.
        seed: Seed of everything random, not negative.
        num_groups: Length of the dataset; it holds no more than numbers.
        group_size: Labelled crops in a group.
        instances: Of these, crops of one person.
        augment: Transforms of a crop.

    Raises:
        ValueError: A group cannot be made: ``group_size`` is not a
            multiple of ``instances``, there are no labelled crops, or
            crops differ in size.
    """

    #: The training loop asks for it; there is nothing to tell.
    metainfo: Mapping[str, Any] = {}

    def __init__(
            self, source: Iterable[Spec], *, seed: int = 0,
            num_groups: int = 100_000, group_size: int = 8,
            instances: int = 4,
            augment: Iterable[Mapping[str, Any]] = REFERENCE) -> None:
        if group_size < 1 or instances < 1 or group_size % instances:
            raise ValueError(
                f'a group of {group_size} crops cannot be made of people '
                f'with {instances} crops each')
        self.source = [CropTable.of_identities(spec) for spec in source]
        self.people = [
            (table, person) for table in self.source
            for person in range(len(table.rows)) if len(table.store)]
        if not self.people:
            raise ValueError(
                'no labelled crops in the source: '
                + (', '.join(str(t.store.folder) for t in self.source)
                   or 'no videos given'))
        self.seed = seed
        self.num_groups = num_groups
        self.group_size = group_size
        self.instances = instances
        self.augment = [TRANSFORMS.build(dict(t)) for t in augment]
        self._check_sizes(self.source)

    @property
    def num_identities(self) -> int:
        """Number of labelled people; their labels are 0 to this less 1."""
        return len(self.people)

    def __len__(self) -> int:
        return self.num_groups
