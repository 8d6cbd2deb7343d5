"""Groups of crops for triplet training of the encoder.

One item of a dataset is a *group*: crops of labelled people, and as many of
the people of one frame of a target video, so that the two are mixed 1:1 in
every batch (paper, section 2.2). A batch is several groups; triplets are
mined in it by the relation of its pairs, :mod:`mmremots.datasets.relations`.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from mmremots.registry import DATASETS, TRANSFORMS

from .crop_tables import CropSpec, CropTable
from .transforms.augment import REFERENCE, STRONG, WEAK

Transforms = Iterable[Mapping[str, Any]]

# Streams of random numbers: each is seeded by [stream, seed, number].
_PEOPLE, _VIEWS, _PIXELS = range(3)


class NoGroupsError(ValueError):
    """The target videos hold nothing to make groups of."""


class View(NamedTuple):
    """One crop of a group.

    Attributes:
        table: Its video.
        row: Its row there.
        person: Number of a labelled person, -1 of a target crop.
        strong: Whether it is augmented strongly.
    """

    table: CropTable
    row: int
    person: int
    strong: bool


class CropGroups(Dataset):
    """Base of the datasets: draws views and renders them.

    Group ``index`` is a function of the arguments and ``index`` alone, so
    it is the same whatever process makes it, before and after a resume.
    Sample without shuffling: consecutive groups then hold different people.

    Args:
        source: Labelled videos, as tables.
        target: Target videos, as tables.
        seed: Seed of all that is random, 0 or more.
        num_groups: Length of the dataset. Groups are made up as they are
            asked for: this is only where the first one comes again.
        group_size: Crops of either half of a group.
        instances: Crops of one labelled person in a group.
        labelled: Transforms of labelled crops.
        weak: Transforms of target crops.
        strong: Transforms of target crops that are to be positives of the
            same crop.

    Raises:
        ValueError: A group cannot be filled: ``group_size`` is below 2 or
            not a multiple of ``instances``; the source has videos but no
            crops; or crops differ in size.
    """

    #: The training loop looks for it; there is nothing to tell.
    metainfo: Mapping[str, Any] = {}

    def __init__(
            self, source: Sequence[CropTable], target: Sequence[CropTable],
            seed: int, num_groups: int, group_size: int, instances: int,
            labelled: Transforms, weak: Transforms = (),
            strong: Transforms = ()) -> None:
        if group_size < 2 or instances < 1 or group_size % instances:
            raise ValueError(
                f'group_size={group_size} crops cannot be people with '
                f'instances={instances} crops each')
        sizes = {t.store.folder: t.store.crop_size
                 for t in (*source, *target)}
        if len(set(sizes.values())) > 1:
            raise ValueError('crops differ in size: ' + ', '.join(
                f'{folder} {size}' for folder, size in sizes.items()))
        self.people = [(table, rows) for table in source
                       for rows in table.rows_of_persons()]
        if source and not self.people:
            raise ValueError('no labelled crops in ' + ', '.join(
                str(table.store.folder) for table in source))
        self.crop_size = next(iter(sizes.values()))
        self.seed = seed
        self.num_groups = num_groups
        self.group_size = group_size
        self.instances = instances
        self.labelled, self.weak, self.strong = (
            [TRANSFORMS.build(dict(t)) for t in transforms]
            for transforms in (labelled, weak, strong))

    @property
    def num_target_crops(self) -> int:
        """Crops of the target videos that a group can hold."""
        return 0

    @property
    def num_identities(self) -> int:
        """Number of labelled people; their numbers are 0 to it, exclusive."""
        return len(self.people)

    def __len__(self) -> int:
        return self.num_groups

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Make a group.

        Returns:
            ``images`` (n, H, W, 3) uint8 BGR; and (n,) int64 each: ``people``
            (-1 for target crops), ``videos``, ``identities``, ``starts``
            and ``ends``, as :func:`relation_matrix` takes them.
        """
        views = self.views(index)
        rng = self._rng(_PIXELS, index)
        images = np.empty((len(views), *self.crop_size, 3), dtype=np.uint8)
        for image, view in zip(images, views, strict=True):
            image[...] = self._render(view, rng)
        columns = np.array(
            [(person, table.video,
              table.persons[row] if person < 0 else person,
              table.starts[row], table.ends[row])
             for table, row, person, _ in views], dtype=np.int64).T
        names = ('people', 'videos', 'identities', 'starts', 'ends')
        return {'images': images, **dict(zip(names, columns, strict=True))}

    def views(self, index: int) -> list[View]:
        """The crops of a group: labelled ones, then target ones.

        Raises:
            IndexError: ``index`` is not in [0, num_groups).
        """
        if not 0 <= index < self.num_groups:
            raise IndexError(f'group {index} of {self.num_groups}')
        rng = self._rng(_VIEWS, index)
        return self._labelled_views(index, rng) + self._target_views(rng)

    def _labelled_views(self, index: int,
                        rng: np.random.Generator) -> list[View]:
        """The next few people of an endless stream of permutations."""
        if not self.people:
            return []
        views = []
        per_group = self.group_size // self.instances
        for position in range(index * per_group, (index + 1) * per_group):
            turn, place = divmod(position, len(self.people))
            order = self._rng(_PEOPLE, turn).permutation(len(self.people))
            person = int(order[place])
            table, rows = self.people[person]
            views += [
                View(table, int(row), person, strong=False)
                for row in np.resize(rng.permutation(rows), self.instances)]
        return views

    def _target_views(self, rng: np.random.Generator) -> list[View]:
        """The other half of a group."""
        return []

    def _render(self, view: View, rng: np.random.Generator) -> np.ndarray:
        store = view.table.store
        results: dict[str, Any] = {
            'img': np.array(store.images[view.row]),
            'mask': store.masks(view.row),
            'other': np.asarray(store.images[rng.integers(len(store))]),
            'rng': rng,
        }
        transforms = self.strong if view.strong else self.weak
        for transform in transforms if view.person < 0 else self.labelled:
            results = transform(results)
        return results['img']

    def _rng(self, stream: int, number: int) -> np.random.Generator:
        return np.random.default_rng([stream, self.seed, number])


