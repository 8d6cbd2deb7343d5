"""Cutting crops and reading them back."""
from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmremots.datasets.crops import CropStore, cut_crops
from mmremots.datasets.sequences import read_sequence
from mmremots.formats.observation_files import read_mots
from mmremots.structures.crops import resize
from mmremots.structures.masks import encode_mask
from mmremots.structures.observations import Observations
from mmremots.structures.video import read_frame

FRAMES = [1, 1, 3, 3, 3, 4]
PEOPLE = [1, 2, 2, 3, 1, 1]
SIZE = (20, 10)


def assert_literal(store: CropStore, video, table: Observations) -> None:
    """Every crop is what decoding, slicing and resizing makes of it."""
    for row, rle in enumerate(table.rles):
        mask = coco_mask.decode(rle)
        ys, xs = np.nonzero(mask)
        box = np.s_[ys.min():ys.max() + 1, xs.min():xs.max() + 1]
        image = read_frame(video, int(table.frames[row]))
        assert (store.images[row]
                == resize(image[box], store.crop_size)).all()
        assert (store.masks(row) == (
            resize(mask[box] * 255, store.crop_size) >= 128)).all()


def test_literal_cut(make_video, tmp_path: Path) -> None:
    """Crops and masks equal a literal cut; the rest comes back as given."""
    video, table = make_video('a', FRAMES, PEOPLE)
    cut_crops(video, table, tmp_path / 'a', SIZE,
              identities=np.array(PEOPLE))
    store = CropStore(tmp_path / 'a')
    assert_literal(store, video, table)
    assert len(store) == 6
    assert store.crop_size == SIZE
    assert store.sequence == video.name
    assert store.frames.tolist() == FRAMES
    assert store.identities.tolist() == PEOPLE
    assert store.masks(np.array([4, 0])).tolist() == [
        store.masks(4).tolist(), store.masks(0).tolist()]
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a']


def test_real_cut(pedestrians: Path, tmp_path: Path) -> None:
    """The same holds for real images and masks at the usual size."""
    video = read_sequence(pedestrians / 'TUD-Campus')
    table, _ = read_mots(video.gt_path, video.size)
    table = table.take(slice(0, 12))
    assert_literal(
        cut_crops(video, table, tmp_path / 'a'), video, table)


def test_single_pixel(make_video, tmp_path: Path) -> None:
    """The smallest mask gives a crop of one colour, all mask."""
    video, _ = make_video('one', [1], [1])
    mask = np.zeros(video.size, np.uint8)
    mask[-1, -1] = 1
    table = Observations(
        np.array([1]), np.zeros((1, 4), np.float32), np.ones(1, np.float32),
        np.array([2]), [encode_mask(mask)], video.size)
    store = cut_crops(video, table, tmp_path / 'a', SIZE)
    assert (store.images[0] == read_frame(video, 1)[-1, -1]).all()
    assert store.masks(0).all()


def test_nothing_to_cut(make_video, tmp_path: Path) -> None:
    """A video in which nothing was found has a store, of no crops."""
    video, _ = make_video('none', [], [])
    cut_crops(video, Observations.empty(), tmp_path / 'a', SIZE)
    store = CropStore(tmp_path / 'a')
    assert len(store) == 0
    assert store.images.shape == (0, *SIZE, 3)
    assert store.identities is None


def test_pickled_without_pixels(make_video, tmp_path: Path) -> None:
    """A worker that is sent a store maps it, it gets no copy."""
    store = cut_crops(*make_video('p', FRAMES, PEOPLE), tmp_path / 'a', SIZE)
    pickled = pickle.dumps(store)
    assert len(pickled) < 1000
    assert (pickle.loads(pickled).images == store.images).all()


def test_progress(make_video, tmp_path: Path) -> None:
    """Progress sees each frame with observations once, and their number."""
    seen = []

    def progress(frames, total):
        assert total == 3
        for frame in frames:
            seen.append(frame)
            yield frame

    cut_crops(*make_video('f', FRAMES, PEOPLE), tmp_path / 'a', SIZE,
              progress=progress)
    assert seen == [1, 3, 4]


def test_all_or_nothing(make_video, tmp_path: Path) -> None:
    """A cut that fails midway leaves the old store; the next one works."""
    video, table = make_video('b', FRAMES, PEOPLE)
    cut_crops(video, table, tmp_path / 'a', SIZE)
    image = Path(video.img_paths[3])
    content = image.read_bytes()
    image.write_bytes(b'broken')
    with pytest.raises(ValueError, match='000004'):
        cut_crops(video, table, tmp_path / 'a', SIZE)
    assert len(CropStore(tmp_path / 'a')) == 6
    image.write_bytes(content)
    cut_crops(video, table, tmp_path / 'a', SIZE)
    assert_literal(CropStore(tmp_path / 'a'), video, table)
    assert [p.name for p in tmp_path.iterdir()] == ['a']


def test_open_refuses(make_video, tmp_path: Path) -> None:
    """No store, damaged files: each is said by name."""
    with pytest.raises(FileNotFoundError, match='nowhere'):
        CropStore(tmp_path / 'nowhere')
    folder = tmp_path / 'a'
    cut_crops(*make_video('c', FRAMES, PEOPLE), folder, SIZE)
    images = (folder / 'images.npy').read_bytes()
    (folder / 'images.npy').write_bytes(images[:-1])
    with pytest.raises(ValueError, match=r'images\.npy'):
        CropStore(folder)
    (folder / 'images.npy').write_bytes(images)
    meta = json.loads((folder / 'meta.json').read_text())
    (folder / 'meta.json').write_text(json.dumps({**meta, 'count': 5}))
    with pytest.raises(ValueError, match=r'images\.npy: shape'):
        CropStore(folder)
    (folder / 'meta.json').write_text('{}')
    with pytest.raises(ValueError, match=r'meta\.json: no '):
        CropStore(folder)


def test_cut_refuses(make_video, tmp_path: Path) -> None:
    """What cannot be cut is refused before any work is done."""
    video, table = make_video('d', FRAMES, PEOPLE)
    folder = tmp_path / 'a'
    with pytest.raises(ValueError, match='5 identities of 6'):
        cut_crops(video, table, folder, identities=np.arange(5))
    table.rles[3] = encode_mask(np.zeros(video.size, np.uint8))
    with pytest.raises(ValueError, match='frame 3: observation 3'):
        cut_crops(video, table, folder)
    small = Observations(
        table.frames[:1], table.boxes[:1], table.scores[:1],
        table.labels[:1], [encode_mask(np.ones((4, 4), np.uint8))], (4, 4))
    with pytest.raises(ValueError, match=r'\(4, 4\)'):
        cut_crops(video, small, folder)
    assert not list(tmp_path.iterdir())
