"""The sample on disk."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremots.datasets.sample import build
from mmremots.datasets.sample.build import ensure_sample, render_sample
from mmremots.datasets.sample.render import SequenceSpec
from mmremots.datasets.sequences import find_sequences
from mmremots.formats.coco_results import read_coco_results
from mmremots.formats.observation_files import read_detections, read_mots
from mmremots.structures.masks import label_map
from mmremots.structures.video import read_frame

SPECS = (SequenceSpec('A', 'train', 1, num_frames=3, num_people=4),
         SequenceSpec('B', 'test', 2, num_frames=4, num_people=6,
                      crowd=True))


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def sample(tmp_path_factory) -> Path:
    return ensure_sample(tmp_path_factory.mktemp('data') / 'sample', SPECS)


def test_layout_is_what_the_readers_read(sample):
    """Every file goes through the project's own checks."""
    (labelled,) = find_sequences(sample / 'train')
    assert labelled.name == 'A'
    assert not (sample / 'train' / 'A' / 'det').exists()
    (target,) = find_sequences(sample / 'test')
    assert target.num_frames == 4
    assert target.frame_rate == 14
    assert read_frame(target, 4).std() > 20
    for sequence in (labelled, target):
        truth, ids = read_mots(
            sequence.gt_path, sequence.size, sequence.num_frames)
        people = truth.labels == 2
        assert (ids[people] // 1000 == 2).all()
        assert (ids[~people] == 10000).all()
        assert (truth.labels[~people] == 10).all()
        for _, rows in truth.frame_slices():
            label_map(truth.rles[rows], sequence.size)  # raises on overlap
    folder = sample / 'test' / 'B' / 'det'
    for table in (
            read_detections(folder / 'alpha.txt', target.size, 4),
            read_coco_results(folder / 'beta.json', target.size, 4)):
        assert len(table) > 4
        assert set(table.labels) == {2}


def test_images_fit_their_masks(sample):
    """Image and mask of a frame belong together: edges at the outlines."""
    (target,) = find_sequences(sample / 'test')
    truth, _ = read_mots(target.gt_path)
    people = truth.take(truth.labels == 2)
    for frame, rows in people.frame_slices():
        labels = label_map(people.rles[rows], target.size).astype(np.uint8)
        outline = cv2.morphologyEx(
            labels, cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
        gray = cv2.cvtColor(read_frame(target, frame), cv2.COLOR_BGR2GRAY)
        edges = np.abs(cv2.Laplacian(gray, cv2.CV_32F))
        assert edges[outline].mean() > 1.3 * edges[~outline].mean()


def test_two_renderings_have_the_same_bytes(sample, tmp_path):
    """Deterministic down to the files."""
    render_sample(tmp_path, SPECS)
    rendered = contents(sample)
    del rendered['sample.json']
    assert contents(tmp_path) == rendered


def test_a_sample_that_is_there_is_left_alone(sample, monkeypatch):
    """First use renders, later ones do not."""
    monkeypatch.setattr(build, 'render_sample', pytest.fail)
    assert ensure_sample(sample, SPECS) == sample


def test_a_sample_of_other_code_is_replaced(tmp_path):
    """Old files do not survive in the new sample."""
    root = tmp_path / 'deep' / 'sample'
    ensure_sample(root, SPECS[:1])
    (root / 'train' / 'A' / 'left-over').touch()
    ensure_sample(root, SPECS[1:])
    assert [path.name for path in root.iterdir() if path.is_dir()] == ['test']
    assert [path.name for path in root.parent.iterdir()] == ['sample']


def test_foreign_data_is_never_replaced(tmp_path):
    """A wrong data_root must not cost anybody their data."""
    (tmp_path / 'precious').touch()
    with pytest.raises(FileExistsError, match=str(tmp_path)):
        ensure_sample(tmp_path, SPECS)
    assert (tmp_path / 'precious').exists()


def test_a_failed_rendering_leaves_nothing(tmp_path, monkeypatch):
    """Whole or not at all."""
    def fail(*args):
        raise OSError('disk full')
    monkeypatch.setattr(build, 'write_mots', fail)
    with pytest.raises(OSError, match='disk full'):
        ensure_sample(tmp_path / 'sample', SPECS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('stale', [False, True])
def test_another_process_is_faster(sample, tmp_path, monkeypatch, stale):
    """Ranks of one run all ask for the sample; each gets a whole one."""
    root = tmp_path / 'sample'
    if stale:
        ensure_sample(root, SPECS[:1])

    def render_slowly(folder, specs):
        monkeypatch.undo()
        ensure_sample(root, SPECS)
        render_sample(folder, specs)

    monkeypatch.setattr(build, 'render_sample', render_slowly)
    assert ensure_sample(root, SPECS) == root
    assert contents(root) == contents(sample)
    assert [path.name for path in tmp_path.iterdir()] == ['sample']
