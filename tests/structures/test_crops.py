"""Parts of images and masks."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmremots.datasets.sequences import read_sequence
from mmremots.structures.crops import mask_in_box, resize
from mmremots.structures.masks import encode_mask
from mmremots.structures.video import read_frame


@given(arrays(np.uint8, (9, 7), elements=st.integers(0, 1)), st.data())
def test_mask_in_box(mask: np.ndarray, data: st.DataObject) -> None:
    """A part that is decoded alone is the part of the whole."""
    x1, x2 = sorted(data.draw(st.sets(
        st.integers(0, 7), min_size=2, max_size=2)))
    y1, y2 = sorted(data.draw(st.sets(
        st.integers(0, 9), min_size=2, max_size=2)))
    part = mask_in_box(encode_mask(mask), np.array([x1, y1, x2, y2]))
    assert (part == mask[y1:y2, x1:x2]).all()


def test_resize() -> None:
    """An axis that shrinks is averaged, also when the other one grows."""
    rows = np.repeat(np.uint8([0, 200] * 8), 4).reshape(16, 4)
    assert (resize(rows, (8, 4)) == 100).all()
    assert (resize(rows, (8, 9)) == 100).all()
    assert (resize(rows, (16, 4)) == rows).all()
    assert resize(np.zeros((1, 1, 3), np.uint8), (5, 7)).shape == (5, 7, 3)


def test_resize_near_the_reference(pedestrians: Path) -> None:
    """Resizing is closer to the reference's (PIL) than plain sampling."""
    pillow = pytest.importorskip('PIL.Image')
    video = read_sequence(pedestrians / 'ADL-Rundle-6a')
    image = read_frame(video, 1)[:900, :500]
    reference = np.asarray(pillow.fromarray(image).resize(
        (128, 256), pillow.Resampling.BILINEAR)).astype(float)
    plain = cv2.resize(image, (128, 256), interpolation=cv2.INTER_LINEAR)
    ours = np.abs(resize(image, (256, 128)) - reference).mean()
    assert ours < np.abs(plain - reference).mean() / 2