@DATASETS.register_module()
class LabelledCrops(CropGroups):
    """Labelled crops alone, to train an encoder as the reference does.

    The reference's batch of 16 people with 4 crops each is 8 groups.

    Args:
        source: The labelled videos.
        seed: As of :class:`CropGroups`, like all that follow.
        num_groups: Length of the dataset.
        group_size: Crops of a group.
        instances: Crops of one person in a group.
        labelled: Transforms of a crop.

    Raises:
        ValueError: No video is given, or as :class:`CropGroups`.
    """

    def __init__(
            self, source: Sequence[CropSpec], *, seed: int = 0,
            num_groups: int = 100_000, group_size: int = 8,
            instances: int = 4, labelled: Transforms = REFERENCE) -> None:
        if not source:
            raise ValueError('no labelled videos given')
        super().__init__(
            CropTable.read_all(source, linked=True), (), seed, num_groups,
            group_size, instances, labelled)


class TargetGroups(CropGroups):
    """Base of the datasets with a target half: people of one frame.

    Up to half of ``group_size`` people are taken in a frame, so that each
    has two views at least.

    Args:
        source: Labelled videos; without any, groups have no labelled half.
        target: Target videos.
        **kwargs: As of :class:`CropGroups`.

    Raises:
        NoGroupsError: No frame of the target videos can be used.
        ValueError: As of :class:`CropGroups`.
    """

    linked: bool
    needs: str

    def __init__(
            self, source: Sequence[CropSpec], target: Sequence[CropSpec], *,
            seed: int = 0, num_groups: int = 100_000, group_size: int = 8,
            instances: int = 4, labelled: Transforms = WEAK,
            weak: Transforms = WEAK, strong: Transforms = STRONG) -> None:
        self.target = CropTable.read_all(target, linked=self.linked)
        self.frames = [
            (table, first, end) for table in self.target
            for first, end in self.usable_frames(table).tolist()]
        if not self.frames:
            raise NoGroupsError(
                f'no frame with {self.needs} in ' + (', '.join(
                    str(table.store.folder) for table in self.target)
                    or 'no videos'))
        if group_size < 4:
            raise ValueError(
                f'group_size={group_size} has no room for two views of two '
                'people')
        super().__init__(
            CropTable.read_all(source, linked=True), self.target, seed,
            num_groups, group_size, instances, labelled, weak, strong)

    @property
    def num_target_crops(self) -> int:
        """Those of the frames that people are taken from."""
        return sum(end - first for _, first, end in self.frames)

    def usable_frames(self, table: CropTable) -> np.ndarray:
        """First row and end of each frame to take people from, (F, 2)."""
        rows = table.rows_of_frames()
        return rows[rows[:, 1] - rows[:, 0] >= 2]


