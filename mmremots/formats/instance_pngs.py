"""Masks as 16-bit PNG images, one a frame, as KITTI MOTS and MOTS20 have.

A pixel is ``class * 1000 + instance`` of the object there, 10000 in a region
in which nothing was annotated, 0 elsewhere (Voigtlaender et al., MOTS: Multi-
Object Tracking and Segmentation, CVPR 2019). The MOTS text format's id of an
object is the same number.
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from mmremots.structures.classes import IGNORE
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import (
    RLE,
    label_map,
    rle_bbox,
    rles_from_label_map,
)
from mmremots.structures.observations import Observations
from mmremots.structures.video import decode_image

from .image_names import image_run

PathLike = str | os.PathLike[str]

#: Instances of a class are numbered below it.
INSTANCES = 1000
_LARGEST_VALUE = np.iinfo(np.uint16).max


def read_instance_pngs(
        folder: PathLike, size: Sequence[int] | None = None,
        num_frames: int | None = None, first_frame: int = 1,
        label_of_ids: int | None = None
) -> tuple[Observations, NDArray[np.int64]]:
    """Read a folder of instance PNGs.

    A frame without an image has no objects.

    Args:
        folder: With PNGs named by frame number, like ``000000.png``.
        size: (h, w) that every image must have; default: the first one's.
        num_frames: Number of frames allowed; default: any.
        first_frame: What the names call the first frame. The table counts
            from 1.
        label_of_ids: Class of all objects in images of 8 bits, whose pixels
            are ids, grey or by a palette; None: they are refused.

    Returns:
        The table (scores 1, boxes those of the masks; in a frame in the
        order of the ids) and (N,) int64 ids, ``class * 1000 + instance``.

    Raises:
        FileNotFoundError: If there is no such folder or no PNG in it.
        ValueError: If names have no numbers, or an image is not 16-bit
            grey, of another size, of a frame that is none, or has a pixel
            of no class; the message names the file.
    """
    paths = instance_png_paths(folder)
    frames, rles, ids = [], [], []
    for number, path in sorted(paths.items()):
        frame = number - first_frame + 1
        if frame < 1:
            raise ValueError(
                f'{path}: frame {number}, but the first is {first_frame}')
        if num_frames is not None and frame > num_frames:
            raise ValueError(
                f'{path}: frame {number}, but the last is '
                f'{first_frame + num_frames - 1}')
        image = _read(path, size, label_of_ids)
        size = size or image.shape
        found, masks = _objects(image, path)
        frames += [frame] * len(masks)
        ids += found
        rles += masks
    values = np.array(ids, np.int64)
    assert size is not None  # there is an image
    return Observations(
        np.array(frames, np.int64), rle_bbox(rles).astype(np.float32),
        np.ones(len(rles), np.float32), values // INSTANCES, rles,
        (int(size[0]), int(size[1]))), values


def instance_png_paths(folder: PathLike) -> dict[int, Path]:
    """The PNGs of a folder by the number in the name.

    Raises:
        FileNotFoundError: If there is no such folder or no PNG in it.
        ValueError: If the names have no numbers.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f'{folder}: no such folder of PNGs')
    run = image_run(
        path for path in Path(folder).iterdir()
        if path.suffix.lower() == '.png' and path.name[0] != '.')
    if not run.paths:
        raise FileNotFoundError(f'{folder}: no PNGs')
    if not run.numbered:
        raise ValueError(
            f'{run.paths[0]}: PNGs of instances must be named by their '
            'frame number, like 000000.png')
    return dict(zip(run.numbers, run.paths, strict=True))


