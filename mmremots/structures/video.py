"""A video: its frames on disk."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import has_file
from .observations import Observations

#: Frames a second of a video that does not say.
DEFAULT_FRAME_RATE = 30.0
#: How a JPEG and a TIFF begin.
_JPEG = b'\xff\xd8'
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
#: What may follow 0xff among the pixels of a JPEG, and what may end them.
_WITHIN_SCAN = np.array([0, *range(0xd0, 0xd8), 0xff], dtype=np.uint8)
_AFTER_SCAN = b'\xc4\xd9\xda\xdb\xdc\xdd\xfe'


@dataclass(frozen=True)
class Video:
    """One video: an image file for each frame.

    Frames count from 1 wherever mmremots counts them. Files that people have
    beside their images may count otherwise, from 0 in KITTI MOTS or as the
    images are called: ``numbers``. Who reads such a file takes them off
    (:func:`to_frames`), who writes one for others puts them on
    (:func:`to_numbers`).

    Attributes:
        name: Name of the sequence, that of its folder.
        img_paths: Image files; frame ``t`` (1-based) is
            ``img_paths[t - 1]``.
        height: Image height in pixels.
        width: Image width in pixels.
        frame_rate: Frames per second.
        gt_path: Ground truth, a MOTS text file or a folder of instance PNGs,
            or None without one. Read it with
            :func:`mmremots.formats.ground_truth.read_truth`.
        numbers: What files call the frames, increasing; empty for 1 to N.
        folder: The sequence's folder, in which its ``gt/`` and ``det/`` lie;
            '' where there is none.
        layout: What kind of data set it is from, for the log.
    """

    name: str
    img_paths: tuple[str, ...]
    height: int
    width: int
    frame_rate: float
    gt_path: str | None
    numbers: tuple[int, ...] = ()
    folder: str = field(default='', compare=False)
    layout: str = field(default='MOTSChallenge', compare=False)

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return len(self.img_paths)

    @property
    def size(self) -> tuple[int, int]:
        """Image size as (height, width)."""
        return self.height, self.width

    @property
    def first_frame(self) -> int:
        """What files call the first frame."""
        return self.numbers[0] if self.numbers else 1

    @property
    def num_numbers(self) -> int:
        """How many numbers there are from the first frame's to the last's.

        With ``first_frame`` what readers of files take for ``num_frames``;
        more than there are frames where numbers are left out.
        """
        return (self.numbers[-1] - self.numbers[0] + 1 if self.numbers
                else self.num_frames)


def frame_numbers(video: Video) -> NDArray[np.int64]:
    """What files call each frame, (num_frames,) int64."""
    return np.array(
        video.numbers or range(1, video.num_frames + 1), np.int64)


def to_frames(video: Video, table: Observations) -> Observations:
    """Count the frames of a table from 1, leaving out no number.

    Args:
        video: The video.
        table: As a reader gives it that was told ``video.first_frame``.

    Raises:
        ValueError: A row is of a number that no image has.
    """
    if video.num_numbers == video.num_frames:
        return table
    known = frame_numbers(video)
    numbers = table.frames + (video.first_frame - 1)
    wrong = numbers[~np.isin(numbers, known)]
    if len(wrong):
        before = known[np.searchsorted(known, wrong[0]) - 1]
        raise ValueError(
            f'frame {wrong[0]}, but no image has this number: after '
            f'{before} comes {known[np.searchsorted(known, wrong[0])]}; if '
            'the file counts the images from 1, say first_frame=1')
    return replace(table, frames=np.searchsorted(known, numbers) + 1)


def to_numbers(video: Video, frames: ArrayLike) -> NDArray[np.int64]:
    """What files call some frames.

    Args:
        video: The video.
        frames: (N,) integers from 1 to ``num_frames``.
    """
    return frame_numbers(video)[np.asarray(frames, np.int64) - 1]


def sequence_folder(video: Video) -> Path:
    """Where what belongs to a video lies: its folder, as far as is known.

    Raises:
        ValueError: Its frames come without paths.
    """
    if video.folder:
        return Path(video.folder)
    first = Path(video.img_paths[0])
    if len(first.parents) < 2:
        raise ValueError(
            f'the frames of {video.name or "a video"} come without their '
            'paths, so no file that belongs to it can be found: take an '
            'absolute path, or a detector that looks at frames')
    return first.parents[1]


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
            f'{video.name} are {video.width}x{video.height}'
            f'{turned(path) or turned(video.img_paths[0])}')
    return image


def read_image(path: str) -> np.ndarray:
    """Read an image file.

    From memory: of a file, OpenCV fills what is missing of a JPEG with grey.
    An image with an EXIF orientation is turned by it.

    Args:
        path: The file.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It is no file, or cannot be decoded as a whole.
    """
    return decode_image(path, cv2.IMREAD_COLOR)


def turned(path: str) -> str:
    """What to say of an image that its EXIF tag turns on its side.

    Returns:
        The end of a message; '' for any other image.
    """
    try:
        stored = decode_image(
            path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        shown = read_image(path)
    except (OSError, ValueError):
        return ''
    if stored.shape == shown.shape:
        return ''
    (height, width), (h, w) = stored.shape[:2], shown.shape[:2]
    return (f'; {path} is stored as {width}x{height}, and its EXIF '
            f'orientation tag turns it to {w}x{h}: turn the pixels, or '
            'remove the tag')


@contextmanager
def naming_exif(video: Video) -> Iterator[None]:
    """Explain masks of another size than the images, where EXIF does."""
    try:
        yield
    except ValueError as error:
        reason = (turned(video.img_paths[0])
                  if 'size (h, w)' in str(error) and video.img_paths else '')
        if not reason:
            raise
        raise ValueError(f'{error}{reason}') from None


def _has_stray_marker(content: NDArray[np.uint8]) -> bool:
    """Whether the first scan of a JPEG ends with what can be no marker.

    From there on OpenCV's image is grey, and it says so on the terminal alone.
    """
    header = content.tobytes()
    place = 2
    while header[place:place + 1] == b'\xff' and (
            header[place + 1:place + 2] != b'\xda'):
        place += 2 + int.from_bytes(header[place + 2:place + 4], 'big')
    if header[place:place + 1] != b'\xff':  # Not one that has a header.
        return False
    scan = content[place + 2:]
    after = scan[1:][scan[:-1] == 0xff]
    ends = after[~np.isin(after, _WITHIN_SCAN)]
    return len(ends) > 0 and ends[0] not in _AFTER_SCAN


def decode_image(path: str | Path, flags: int) -> np.ndarray:
    """Read an image file as OpenCV's flags say.

    Raises:
        FileNotFoundError: It is not there.
        ValueError: It is no file, or cannot be decoded as a whole.
    """
    if not has_file(path):
        raise FileNotFoundError(f'{path}: no such image')
    content = np.fromfile(path, dtype=np.uint8)
    image, reason = None, 'another kind of file, or broken off'
    start = content[:4].tobytes()
    if not len(content):
        reason = 'it has no bytes'
    elif start[:2] == _JPEG and _has_stray_marker(content):
        reason = 'damaged within: a JPEG marker where pixels belong'
    elif start in _TIFF and cv2.imcount(os.fspath(path)) > 1:
        reason = (f'it has {cv2.imcount(os.fspath(path))} pages: a frame is '
                  'a file of one')
    else:
        try:
            image = cv2.imdecode(content, flags)
        except cv2.error as error:
            reason = ' '.join(str(error).split())
    if image is None:
        raise ValueError(f'{path}: cannot be read as an image: {reason}')
    return image
