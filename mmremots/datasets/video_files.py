"""Video files, and frames in memory, as sequences of images.

The stages read frames several times and in any order. A compressed video
cannot be read so: seeking in H.264 by OpenCV lands frames away from where it
should. So a file is decoded once, in order, and without loss: PNGs, some 0.5
MB a frame at 640x480 and 3 MB at 1920x1080 (a minute of 30 frames a second:
1 GB and 5 GB).
"""
from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray
from tqdm import tqdm

from mmremots.registry import DATASETS
from mmremots.structures.files import (
    file_sha256,
    has_file,
    naming_full_disk,
)
from mmremots.structures.video import DEFAULT_FRAME_RATE

from .layouts import (
    IMAGE_FOLDERS,
    IMAGE_SUFFIXES,
    holds_frames,
    image_folder,
)
from .mots_challenge import MOTSChallengeDataset
from .sequence_names import check_name

PathLike = str | os.PathLike[str]
#: Says what the frames beside it were made of, and that they are ours.
_MADE_OF = 'made_of.txt'
#: What tracks and detections are in.
_TEXT = ('.txt', '.csv', '.json')
#: Fast and still small: a level of zlib.
_COMPRESSION = (cv2.IMWRITE_PNG_COMPRESSION, 1)


@DATASETS.register_module()
class VideoFiles(MOTSChallengeDataset):
    """Video files, and folders of images, as target videos.

    Args:
        files: Video files, which are decoded once, or folders of images, or
            one of either; a sequence is called as its file without the
            suffix, or as its folder. An ``img1/`` and its like stands for
            the folder above.
        frames_dir: Where frames go, ``frames_dir/<name>/img1/``, and links
            to folders. Those that are there are kept if they are of the
            same bytes.
        frame_rate: Frames a second of folders without ``seqinfo.ini``, and
            of video files in place of what they state. Defaults to None:
            what they state, or 30.
        **kwargs: Of :class:`MOTSChallengeDataset`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: OpenCV cannot read it, it is a single image, it has no
            frame, two have one name, or ``frame_rate`` is none.
    """

    def __init__(self, files: Sequence[PathLike] | PathLike,
                 frames_dir: PathLike, frame_rate: float | None = None,
                 **kwargs: Any) -> None:
        frame_rate = checked_rate(frame_rate)
        paths = [Path(os.path.abspath(path)) for path in (
            [files] if isinstance(files, str | os.PathLike) else files)]
        names: list[str] = []
        for path in paths:
            if path.is_dir() and path.name in IMAGE_FOLDERS:
                path = path.parent
            name = check_name(path.name if path.is_dir() else path.stem)
            if name in names:
                raise ValueError(f'two videos are called {name}')
            names.append(name)
            target = Path(frames_dir, name)
            if path.is_dir():
                if not holds_frames(path):
                    raise FileNotFoundError(
                        f'{path}: no images in it, or in img1/')
                link_folder(path, target, frame_rate)
            else:
                extract_video(path, target, frame_rate)
        super().__init__(frames_dir, names, **kwargs)


def link_folder(
        source: Path, folder: Path, frame_rate: float | None) -> None:
    """Put a folder of images in the place of a sequence's folder.

    Args:
        source: With its images, and what else belongs to a sequence.
        folder: Where the link goes.
        frame_rate: Where there is no ``seqinfo.ini``; None for unknown.
    """
    if frame_rate is None or has_file(source / 'seqinfo.ini'):
        _make_room(folder)
        folder.symlink_to(source)
        return
    with _new_folder(folder) as new:
        (new / 'img1').symlink_to(image_folder(source))
        for name in ('gt', 'det'):
            if (source / name).is_dir():
                (new / name).symlink_to(source / name)
        (new / 'seqinfo.ini').write_text(
            f'[Sequence]\nimDir=img1\nframeRate={frame_rate!r}\n')
        (new / _MADE_OF).write_text(f'{source}\n', encoding='utf-8')


def extract_video(path: PathLike, folder: PathLike,
                  rate: float | None = None) -> Path:
    """Decode a video file to a sequence's folder, unless it is done.

    Args:
        path: Anything that OpenCV reads.
        folder: Of the sequence; images go to ``img1/``, the frame rate to
            ``seqinfo.ini``.
        rate: Frames a second, in place of what the file states.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: OpenCV cannot read it, or it has no frame.
    """
    if not has_file(path):
        raise FileNotFoundError(f'{path}: no such video file')
    rate = rate or stated_rate(path)
    made_of = f'{Path(path).name} {file_sha256(path)} {rate}\n'

    def frames() -> Iterator[NDArray[np.uint8]]:
        total = frame_count(path)
        yield from tqdm(read_video(path), f'decoding {Path(path).name}',
                        total or None, unit='frame')

    return write_sequence(folder, frames, rate, made_of)


