"""Groups of crops: who is in them, and what is known of their pairs."""
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from torch.nn import functional as F

from mmremots.datasets.collate import collate_groups
from mmremots.datasets.crops import CropStore, cut_crops
from mmremots.datasets.relations import relation_matrix
from mmremots.datasets.sequences import read_sequence
from mmremots.datasets.transforms import CropTransform
from mmremots.datasets.triplets import (
    CropGroups,
    InterTrackletTriplets,
    IntraFrameTriplets,
    LabelledCrops,
    NoGroupsError,
)
from mmremots.formats.observation_files import read_mots
from mmremots.models.reid import TripletLoss
from mmremots.registry import DATASETS, TRANSFORMS

# True people of two target videos; person 1 of 'x' comes back in frame 7.
FRAMES_X = [1, 1, 1, 2, 2, 3, 5, 7, 7, 7, 7, 7]
PEOPLE_X = [1, 2, 3, 1, 2, 1, 2, 1, 2, 4, 5, 6]
TRACKLETS_X = [10, 20, 30, 10, 20, 10, 21, 11, 22, 40, 50, 60]
FRAMES_Y = [1, 2, 2, 3, 3, 4]
PEOPLE_Y = [1, 1, 2, 1, 2, 1]


@pytest.fixture(scope='module')
def videos(make_store, tmp_path_factory) -> dict[str, Any]:
    """Labelled videos, target videos, and the latter with tracklets."""
    source = [make_store('s', [1, 1, 2, 2, 3], [7, 9, 7, 9, 7]),
              make_store('t', [1, 1, 1, 2], [7, 3, 12, 3])]
    target = [make_store('x', FRAMES_X, PEOPLE_X),
              make_store('y', FRAMES_Y, PEOPLE_Y)]
    path = tmp_path_factory.mktemp('ids') / 'x.npy'
    np.save(path, np.array(TRACKLETS_X))
    return {
        'source': [{'crops': str(s.folder)} for s in source],
        'target': [{'crops': str(s.folder)} for s in target],
        'linked': [{'crops': str(target[0].folder),
                    'identities': str(path)},
                   {'crops': str(target[1].folder)}],
    }


@pytest.fixture(scope='module')
def intra(videos) -> IntraFrameTriplets:
    """Intra-frame groups of both videos."""
    return IntraFrameTriplets(videos['source'], videos['target'], seed=3)


@pytest.fixture(scope='module')
def inter(videos) -> InterTrackletTriplets:
    """Inter-tracklet groups of both videos."""
    return InterTrackletTriplets(videos['source'], videos['linked'], seed=3)


def true_people(dataset: CropGroups, index: int) -> list[tuple[str, int]]:
    """Video and true identity of each crop of a group."""
    return [(table.store.sequence, int(table.store.identities[row]))
            for table, row, _, _ in dataset.views(index)]


def targets(dataset: CropGroups, index: int) -> list:
    """The target views of a group."""
    return [view for view in dataset.views(index) if view.person < 0]


@pytest.mark.parametrize('kind', ['intra', 'inter'])
@pytest.mark.parametrize('group_size', [4, 8, 12])
def test_one_to_one(videos, kind: str, group_size: int) -> None:
    """As many labelled as target crops in every group, hence batch."""
    cls, target = {'intra': (IntraFrameTriplets, 'target'),
                   'inter': (InterTrackletTriplets, 'linked')}[kind]
    dataset = cls(videos['source'], videos[target], group_size=group_size,
                  instances=2)
    for index in range(30):
        people = dataset[index]['people']
        assert (people[:group_size] >= 0).all()
        assert (people[group_size:] == -1).all()
        assert len(people) == 2 * group_size


@pytest.mark.parametrize('name', ['intra', 'inter'])
def test_relations_are_true(name: str, request) -> None:
    """No pair that is called same or different is not.

    The truth is more than what the dataset is told: one person is on
    several tracklets, and on many observations.
    """
    dataset = request.getfixturevalue(name)
    indices = range(40)
    relation = collate_groups(
        [dataset[k] for k in indices])['data_samples']['relation'].numpy()
    people = [p for k in indices for p in true_people(dataset, k)]
    labelled = np.array([v.person >= 0 for k in indices
                         for v in dataset.views(k)])
    ids = np.unique(people, axis=0, return_inverse=True)[1]
    same = ids[:, None] == ids
    assert same[relation == 1].all()
    assert not same[relation == -1].any()
    videos = np.array([video for video, _ in people])
    target = ~labelled[:, None] & ~labelled
    assert not relation[
        target & (videos[:, None] != videos)].any()
    assert not relation[labelled[:, None] != labelled].any()
    assert relation[labelled][:, labelled].all()


