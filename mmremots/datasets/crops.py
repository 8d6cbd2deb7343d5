"""Crops of a sequence's observations, cut once and kept on disk."""
from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from mmremots.structures.crops import (
    crop_boxes,
    cut_out,
    mask_in_box,
    resize,
)
from mmremots.structures.files import new_array
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video, read_frame

CROP_SIZE = (256, 128)
_DECODERS = 2
_DECODED_AHEAD = 4


class CropStore:
    """The crops of one sequence, read from disk on demand.

    A store is a folder, written by :func:`cut_crops`:

    - ``images.npy``: (N, H, W, 3) uint8, BGR, memory-mapped;
    - ``masks.npy``: (N, H, ceil(W / 8)) uint8, a bit a pixel, likewise;
    - ``frames.npy``: (N,) int64, the frame of each crop, from 1;
    - ``identities.npy``: (N,) int64, where identities are known;
    - ``meta.json``: sequence, crop size and count.

    A 256x128 crop takes 102,400 bytes (98,304 of pixels, 4,096 of mask),
    the 59,000 observations of MOTS20 6.1 GB. Row ``i`` is row ``i`` of the
    observations it was cut from. A store is pickled as its folder, so that
    workers map the files anew.

    Attributes:
        folder: Where it is.
        sequence: Name of the sequence.
        images: The crops.
        frames: The frame of each.
        identities: The identity of each, or None.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        meta = _read_meta(self.folder)
        self.sequence = str(meta['sequence'])
        count, (height, width) = meta['count'], meta['crop_size']
        self.images = self._load('images', (count, height, width, 3))
        self._bits = self._load('masks', (count, height, -(-width // 8)))
        self.frames = self._load('frames', (count,))
        self.identities = None
        if (self.folder / 'identities.npy').exists():
            self.identities = self._load('identities', (count,))

    def __len__(self) -> int:
        return len(self.frames)

    def __reduce__(self) -> tuple[type[CropStore], tuple[Path]]:
        return CropStore, (self.folder,)

    @property
    def crop_size(self) -> tuple[int, int]:
        """Size of every crop as (height, width)."""
        return self.images.shape[1:3]

    def masks(self, rows: int | slice | np.ndarray) -> np.ndarray:
        """Masks of the crops at ``rows``, (..., H, W) uint8, 0 or 1."""
        return np.unpackbits(
            self._bits[rows], axis=-1, count=self.crop_size[1])

    def _load(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        path = self.folder / f'{name}.npy'
        try:
            array = np.load(path, mmap_mode='r', allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(f'{path}: damaged: {error}') from None
        if array.shape != shape:
            raise ValueError(
                f'{path}: shape {array.shape}, but meta.json says {shape}')
        return array


def cut_crops(
        sequence: Video,
        observations: Observations,
        folder: str | os.PathLike[str],
        crop_size: tuple[int, int] = CROP_SIZE,
        identities: np.ndarray | None = None,
        progress: Callable[..., Iterable[int]] | None = None) -> CropStore:
    """Cut the crop of every observation, in one pass over the frames.

    The store appears under its name when it is complete, and takes the
    place of an older one.

    Args:
        sequence: Where the images are.
        observations: What to cut, N rows; the crop is the tight box of the
            mask, background included.
        folder: The store to write.
        crop_size: Size of the crops as (height, width).
        identities: Identity of each observation where known, (N,) integer.
        progress: Called as ``progress(frames, total=len(frames))``, must
            pass the frames on; ``tqdm`` is one.

    Returns:
        The store, N crops in the order of the observations.

    Raises:
        ValueError: A mask is empty, the masks are not of the size of the
            images, or there are not as many identities as observations.
    """
    frames = np.unique(observations.frames).tolist()
    found = cut_frames(
        sequence, observations, frames if progress is None
        else progress(frames, total=len(frames)), crop_size)
    return write_crops(folder, sequence.name, observations.frames, crop_size,
                       identities, found)


def cut_frames(
        video: Video, observations: Observations, frames: Iterable[int],
        crop_size: tuple[int, int],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut the crops of some frames.

    Args:
        video: Where the images are.
        observations: As of :func:`cut_crops`, all of the video.
        frames: Frames that have some.
        crop_size: Size of the crops as (height, width).

    Returns:
        Yields of each frame the crops, (n, H, W, 3) uint8, and their masks,
        (n, H, ceil(W / 8)) uint8, a bit a pixel.

    Raises:
        ValueError: As :func:`cut_crops`.
    """
    if len(observations) and observations.size != video.size:
        raise ValueError(
            f'{video.name}: masks of size {observations.size}, images of '
            f'{video.size} (height, width)')
    try:
        boxes = crop_boxes(observations)
    except ValueError as error:
        raise ValueError(f'{video.name}: {error}') from None

    def cut() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for frame, image in _decode_ahead(video, frames):
            images, bits = [], []
            for row in range(*observations.of_frame(frame).indices(
                    len(observations))):
                mask = mask_in_box(observations.rles[row], boxes[row])
                images.append(cut_out(image, boxes[row], crop_size))
                bits.append(np.packbits(
                    resize(mask * np.uint8(255), crop_size) > 127, axis=-1))
            yield np.stack(images), np.stack(bits)

    return cut()