def write_instance_pngs(
        folder: PathLike, observations: Observations, ids: ArrayLike,
        num_frames: int, first_frame: int = 1) -> None:
    """Write a table as :func:`read_instance_pngs` reads it.

    Each frame has its image, ``000000.png`` or what its number is; images
    are written one by one, each whole or not at all. A mask without a pixel
    cannot be seen in an image and is not there when it is read.

    Args:
        folder: Made where it is missing; other files stay.
        observations: N rows, masks of a frame disjoint.
        ids: (N,) integers >= 0, each once in a frame.
        num_frames: Number of frames.
        first_frame: What the first frame is to be called.

    Raises:
        ValueError: If there is not one id a row, they have no number in 16
            bits (see :func:`instance_values`), two masks overlap, the size
            of the images is not known, or a row lies behind the last frame.
    """
    values = instance_values(observations.labels, ids)
    if observations.size is None:
        raise ValueError(f'{folder}: the size of the images is not known')
    if len(observations) and observations.frames[-1] > num_frames:
        raise ValueError(
            f'{folder}: a mask in frame {observations.frames[-1]} of '
            f'{num_frames}')
    for frame in range(1, num_frames + 1):
        rows = observations.of_frame(frame)
        # Ignore regions of a frame are one, and may overlap.
        ignored = observations.labels[rows] == IGNORE
        rles = observations.rles[rows]
        try:
            found = label_map(
                [rle for rle, other in zip(rles, ignored, strict=True)
                 if not other], observations.size)
            where = np.zeros_like(found)
            for rle, other in zip(rles, ignored, strict=True):
                if other:
                    where |= label_map([rle], observations.size)
        except ValueError as error:
            raise ValueError(f'{folder}: frame {frame}: {error}') from None
        if (where & (found > 0)).any():
            raise ValueError(
                f'{folder}: frame {frame}: an object and an ignore region '
                'overlap')
        image = np.append(0, values[rows][~ignored]).astype(np.uint16)[found]
        image[where > 0] = IGNORE * INSTANCES
        name = f'{frame + first_frame - 1:06d}.png'
        with atomic_path(Path(folder, name)) as temporary:
            done, content = cv2.imencode('.png', image)
            if not done:
                raise OSError(f'{temporary}: cannot be written')
            temporary.write_bytes(content.tobytes())


def instance_values(labels: ArrayLike, ids: ArrayLike) -> NDArray[np.int64]:
    """What objects are called in 16 bits: ``class * 1000 + instance``.

    Ids that are of that form stay, as those of ground truth are. If any is
    not, all are numbered anew: an id below 1000 is the instance; if one is
    above, the ids of each class are counted from 0, in order. Ignore regions
    are 10000.

    Args:
        labels: (N,) classes.
        ids: (N,) integers >= 0. An id in two classes is two objects.

    Raises:
        ValueError: If there is not one id >= 0 a label, a class is not 1 to
            64, or one has more than 1000 objects.
    """
    classes = np.asarray(labels, np.int64)
    numbers = np.asarray(ids, np.int64)
    if numbers.shape != classes.shape or (numbers < 0).any():
        raise ValueError('not one id >= 0 for each mask')
    wrong = (classes < 1) | ((classes + 1) * INSTANCES > _LARGEST_VALUE + 1)
    if wrong.any():
        raise ValueError(
            f'class {classes[wrong][0]} has no numbers in 16 bits')
    objects = classes != IGNORE
    instances = np.zeros_like(numbers)
    if (numbers // INSTANCES == classes)[objects].all():
        instances[objects] = numbers[objects] % INSTANCES
    elif (numbers < INSTANCES)[objects].all():
        instances[objects] = numbers[objects]
    else:
        for label in np.unique(classes[objects]):
            rows = classes == label
            instances[rows] = np.unique(
                numbers[rows], return_inverse=True)[1]
            if instances[rows].max() >= INSTANCES:
                raise ValueError(
                    f'class {label} has {instances[rows].max() + 1} '
                    f'objects, more than the {INSTANCES} that can be told '
                    'apart in 16 bits')
    return classes * INSTANCES + instances


def _read(path: Path, size: Sequence[int] | None,
          label_of_ids: int | None) -> NDArray[np.uint16]:
    image = decode_image(path, cv2.IMREAD_UNCHANGED)
    if label_of_ids is not None and image.dtype == np.uint8:
        with Image.open(path) as file:  # OpenCV has no word on palettes.
            if file.mode in ('L', 'P'):
                image = np.array(file, np.uint16)
                image[image > 0] += label_of_ids * INSTANCES
    if image.dtype != np.uint16 or image.ndim != 2:
        kind = 'grey' if image.ndim == 2 else 'coloured'
        raise ValueError(
            f'{path}: {8 * image.itemsize} bits, {kind}; a PNG of instances '
            'is 16-bit grey, class * 1000 + instance')
    if size is not None and image.shape != tuple(size):
        raise ValueError(
            f'{path}: size (h, w) = {image.shape} is not that of the '
            f'images, ({size[0]}, {size[1]})')
    return image


def _objects(image: NDArray[np.uint16],
             path: Path) -> tuple[list[int], list[RLE]]:
    """The values of an image, without 0, and the mask of each."""
    pixels = np.bincount(image.ravel(), minlength=INSTANCES)
    pixels[0] = 0
    values = np.flatnonzero(pixels)
    if len(values) and values[0] < INSTANCES:
        raise ValueError(
            f'{path}: pixels of {values[0]}, which is no class * 1000 + '
            'instance')
    place = np.zeros(len(pixels), np.int32)
    place[values] = np.arange(1, len(values) + 1)
    return values.tolist(), rles_from_label_map(place[image], len(values))
