"""Frames, masks and crops, small enough to stand in a page."""
from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.structures.drawing import track_color
from mmremots.structures.masks import RLE, decode_mask
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video, read_frame

#: Widths of the player's frames in pixels: the first at which all fit.
WIDTHS = (640, 480)
#: Most pixels of a crop, down and across.
_CROP = (150, 200)
#: Frames that are tried, to tell how large one is.
_TRIALS = 6


class Clip(NamedTuple):
    """Frames of a video for the player.

    Attributes:
        width: Of the pictures, in pixels.
        height: Likewise.
        frames: Frame numbers that are shown.
        images: Data URI of each.
        masks: Of each the (id, outline) of its masks; an outline is an SVG
            path in pixels of the picture.
    """

    width: int
    height: int
    frames: list[int]
    images: list[str]
    masks: list[list[tuple[int, str]]]


def make_clip(video: Video, table: Observations, ids: Sequence[int],
              wanted: Iterable[int], budget: float) -> Clip:
    """Encode as many frames as fit a budget, evenly over the video.

    Args:
        video: The video.
        table: N masks of it.
        ids: (N,) id of each.
        wanted: Frames to show in any case.
        budget: Bytes that frames and masks may take.
    """
    for width in sorted({min(width, video.width) for width in WIDTHS},
                        reverse=True):
        trials = np.linspace(1, video.num_frames, _TRIALS).astype(int)
        sizes = [_size(_encode_frame(video, table, ids, t, width))
                 for t in dict.fromkeys(trials.tolist())]
        fitting = int(budget / max(float(np.mean(sizes)), 1.0))
        if fitting >= video.num_frames:
            break
    chosen = choose_frames(video.num_frames, fitting, wanted)
    encoded = [_encode_frame(video, table, ids, t, width) for t in chosen]
    return Clip(width, max(1, round(video.height * width / video.width)),
                chosen, [image for image, _ in encoded],
                [masks for _, masks in encoded])


def choose_frames(num_frames: int, fitting: int,
                  wanted: Iterable[int]) -> list[int]:
    """Frames evenly over a video, and those that are wanted.

    Args:
        num_frames: Frames that there are.
        fitting: How many may be chosen.
        wanted: Frames to choose first; of too many only the first.

    Returns:
        Frame numbers from 1, increasing.
    """
    if fitting >= num_frames:
        return list(range(1, num_frames + 1))
    first = sorted(set(list(dict.fromkeys(wanted))[:max(fitting // 2, 0)]))
    even = np.linspace(1, num_frames, max(fitting - len(first), 1))
    return sorted({*first, *np.round(even).astype(int).tolist()})


def mask_outline(rle: RLE, scale: float) -> str:
    """The outline of a mask as an SVG path.

    To half a pixel; holes are outlines, too, so it is to be filled by the
    rule ``evenodd``.

    Args:
        rle: The mask.
        scale: Pixels of the picture to one of the mask.
    """
    mask = decode_mask(rle)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return ''
    # A border, so that an outline never is that of the patch.
    patch = cv2.copyMakeBorder(
        mask[y:y + height, x:x + width], 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    outlines, _ = cv2.findContours(
        patch, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    path = []
    for outline in outlines:
        points = cv2.approxPolyDP(outline, 0.6 / scale, True)[:, 0]
        corner = np.array([x, y]) - 0.5
        places = np.round((points + corner) * scale).astype(int)
        if len(places) > 2:
            path.append(_relative(places))
    if not path:  # Smaller than a pixel of the picture.
        left, top = round(x * scale), round(y * scale)
        return f'M{left} {top}h1v1h-1z'
    return ''.join(path)


def crop_of(video: Video, frame: int, rle: RLE, track: int) -> str:
    """A person cut out of a frame, outlined in his track's colour.

    Args:
        video: The video.
        frame: Frame number from 1.
        rle: His mask.
        track: His track.

    Returns:
        A data URI.
    """
    image, mask = read_frame(video, frame), decode_mask(rle)
    x, y, width, height = cv2.boundingRect(mask)
    margin = round(0.12 * max(width, height)) + 2
    top, left = max(y - margin, 0), max(x - margin, 0)
    area = np.s_[top:y + height + margin, left:x + width + margin]
    patch, inside = image[area], mask[area]
    scale = min(_CROP[0] / patch.shape[0], _CROP[1] / patch.shape[1], 3)
    size = (max(1, round(patch.shape[1] * scale)),
            max(1, round(patch.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    patch = cv2.resize(patch, size, interpolation=way)
    inside = cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(
        inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(patch, outlines, -1, track_color(track), 1, cv2.LINE_AA)
    return _data_uri(patch, 75)


def _encode_frame(
        video: Video, table: Observations, ids: Sequence[int], frame: int,
        width: int) -> tuple[str, list[tuple[int, str]]]:
    scale = width / video.width
    image = read_frame(video, frame)
    if scale < 1:
        image = cv2.resize(
            image, (width, max(1, round(video.height * scale))),
            interpolation=cv2.INTER_AREA)
    rows = table.of_frame(frame)
    masks = [(int(ids[row]), mask_outline(table.rles[row], scale))
             for row in range(rows.start, rows.stop)]
    return _data_uri(image, 40), masks


def _size(encoded: tuple[str, list[tuple[int, str]]]) -> int:
    image, masks = encoded
    return len(image) + sum(len(path) + 12 for _, path in masks)


def _relative(places: NDArray) -> str:
    """A closed SVG path of whole numbers, in steps from point to point."""
    steps = np.diff(places, axis=0).tolist()
    start = f'M{places[0][0]} {places[0][1]}l'
    return start + ' '.join(
        f'{dx} {dy}' for dx, dy in steps if dx or dy) + 'z'


def _data_uri(image: NDArray[np.uint8], quality: int) -> str:
    """WebP, which is half of a JPEG and known to every browser."""
    if cv2.haveImageWriter('.webp'):
        kind, setting = 'webp', cv2.IMWRITE_WEBP_QUALITY
    else:
        kind, setting = 'jpeg', cv2.IMWRITE_JPEG_QUALITY
    _, data = cv2.imencode(f'.{kind}', image, [setting, quality])
    text = base64.b64encode(data.tobytes()).decode()
    return f'data:image/{kind};base64,{text}'