@pytest.mark.parametrize('normalize', [False, True])
@pytest.mark.parametrize('name', ['intra', 'inter'])
def test_no_gradient_through_an_unknown_pair(
        name: str, normalize: bool, request) -> None:
    """Of each kind of batch, pair by pair.

    The gradient of a row is a sum over pairs, each along the line to the
    other row. In as many dimensions as rows these lines are independent, so
    that its coefficients tell how much each pair takes part.
    """
    dataset = request.getfixturevalue(name)
    relation = collate_groups(
        [dataset[k] for k in range(6)])['data_samples']['relation']
    count = len(relation)
    generator = torch.Generator().manual_seed(0)
    features = F.normalize(torch.randn(
        count, count, generator=generator, dtype=torch.float64))
    features.requires_grad_()
    TripletLoss(margin=5.0, normalize=normalize)(
        features, relation).backward()
    rows = features.detach()
    for i in range(count):
        lines = rows[i] - rows
        if normalize:  # no gradient along the row itself
            lines = lines - (lines @ rows[i])[:, None] * rows[i]
        others = torch.arange(count) != i
        taken = torch.linalg.lstsq(
            lines[others].T, features.grad[i, :, None],
            driver='gelsd').solution[:, 0]
        unknown = relation[i][others] == 0
        assert unknown.any()
        assert taken[unknown].abs().max() < 1e-6
        assert taken[~unknown].abs().max() > 1e-4


