"""Images: read whole, or an error that names the file."""
from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremots.structures.video import read_image

JPEG = ('.jpg', [])
PROGRESSIVE = ('.jpg', [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
PNG = ('.png', [])
BMP = ('.bmp', [])


def encoded(kind: tuple[str, list[int]]) -> bytes:
    """The bytes of a smooth image of 60 x 80 pixels."""
    y, x = np.mgrid[:60, :80]
    image = np.stack([3 * x, 4 * y, 255 - 2 * x], axis=2).astype(np.uint8)
    return cv2.imencode(kind[0], image, kind[1])[1].tobytes()


@pytest.mark.parametrize('kind', [JPEG, PROGRESSIVE, PNG, BMP])
@pytest.mark.parametrize('behind', [b'', bytes(50), b'made by a camera'])
def test_what_opencv_reads(
        tmp_path: Path, kind: tuple[str, list[int]], behind: bytes) -> None:
    """The same pixels; what some programs write behind does no harm."""
    path = tmp_path / f'1{kind[0]}'
    path.write_bytes(encoded(kind) + behind)
    np.testing.assert_array_equal(
        read_image(str(path)), cv2.imread(str(path)))


@pytest.mark.parametrize('share', [0.0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(('kind', 'filled'), [
    (JPEG, False), (PROGRESSIVE, False), (PNG, False), (BMP, False),
    (JPEG, True), (PROGRESSIVE, True), (PNG, True)])  # 0 is black in a BMP
def test_an_image_that_breaks_off(
        tmp_path: Path, kind: tuple[str, list[int]], share: float,
        filled: bool) -> None:
    """An error, not a frame that is grey from there on.

    A download that stopped may have its full length, the rest being zeros.
    """
    content = encoded(kind)
    half = content[:int(share * len(content))]
    path = tmp_path / f'1{kind[0]}'
    path.write_bytes(half + bytes(len(content) - len(half)) * filled)
    with pytest.raises(ValueError, match=f'{path}: cannot be read') as caught:
        read_image(str(path))
    assert '\n' not in str(caught.value)


def test_garbage_within_a_jpeg(tmp_path: Path) -> None:
    """OpenCV fills the rest with grey, and returns it."""
    noise = np.random.default_rng(0)
    content = bytearray(cv2.imencode('.jpg', noise.integers(
        0, 255, (60, 80, 3), np.uint8))[1].tobytes())
    middle = len(content) // 2
    content[middle:middle + 3] = b'\xff\x23\x05'
    path = tmp_path / '1.jpg'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'1\.jpg: .*: damaged within'):
        read_image(str(path))


def test_several_images_in_a_file(tmp_path: Path) -> None:
    """A TIFF of many pages is many frames, of which OpenCV reads one."""
    page = np.zeros((6, 8, 3), np.uint8)
    path = tmp_path / '1.tif'
    path.write_bytes(cv2.imencode('.tif', page)[1].tobytes())
    assert read_image(str(path)).shape == page.shape
    path.write_bytes(cv2.imencodemulti('.tif', [page, page])[1].tobytes())
    with pytest.raises(ValueError, match=r'1\.tif: .*: it has 2 pages'):
        read_image(str(path))


@pytest.mark.parametrize('kind', [JPEG, PNG])
def test_an_image_that_says_it_is_huge(
        tmp_path: Path, kind: tuple[str, list[int]]) -> None:
    """One error, not OpenCV's."""
    content = bytearray(encoded(kind))
    side = (60000).to_bytes(2, 'big')
    if kind is JPEG:
        start = content.find(b'\xff\xc0') + 5
        content[start:start + 4] = side + side
    else:
        content[16:24] = (b'\0\0' + side) * 2
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, 'big')
    path = tmp_path / f'1{kind[0]}'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'{path}: .*IMAGE_PIXELS') as caught:
        read_image(str(path))
    assert '\n' not in str(caught.value)


def test_no_image(tmp_path: Path) -> None:
    """Nothing there, or something else."""
    with pytest.raises(FileNotFoundError, match=r'1\.jpg: no such image'):
        read_image(str(tmp_path / '1.jpg'))
    for content, reason in (
            (b'', 'it has no bytes'), (b'not an image', 'another kind of fi')):
        (tmp_path / '1.jpg').write_bytes(content)
        with pytest.raises(ValueError, match=rf'1\.jpg: cannot .*: {reason}'):
            read_image(str(tmp_path / '1.jpg'))