def write_sequence(
        folder: PathLike,
        frames: Callable[[], Iterable[NDArray[np.uint8]]], rate: float,
        made_of: str | None = None) -> Path:
    """Write frames as a sequence: PNGs, and the frame rate.

    Args:
        folder: Of the sequence; what is there goes.
        frames: Gives the frames, (H, W, 3) uint8 BGR, all of one size.
        rate: Frames a second.
        made_of: What they are made of; with the same in place, they are
            kept. None: not known.

    Returns:
        The folder.

    Raises:
        ValueError: There is no frame, or one is no such image.
    """
    folder = Path(folder)
    note = folder / _MADE_OF
    if made_of is not None and has_file(note) and (
            note.read_text(encoding='utf-8') == made_of):
        return folder
    with _new_folder(folder) as new:
        (new / 'img1').mkdir()
        count, size = _write_images(new / 'img1', frames(), folder.name)
        (new / 'seqinfo.ini').write_text(
            f'[Sequence]\nname={folder.name}\nimDir=img1\n'
            f'frameRate={rate!r}\nseqLength={count}\nimWidth={size[1]}\n'
            f'imHeight={size[0]}\nimExt=.png\n', encoding='utf-8')
        (new / _MADE_OF).write_text(made_of or '', encoding='utf-8')
    return folder


def _write_images(
        folder: Path, frames: Iterable[NDArray[np.uint8]],
        name: str) -> tuple[int, tuple[int, ...]]:
    """Write frames as PNGs; gives their number and shape."""
    count, size = 0, None
    for frame in frames:
        count += 1
        image = np.asarray(frame)
        if image.dtype != np.uint8 or image.ndim != 3 or (
                image.shape[2] != 3):
            raise ValueError(
                f'{name}: frame {count} is {image.dtype} of shape '
                f'{image.shape}, not (H, W, 3) uint8, BGR')
        size = size or image.shape
        if image.shape != size:
            raise ValueError(
                f'{name}: frame {count} is {image.shape[1]}x'
                f'{image.shape[0]}, those before {size[1]}x{size[0]}')
        path = folder / f'{count:06d}.png'
        done, content = cv2.imencode('.png', image, _COMPRESSION)
        if not done:
            raise OSError(f'{path}: cannot be encoded')
        path.write_bytes(content.tobytes())
    if size is None:
        raise ValueError(f'{name}: no frames')
    return count, size


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of an older one when it is."""
    _make_room(folder, remove=False)
    new = folder.with_name(f'.unfinished-{folder.name}')
    shutil.rmtree(new, ignore_errors=True)
    try:
        with naming_full_disk(folder):
            new.mkdir(parents=True)
            yield new
            _make_room(folder)
            new.rename(folder)
    finally:  # Of a video that did not fit, half the disk.
        shutil.rmtree(new, ignore_errors=True)


def _make_room(folder: Path, remove: bool = True) -> None:
    """Remove what was made here before, and nothing else.

    Raises:
        ValueError: Something else stands there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    ours = folder.is_symlink() or has_file(folder / _MADE_OF)
    if folder.exists() and not ours:
        raise ValueError(
            f'{folder}: frames of {folder.name} are to go here, but '
            'something else is here already; choose another folder')
    if remove and folder.is_symlink():
        folder.unlink()
    elif remove and folder.exists():
        shutil.rmtree(folder)


def read_video(path: PathLike) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video file, in order.

    Args:
        path: Anything that OpenCV reads; a rotation that it states is done.

    Yields:
        (H, W, 3) uint8, BGR.

    Raises:
        ValueError: OpenCV cannot open it.
    """
    capture = _open(path)
    try:
        stated, count = _positive(capture, cv2.CAP_PROP_FRAME_COUNT), 0
        found, frame = capture.read()
        while found:
            count += 1
            yield frame
            found, frame = capture.read()
        if stated and count < 0.99 * stated - 1:
            print_log(f'{path}: {count} frames could be decoded, of '
                      f'{stated:.0f} that it states; is it broken off?',
                      'current', level=30)
    finally:
        capture.release()


def stated_rate(path: PathLike) -> float:
    """Frames a second of a video file; 30 and a warning without one."""
    capture = _open(path)
    rate = _positive(capture, cv2.CAP_PROP_FPS)
    capture.release()
    if not rate or rate > 1000:  # A stream's clock, not a rate.
        print_log(f'{path}: states no frame rate; {DEFAULT_FRAME_RATE:g} is '
                  'taken', 'current', level=30)
        return DEFAULT_FRAME_RATE
    return rate


def frame_count(path: PathLike) -> int:
    """Frames that a video file states, which may be wrong; 0 for none."""
    capture = _open(path)
    count = _positive(capture, cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    return int(count)


def _open(path: PathLike) -> cv2.VideoCapture:
    has_file(path)  # a pipe would be waited for
    if Path(path).suffix.lower() in IMAGE_SUFFIXES:
        raise ValueError(f'{path}: an image; a video is a file with many, or '
                         'the folder they are in')
    if Path(path).suffix.lower() in _TEXT:  # FFmpeg would draw the letters.
        raise ValueError(f'{path}: text; a video is a file with frames')
    capture = cv2.VideoCapture(os.fspath(path))
    if not capture.isOpened():
        raise ValueError(f'{path}: OpenCV cannot read it as a video')
    # Not all builds of OpenCV do as the file says unless they are told.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def checked_rate(rate: float | None) -> float | None:
    """A frame rate as the user gave it, if it is one.

    Raises:
        ValueError: It is no number above 0.
    """
    if rate is None:
        return None
    if not (isinstance(rate, Real) and 0 < rate < float('inf')):
        raise ValueError(f'frame_rate is {rate!r}, no number above 0')
    return float(rate)


def _positive(capture: cv2.VideoCapture, what: int) -> float:
    value = capture.get(what)
    return value if 0 < value < float('inf') else 0.0
