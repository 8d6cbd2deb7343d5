"""The transforms: what holds for all, and what each is for."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mmremots.datasets.crops import cut_crops
from mmremots.datasets.sequences import read_sequence
from mmremots.datasets.transforms import (
    REFERENCE,
    STRONG,
    CropAffine,
    CropErase,
    CropFlip,
    CropPadShift,
)
from mmremots.formats.observation_files import read_mots
from mmremots.registry import TRANSFORMS

NAMES = ('CropFlip', 'CropPadShift', 'CropErase', 'CropAffine', 'CropColour',
         'CropBlur', 'CropBackground')


def make_crop(seed: int = 0) -> dict[str, Any]:
    """A noisy crop with an ellipse for a person."""
    rng = np.random.default_rng(99)
    img, other = rng.integers(256, size=(2, 64, 32, 3), dtype=np.uint8)
    mask = cv2.ellipse(np.zeros((64, 32), np.uint8), (16, 32), (9, 25),
                       0, 0, 360, 1, -1)
    for array in (img, other, mask):
        array.flags.writeable = False
    return {'img': img, 'mask': mask, 'other': other,
            'rng': np.random.default_rng(seed)}


@pytest.mark.parametrize('name', NAMES)
def test_contract(name: str) -> None:
    """Size and type stay, the input is left alone, the seed decides."""
    transform = TRANSFORMS.build({'type': name, 'prob': 1.0})
    changed = 0
    for seed in range(20):
        one, two = transform(make_crop(seed)), transform(make_crop(seed))
        assert one['img'].shape == (64, 32, 3)
        assert one['mask'].shape == (64, 32)
        assert one['img'].dtype == one['mask'].dtype == np.uint8
        assert set(np.unique(one['mask'])) <= {0, 1}
        assert (one['img'] == two['img']).all()
        assert (one['mask'] == two['mask']).all()
        changed += (one['img'] != make_crop()['img']).any()
    assert changed >= 18


@pytest.mark.parametrize('name', NAMES)
def test_probability(name: str) -> None:
    """At 0 nothing happens; what is no probability is refused."""
    crop = TRANSFORMS.build({'type': name, 'prob': 0.0})(make_crop())
    assert (crop['img'] == make_crop()['img']).all()
    with pytest.raises(ValueError, match=rf'{name}: prob .* 1\.5'):
        TRANSFORMS.build({'type': name, 'prob': 1.5})


def test_flip_twice() -> None:
    """A mirror image of a mirror image is the image."""
    flip = CropFlip(prob=1)
    crop = flip(flip(make_crop()))
    assert (crop['img'] == make_crop()['img']).all()
    assert (flip(make_crop())['img'] == make_crop()['img'][:, ::-1]).all()


def test_pad_shift_reaches_all() -> None:
    """Every shift up to the padding comes, and none beyond."""
    shift = CropPadShift(pad=2)
    seen = set()
    for seed in range(300):
        crop = make_crop(seed)
        crop['mask'] = np.zeros((64, 32), np.uint8)
        crop['mask'][30, 15] = 1
        seen.add(tuple(np.argwhere(shift(crop)['mask'])[0] - (30, 15)))
    assert seen == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}


def test_erase_reference() -> None:
    """Rectangles are of the reference's areas, aspects and colour."""
    erase = CropErase(prob=1)
    rng = np.random.default_rng(0)
    shapes = []
    for _ in range(500):
        rows, columns = erase.draw_box((256, 128), rng)
        assert 0 <= rows.start < rows.stop <= 256
        assert 0 <= columns.start < columns.stop <= 128
        shapes.append((rows.stop - rows.start, columns.stop - columns.start))
    heights, widths = np.array(shapes).T
    area = heights * widths / (256 * 128)
    assert area.min() > 0.019
    assert area.max() < 0.41
    assert (heights / widths).min() > 0.28
    assert (heights / widths).max() < 3.5

    crop = make_crop(3)
    before = crop['img']
    erase(crop)
    erased = (crop['img'] != before).any(axis=2)
    assert (crop['img'][erased] == (127, 142, 152)).all()
    assert not crop['mask'][erased].any()


def test_erase_gives_up() -> None:
    """Where no rectangle fits, the crop is left as it is."""
    erase = CropErase(area=(2.0, 3.0), prob=1)
    assert (erase(make_crop())['img'] == make_crop()['img']).all()


def test_affine_moves_mask_along() -> None:
    """A mask moves with its image."""
    for seed in range(20):
        crop = make_crop(seed)
        crop['img'] = np.repeat(crop['mask'][..., None] * 255, 3, axis=2)
        CropAffine(prob=1)(crop)
        agree = (crop['img'][..., 0] > 127) == (crop['mask'] > 0)
        assert agree.mean() > 0.97


@pytest.mark.parametrize('transforms', [REFERENCE, STRONG])
def test_compositions_build(transforms: tuple) -> None:
    """The compositions are built from a config and run."""
    crop = make_crop()
    for transform in transforms:
        crop = TRANSFORMS.build(dict(transform))(crop)
    assert crop['img'].shape == (64, 32, 3)


def test_strong_keeps_clothes(pedestrians: Path, tmp_path: Path) -> None:
    """Strongly augmented people are closer to themselves than to others.

    Measured by the mean colours of the upper and lower half of the mask:
    by chance one in eight would be found.
    """
    video = read_sequence(pedestrians / 'ADL-Rundle-6a')
    table, ids = read_mots(video.gt_path, video.size)
    rows = np.sort(np.unique(ids, return_index=True)[1])
    store = cut_crops(video, table.take(rows), tmp_path / 'a')
    transforms = [TRANSFORMS.build(dict(t)) for t in STRONG]

    def colours(img: np.ndarray, mask: np.ndarray) -> np.ndarray:
        lab = cv2.cvtColor(img, cv2.COLOR_BGR2LAB).astype(float)
        middle = mask.shape[0] // 2
        return np.concatenate([
            lab[:middle][mask[:middle] > 0].mean(axis=0),
            lab[middle:][mask[middle:] > 0].mean(axis=0)])

    people = [k for k in range(len(store)) if store.masks(k).mean() > 0.4]
    plain = np.array([colours(store.images[k], store.masks(k))
                      for k in people])
    hits = []
    for place, row in enumerate(people):
        for seed in range(20):
            crop = {'img': store.images[row], 'mask': store.masks(row),
                    'other': store.images[people[place - 1]],
                    'rng': np.random.default_rng(seed)}
            for transform in transforms:
                crop = transform(crop)
            halves = np.array_split(crop['mask'], 2)
            if min(half.mean() for half in halves) < 0.1:
                continue  # erased
            distance = np.abs(
                plain - colours(crop['img'], crop['mask'])).sum(axis=1)
            hits.append(int(distance.argmin()) == place)
    assert len(people) >= 8
    assert np.mean(hits) > 0.7