def write_crops(
        folder: str | os.PathLike[str], sequence: str, frames: np.ndarray,
        crop_size: tuple[int, int], identities: np.ndarray | None,
        found: Iterable[tuple[np.ndarray, ...]]) -> CropStore:
    """Write a store of crops that are cut already, or on the way.

    Args:
        folder: The store to write.
        sequence: Name of the sequence.
        frames: (N,) frame of each crop.
        crop_size: Size of the crops as (height, width).
        identities: As of :func:`cut_crops`.
        found: What :func:`cut_frames` gave, a frame or several at a time.

    Returns:
        The store.

    Raises:
        ValueError: There are not as many identities as crops.
    """
    if identities is not None and len(identities) != len(frames):
        raise ValueError(
            f'{sequence}: {len(identities)} identities of '
            f'{len(frames)} observations')
    (height, width), count = crop_size, len(frames)
    folder = Path(folder)
    unfinished = folder.parent / f'.{folder.name}.unfinished'
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    images = new_array(
        unfinished / 'images.npy', np.uint8, (count, height, width, 3))
    bits = new_array(unfinished / 'masks.npy', np.uint8,
                     (count, height, -(-width // 8)))
    row = 0
    for some_images, some_bits in found:
        rows = slice(row, row + len(some_images))
        images[rows], bits[rows] = some_images, some_bits
        row = rows.stop
    images.flush()
    bits.flush()

    np.save(unfinished / 'frames.npy', frames)
    if identities is not None:
        np.save(unfinished / 'identities.npy',
                np.asarray(identities, dtype=np.int64))
    meta = {'sequence': sequence, 'count': count,
            'crop_size': [height, width]}
    (unfinished / 'meta.json').write_text(json.dumps(meta, indent=1) + '\n')
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return CropStore(folder)


def _read_meta(folder: Path) -> dict:
    path = folder / 'meta.json'
    try:
        meta = json.loads(path.read_text())
    except FileNotFoundError:
        raise FileNotFoundError(f'{folder}: no crops here') from None
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not JSON: {error}') from None
    missing = {'sequence', 'count', 'crop_size'} - meta.keys()
    if missing:
        raise ValueError(f'{path}: no {", ".join(sorted(missing))}')
    return meta


def _decode_ahead(
        sequence: Video,
        frames: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Frames with their images, decoded by threads a few ahead."""
    remaining = iter(frames)
    with ThreadPoolExecutor(_DECODERS) as pool:
        ahead: deque[tuple[int, Future[np.ndarray]]] = deque()
        while True:
            for frame in islice(remaining, _DECODED_AHEAD - len(ahead)):
                ahead.append(
                    (frame, pool.submit(read_frame, sequence, frame)))
            if not ahead:
                return
            frame, image = ahead.popleft()
            yield frame, image.result()
