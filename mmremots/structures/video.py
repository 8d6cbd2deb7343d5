"""A video: its frames on disk."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .files import has_file


@dataclass(frozen=True)
class Video:
    """One video: an image file for each frame.

    Attributes:
        name: Name of the sequence, that of its folder.
        img_paths: Image files; frame ``t`` (1-based) is
            ``img_paths[t - 1]``.
        height: Image height in pixels.
        width: Image width in pixels.
        frame_rate: Frames per second.
        gt_path: MOTS text file of ground truth, or None without one. Read
            it with :func:`mmremots.structures.read_mots`.
    """

    name: str
    img_paths: tuple[str, ...]
    height: int
    width: int
    frame_rate: float
    gt_path: str | None

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return len(self.img_paths)

    @property
    def size(self) -> tuple[int, int]:
        """Image size as (height, width)."""
        return self.height, self.width


def read_frame(video: Video, frame: int) -> np.ndarray:
    """Read one image.

    Args:
        video: The video.
        frame: Frame number from 1.

    Returns:
        The image, (H, W, 3) uint8, BGR.

    Raises:
        IndexError: There is no such frame.
        FileNotFoundError: The image file is gone.
        ValueError: It cannot be decoded or is not of the sequence's size.
    """
    if not 1 <= frame <= video.num_frames:
        raise IndexError(
            f'{video.name}: no frame {frame}, frames are 1 to '
            f'{video.num_frames}')
    path = video.img_paths[frame - 1]
    image = read_image(path)
    if image.shape[:2] != video.size:
        height, width = image.shape[:2]
        raise ValueError(
            f'{path}: the image is {width}x{height}, those of '
            f'{video.name} are {video.width}x{video.height}')
    return image


def read_image(path: str) -> np.ndarray:
    """Read an image file.

    From memory: of a file, OpenCV fills what is missing of a JPEG with grey.

    Args:
        path: The file.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It is no file, or cannot be decoded as a whole.
    """
    if not has_file(path):
        raise FileNotFoundError(f'{path}: no such image')
    content = np.fromfile(path, dtype=np.uint8)
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
        reason = 'another kind of file, or broken off'
    except cv2.error as error:
        image, reason = None, ' '.join(str(error).split())
    if image is None:
        raise ValueError(f'{path}: cannot be read as an image: {reason}')
    return image
