"""Masks drawn over the frames of a video."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.structures.drawing import draw_masks
from mmremots.structures.files import atomic_path
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video, read_frame


def write_overlays(
        sequence: Video, observations: Observations, ids: ArrayLike,
        folder: str | os.PathLike[str], video: bool = False,
        progress: Callable[..., Iterable[int]] | None = None) -> None:
    """Draw every frame of a sequence with its tracks.

    Writes ``folder/000001.jpg`` and on, and ``folder.mp4`` if wanted.

    Args:
        sequence: Where the images are.
        observations: N masks of the sequence.
        ids: (N,) id of each.
        folder: Where to; made if missing.
        video: Whether to write a film too.
        progress: Called as ``progress(frames, total=len(frames))``, must
            pass the frames on; ``tqdm`` is one.

    Raises:
        OSError: If a file cannot be written, or OpenCV here cannot encode
            mp4.
        ValueError: If there is not one id for each mask.
    """
    numbers = np.asarray(ids)
    if numbers.shape != (len(observations),):
        raise ValueError(f'{sequence.name}: {numbers.size} ids of '
                         f'{len(observations)} masks')
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frames: Iterable[int] = range(1, sequence.num_frames + 1)
    if progress is not None:
        frames = progress(frames, total=sequence.num_frames)

    def drawings() -> Iterable[NDArray[np.uint8]]:
        for frame in frames:
            rows = observations.of_frame(frame)
            drawing = draw_masks(read_frame(sequence, frame),
                                 observations.rles[rows], numbers[rows])
            path = folder / f'{frame:06d}.jpg'
            with atomic_path(path) as temporary:
                # Not imwrite, which says nothing of a full disk.
                temporary.write_bytes(
                    cv2.imencode('.jpg', drawing)[1].tobytes())
            yield drawing

    if video:
        _write_film(folder.with_name(f'{folder.name}.mp4'), drawings(),
                    sequence)
    else:
        for _ in drawings():
            pass


def _write_film(path: Path, images: Iterable[NDArray[np.uint8]],
                sequence: Video) -> None:
    with atomic_path(path) as temporary:
        # Players want even sizes; mp4v is what OpenCV's own wheels have.
        size = (sequence.width & ~1, sequence.height & ~1)
        writer = cv2.VideoWriter(
            str(temporary), cv2.VideoWriter.fourcc(*'mp4v'),
            sequence.frame_rate, size)
        if not writer.isOpened():
            raise OSError(f'{path}: OpenCV here cannot encode mp4')
        try:
            for image in images:
                writer.write(image[:size[1], :size[0]])
        finally:
            writer.release()
        if not cv2.VideoCapture(str(temporary)).isOpened():
            raise OSError(f'{path}: cannot be written whole; is the disk '
                          'full?')