def test_relations_are_true_of_real_tracklets(
        pedestrians: Path, tmp_path: Path) -> None:
    """The same on a real video whose true tracks are cut to pieces."""
    video = read_sequence(pedestrians / 'TUD-Campus')
    table, ids = read_mots(video.gt_path, video.size)
    store = cut_crops(video, table, tmp_path / 'a', (32, 16), identities=ids)
    np.save(tmp_path / 'ids.npy', ids * 1000 + (table.frames + ids) // 9)
    specs = [{'crops': str(store.folder),
              'identities': str(tmp_path / 'ids.npy')}]
    for cls in (IntraFrameTriplets, InterTrackletTriplets):
        dataset = cls([], specs)
        relation = collate_groups([dataset[k] for k in range(60)])[
            'data_samples']['relation'].numpy()
        who = np.array([person for k in range(60)
                        for _, person in true_people(dataset, k)])
        same = who[:, None] == who
        assert same[relation == 1].all()
        assert not same[relation == -1].any()
        assert (relation == 0).any()


def test_intra_groups(intra: IntraFrameTriplets) -> None:
    """People of one frame; one weak view of each, the others strong."""
    seen = set()
    for index in range(200):
        views = targets(intra, index)
        frame, = {(v.table.video, v.table.store.frames[v.row])
                  for v in views}
        seen.add(frame)
        rows = [v.row for v in views]
        people = list(dict.fromkeys(rows))
        assert 2 <= len(people) <= 4
        assert [v.strong for v in views] == (
            [False] * len(people) + [True] * (8 - len(people)))
        counts = [rows.count(row) for row in people]
        assert max(counts) - min(counts) <= 1
    assert seen == {(0, 1), (0, 2), (0, 7), (1, 2), (1, 3)}


def test_inter_groups(inter: InterTrackletTriplets) -> None:
    """First views share a frame, others are of their tracklets."""
    seen = set()
    for index in range(200):
        views = targets(inter, index)
        table = views[0].table
        assert {v.table.video for v in views} == {table.video}
        who = table.persons[[v.row for v in views]]
        frames = table.store.frames[[v.row for v in views]]
        count = len(set(who))
        assert 2 <= count <= 4
        assert len(set(who[:count])) == count
        assert len(set(frames[:count])) == 1
        assert (frames != frames[0]).any()
        assert not any(v.strong for v in views[:count])
        assert len({(v.row, v.strong) for v in views}) > count
        for k, view in enumerate(views):
            assert who[k] == who[k % count]
            if view.row in [v.row for v in views[:k]]:
                assert view.strong
        seen.add((table.video, frames[0]))
    # In frame 7 of the first video no tracklet is longer than one frame.
    assert seen == {(0, 1), (0, 2), (1, 2), (1, 3)}


def test_a_tracklet_with_another_frame_is_taken(make_store) -> None:
    """In a crowd of short tracklets the long one is in every group."""
    store = make_store('crowd', [1] * 6 + [2], [1, 2, 3, 4, 5, 6, 4])
    dataset = InterTrackletTriplets(
        [], [{'crops': str(store.folder)}], group_size=4)
    others = set()
    for index in range(50):
        who = {store.identities[v.row] for v in dataset.views(index)}
        assert 4 in who
        others |= who - {4}
    assert others == {1, 2, 3, 5, 6}


def test_gap_in_a_tracklet_is_unknown(make_store) -> None:
    """In the gap of a tracklet another one may be the same person."""
    store = make_store('gap', [1, 1, 2, 2, 3, 4, 4], [1, 2, 1, 2, 3, 1, 2])
    dataset = InterTrackletTriplets([], [{'crops': str(store.folder)}])
    table = dataset.target[0]
    relation = relation_matrix(
        np.zeros(7, int), table.persons, table.starts, table.ends,
        np.zeros(7, bool))
    assert relation[4].tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert relation[0].tolist() == [1, -1, 1, -1, 0, 1, 0]


def test_labelled_half(videos, colour_of) -> None:
    """Labels are contiguous over videos; crops are of the right people."""
    dataset = LabelledCrops(videos['source'], group_size=6, instances=3,
                            labelled=())
    assert dataset.num_identities == 5
    label_of = {('s', 7): 0, ('s', 9): 1, ('t', 3): 2, ('t', 7): 3,
                ('t', 12): 4}
    for index in range(20):
        group = dataset[index]
        people = true_people(dataset, index)
        assert group['people'].tolist() == [label_of[p] for p in people]
        assert len(set(people)) == 2 or index % 5 == 2
        for image, (_, person) in zip(group['images'], people, strict=True):
            assert np.abs(image[16, 8].astype(int)
                          - colour_of(person)).max() <= 2


def test_labelled_people_come_equally_often(videos) -> None:
    """Through the people in turn, in another order each time."""
    dataset = LabelledCrops(videos['source'], group_size=2, instances=2)
    order = [dataset[k]['people'][0] for k in range(25)]
    turns = np.reshape(order, (5, 5))
    assert (np.sort(turns, axis=1) == np.arange(5)).all()
    assert len({tuple(turn) for turn in turns}) > 1


def test_crops_of_a_person_are_distinct(videos) -> None:
    """No crop is taken twice while there are others."""
    dataset = LabelledCrops(videos['source'], group_size=2, instances=2)
    for index in range(30):
        views = dataset.views(index)
        if len(views[0].table.rows_of_persons()[
                views[0].table.persons[views[0].row]]) > 1:
            assert views[0].row != views[1].row


def loader_of(dataset: dict[str, Any], workers: int) -> Any:
    """The loader as a training builds it."""
    return Runner.build_dataloader({
        'dataset': copy.deepcopy(dataset),
        'sampler': {'type': 'InfiniteSampler', 'shuffle': False},
        'batch_size': 2, 'num_workers': workers,
        'collate_fn': {'type': 'mmremots.collate_groups'}}, seed=workers)


@pytest.mark.parametrize('name', ['Intra', 'Inter'])
def test_same_batches_whatever_the_workers(videos, name: str) -> None:
    """A batch depends on seed and number alone."""
    config = {
        'type': {'Intra': 'mmremots.IntraFrameTriplets',
                 'Inter': 'mmremots.InterTrackletTriplets'}[name],
        'source': videos['source'], 'target': videos['linked'], 'seed': 5}
    batches = []
    for workers in (0, 2):
        iterator = iter(loader_of(config, workers))
        batches.append([next(iterator) for _ in range(4)])
        del iterator
    for one, two in zip(*batches, strict=True):
        assert torch.equal(one['inputs'], two['inputs'])
        for key in ('people', 'relation'):
            assert torch.equal(
                one['data_samples'][key], two['data_samples'][key])
    batch = batches[0][0]
    assert batch['inputs'].shape == (32, 3, 32, 16)
    assert batch['inputs'].dtype == torch.uint8
    assert batch['data_samples']['people'].dtype == torch.int64
    assert batch['data_samples']['relation'].dtype == torch.int8
    assert batch['data_samples']['relation'].shape == (32, 32)


def test_item_is_a_function_of_seed_and_index(videos) -> None:
    """Neither the order of access nor a copy matters; the seed does."""
    def build(seed: int) -> IntraFrameTriplets:
        return IntraFrameTriplets(
            videos['source'], videos['target'], seed=seed)
    one, two, other = build(0), build(0), build(1)
    forward = [one[k]['images'] for k in range(6)]
    backward = [two[k]['images'] for k in reversed(range(6))][::-1]
    assert all((a == b).all()
               for a, b in zip(forward, backward, strict=True))
    assert any((a != other[k]['images']).any()
               for k, a in enumerate(forward))
    assert (forward[0] != forward[1]).any()


def test_anchors_without_augmentation_are_the_crops(videos) -> None:
    """With no transforms the images are those of the stores."""
    dataset = DATASETS.build({
        'type': 'InterTrackletTriplets', 'source': videos['source'],
        'target': videos['linked'], 'labelled': [], 'weak': [],
        'strong': []})
    for index in range(10):
        for image, view in zip(dataset[index]['images'],
                               dataset.views(index), strict=True):
            assert (image == view.table.store.images[view.row]).all()


@TRANSFORMS.register_module()
class Stamp(CropTransform):
    """Paints a crop in one gray, to see who was sent through."""

    def __init__(self, gray: int) -> None:
        super().__init__(1.0)
        self.gray = gray

    def augment(self, image, mask, results):
        return np.full_like(image, self.gray), mask


@pytest.mark.parametrize('kind', [IntraFrameTriplets, InterTrackletTriplets])
def test_each_view_has_its_own_transforms(videos, kind) -> None:
    """Labelled, weak and strong ones are not mixed up."""
    stamps = dict(labelled=10, weak=20, strong=30)
    dataset = kind(videos['source'], videos['linked'], **{
        name: [{'type': 'Stamp', 'gray': gray}]
        for name, gray in stamps.items()})
    for index in range(20):
        assert [int(image[0, 0, 0]) for image in dataset[index]['images']] == [
            10 if view.person >= 0 else 30 if view.strong else 20
            for view in dataset.views(index)]


def test_without_source(videos) -> None:
    """Where nothing is labelled a group is its target half."""
    dataset = IntraFrameTriplets([], videos['target'])
    assert (dataset[0]['people'] == -1).all()
    assert len(dataset[0]['people']) == 8
    assert dataset.num_identities == 0


def test_length_is_bounded(videos) -> None:
    """Going through a dataset comes to an end."""
    dataset = LabelledCrops(videos['source'], num_groups=3)
    assert len(dataset) == 3
    assert sum(1 for _ in dataset) == 3


def test_no_groups(make_store, videos) -> None:
    """A target that cannot be learned from is told apart, by name."""
    lone = make_store('lone', [1, 2, 3], [1, 1, 1])
    short = make_store('short', [1, 1, 2], [1, 2, 3])
    none = make_store('none', [], [])
    with pytest.raises(NoGroupsError, match=r'two observations.*lone.*none'):
        IntraFrameTriplets(videos['source'], specs(lone, none))
    with pytest.raises(NoGroupsError, match=r'two tracklets.*short.*none'):
        InterTrackletTriplets(videos['source'], specs(short, none))
    IntraFrameTriplets(videos['source'], specs(lone, short, none))


def specs(*stores: CropStore) -> list[dict[str, str]]:
    """Stores as a config names them."""
    return [{'crops': str(store.folder)} for store in stores]


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'group_size': 6}, 'group_size=6.*instances=4'),
    ({'group_size': 2, 'instances': 2}, 'group_size=2 has no room'),
])
def test_bad_arguments(videos, arguments: dict[str, int],
                       message: str) -> None:
    """Groups that cannot be filled are refused."""
    with pytest.raises(ValueError, match=message):
        IntraFrameTriplets(videos['source'], videos['target'], **arguments)


def test_bad_source(make_store, videos) -> None:
    """So are labelled videos without crops, and crops of two sizes."""
    none = make_store('none', [], [])
    large = make_store('large', [1, 1], [1, 2], crop_size=(40, 20))
    with pytest.raises(ValueError, match='no labelled videos'):
        LabelledCrops([])
    with pytest.raises(ValueError, match=r'no labelled crops in .*none'):
        LabelledCrops(specs(none))
    with pytest.raises(ValueError, match=r'differ in size.*\(40, 20\)'):
        IntraFrameTriplets(specs(large), videos['target'])
