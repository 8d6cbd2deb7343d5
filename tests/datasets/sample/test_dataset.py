"""The sample as a dataset."""
from __future__ import annotations

import pytest

from mmremots.datasets.sample import SampleDataset, dataset
from mmremots.datasets.sample.build import ensure_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.registry import DATASETS

SPECS = (SequenceSpec('A', 'train', 1, num_frames=2, num_people=4),
         SequenceSpec('B', 'test', 2, num_frames=3, num_people=4))


@pytest.fixture(autouse=True)
def short_sample(monkeypatch):
    monkeypatch.setattr(dataset, 'ensure_sample',
                        lambda root: ensure_sample(root, SPECS))


def test_it_renders_itself_and_splits(tmp_path):
    """Built from a config, with no data anywhere."""
    root = tmp_path / 'sample'
    target = DATASETS.build({
        'type': 'SampleDataset', 'data_root': str(root), 'test_mode': True})
    assert [sequence.name for sequence in target.sequences] == ['B']
    assert target.get_data_info(0)['video_length'] == 3
    labelled = SampleDataset(data_root=root, split='train')
    assert [sequence.name for sequence in labelled.sequences] == ['A']


def test_an_unknown_split_is_an_error(tmp_path):
    """Before anything is rendered."""
    with pytest.raises(ValueError, match='val'):
        SampleDataset(data_root=tmp_path / 'sample', split='val')
    assert not (tmp_path / 'sample').exists()