@DATASETS.register_module()
class IntraFrameTriplets(TargetGroups):
    """People of one frame, each in views of the same crop (Figure 2).

    The first view of each is augmented weakly, the others strongly. Frames
    with two people or more are equally likely over all target videos. See
    :class:`TargetGroups` for the arguments.
    """

    linked = False
    needs = 'two observations'

    def _target_views(self, rng: np.random.Generator) -> list[View]:
        table, first, end = self.frames[rng.integers(len(self.frames))]
        rows = first + rng.permutation(end - first)[:self.group_size // 2]
        return [
            View(table, int(rows[k % len(rows)]), -1, k >= len(rows))
            for k in range(self.group_size)]


@DATASETS.register_module()
class InterTrackletTriplets(TargetGroups):
    """Tracklets that meet in a frame, each in several frames (Figure 3).

    The first view of each tracklet is in the common frame; the others are
    drawn from its other frames, or are strongly augmented views where it
    has no more. One tracklet at least has another frame. See
    :class:`TargetGroups` for the arguments.
    """

    linked = True
    needs = 'two tracklets, one of them with a second frame,'

    @cached_property
    def rows(self) -> dict[int, list[np.ndarray]]:
        """Of each video, by its number, the rows of each tracklet."""
        return {table.video: table.rows_of_persons() for table in self.target}

    @property
    def num_target_crops(self) -> int:
        """Those of tracklets that are in such a frame."""
        met: dict[int, set[int]] = {}
        for table, first, end in self.frames:
            met.setdefault(table.video, set()).update(
                table.persons[first:end].tolist())
        return sum(len(self.rows[video][person])
                   for video, persons in met.items() for person in persons)

    def usable_frames(self, table: CropTable) -> np.ndarray:
        """Frames with two tracklets, one of them longer than 1."""
        rows = super().usable_frames(table)
        longer = np.bincount(table.persons)[table.persons] > 1
        return rows[[bool(longer[a:b].any()) for a, b in rows]]

    def _target_views(self, rng: np.random.Generator) -> list[View]:
        table, first, end = self.frames[rng.integers(len(self.frames))]
        rows = first + rng.permutation(end - first)
        longer = [len(self.rows[table.video][table.persons[row]]) > 1
                  for row in rows]
        anchor = longer.index(True)
        rows = np.append(rows[anchor], np.delete(rows, anchor))
        choices = []
        for row in rows[:self.group_size // 2]:
            tracklet = self.rows[table.video][table.persons[row]]
            others = rng.permutation(tracklet[tracklet != row])
            choices.append(np.append(row, others))
        views = []
        for k in range(self.group_size):
            turn, place = divmod(k, len(choices))
            choice = choices[place]
            views.append(View(
                table, int(choice[turn % len(choice)]), -1,
                strong=turn >= len(choice)))
        return views
