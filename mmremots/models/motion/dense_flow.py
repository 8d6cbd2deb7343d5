"""Dense optical flow, and masks warped along it (paper, section 2.3)."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.registry import MODELS

_DIS_PRESETS = {
    'ultrafast': cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    'fast': cv2.DISOPTICAL_FLOW_PRESET_FAST,
    'medium': cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}

#: As OpenCV's samples have it.
_FARNEBACK: dict[str, Any] = dict(
    pyr_scale=0.5, levels=3, winsize=15, iterations=3, poly_n=5,
    poly_sigma=1.2, flags=0)

#: DIS works on patches of 8 pixels at a quarter of the size; below this it
#: raises, returns garbage or crashes the process, whatever the other side.
_DIS_MIN_SIDE = 32

#: cv2.remap addresses pixels with int16.
_MAX_SIDE = 32766

#: Rows at a time in :func:`warp_labels`, so that they stay in the cache.
_ROWS = 32


def warp_labels(labels_prev: NDArray, flow_curr_to_prev: NDArray) -> NDArray:
    """Move the label map of the previous frame to the current one.

    Pixel (x, y) takes the label at ``(rint(x + u), rint(y + v))`` of the
    previous frame, (u, v) being the flow there: one lookup a pixel, whatever
    the number of masks. ``rint`` is numpy's (halves go to the even number).

    Args:
        labels_prev: (H, W) integers, 0 is background.
        flow_curr_to_prev: (H, W, 2) float, x then y, in pixels.

    Returns:
        (H, W) of the same dtype; 0 where the flow leaves the image or is not
        a number.

    Raises:
        ValueError: If shapes or dtypes are not as above.
    """
    flow = np.asarray(flow_curr_to_prev)
    if labels_prev.ndim != 2 or labels_prev.dtype.kind not in 'iu':
        raise ValueError('labels_prev is not an (H, W) map of integers')
    if flow.shape != (*labels_prev.shape, 2) or flow.dtype.kind != 'f':
        raise ValueError(
            f'a {flow.dtype} flow of shape {flow.shape} for a label map of '
            f'shape {labels_prev.shape}')
    height, width = labels_prev.shape
    if flow.dtype != np.float32 or max(height, width) > _MAX_SIDE:
        return _lookup(labels_prev, flow, *np.ogrid[:height, :width])

    # x + rint(u), in int16, is rint(x + u) but for halves; those, and what
    # is not finite, are looked up in full.
    grid = _pixel_grid(height, width)
    # cv2.remap copies whatever has the right number of bytes.
    pixels = np.ascontiguousarray(labels_prev).view(
        f'f{labels_prev.itemsize}' if labels_prev.itemsize > 2
        else f'u{labels_prev.itemsize}')
    warped = np.empty_like(pixels)
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        block = np.ascontiguousarray(flow[rows])
        steps = cv2.add(block, 0.0, dtype=cv2.CV_16S)
        source = cv2.add(steps.reshape(block.shape), grid[rows])
        warped[rows] = cv2.remap(
            pixels, source, None, cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    result = warped.view(labels_prev.dtype)
    y, x = _inexact(flow)
    result[y, x] = _lookup(labels_prev, flow[y, x], y, x)
    return result


@MODELS.register_module()
class DenseFlow:
    """Dense optical flow of OpenCV between adjacent frames.

    Args:
        method: ``'farneback'`` or ``'dis'`` (several times faster).
        scale: Flow is found on images of this size, in (0, 1], and scaled
            up; half of it takes about a fifth of the time. Defaults to 1.0.
        preset: Of DIS: ``'medium'``, ``'fast'`` or ``'ultrafast'``.
    """

    def __init__(
            self,
            method: str = 'farneback',
            scale: float = 1.0,
            preset: str = 'medium') -> None:
        if method not in ('farneback', 'dis'):
            raise ValueError(
                f"method is {method!r}, neither 'farneback' nor 'dis'")
        if not 0 < scale <= 1:
            raise ValueError(f'scale is {scale}, not in (0, 1]')
        if preset not in _DIS_PRESETS:
            raise ValueError(
                f'preset is {preset!r}, not one of {sorted(_DIS_PRESETS)}')
        self.method = method
        self.scale = scale
        self.preset = preset

    def flow(
            self, gray_curr: NDArray[np.uint8],
            gray_prev: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Flow from the current frame back to the previous one.

        Args:
            gray_curr: (H, W) uint8.
            gray_prev: (H, W) uint8.

        Returns:
            (H, W, 2) float32, x then y, in pixels: what is at (x, y) now was
            at (x, y) + flow.

        Raises:
            ValueError: If the images differ in size.
        """
        size = gray_curr.shape[1], gray_curr.shape[0]
        return self._pair(
            (self._small(gray_curr), size),
            (self._small(gray_prev), gray_prev.shape[::-1]))

    def flows(
            self, frames: Iterable[NDArray[np.uint8] | None],
            workers: int = 1) -> Iterator[NDArray[np.float32] | None]:
        """Flow of each frame of a video back to the one before.

        A pool of threads works ahead of the caller (OpenCV lets them run at
        once) by at most two pairs a thread. The bytes that come out do not
        depend on ``workers``.

        Args:
            frames: Images (H, W, 3) BGR uint8 in order, each taken once;
                None for one that no flow is wanted of.
            workers: Number of threads, 1 or more.

        Yields:
            For each frame but the first: its :meth:`flow`, or None where it
            or the one before is None.

        Raises:
            ValueError: If images differ in size or ``workers`` is below 1.
        """
        if workers < 1:
            raise ValueError(f'workers is {workers}, below 1')
        ahead: deque[Future | None] = deque()
        previous = None
        with ThreadPoolExecutor(workers, 'flow') as pool:
            try:
                for number, frame in enumerate(frames):
                    current = None
                    if frame is not None:
                        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
                        size = frame.shape[1], frame.shape[0]
                        current = self._small(gray), size
                    if number:
                        ahead.append(
                            pool.submit(self._pair, current, previous)
                            if current and previous else None)
                    previous = current
                    if len(ahead) > 2 * workers:
                        yield _result(ahead.popleft())
                while ahead:
                    yield _result(ahead.popleft())
            finally:
                for future in ahead:
                    if future:
                        future.cancel()

    def _pair(
            self, current: tuple[NDArray, tuple[int, int]],
            previous: tuple[NDArray, tuple[int, int]]) -> NDArray[np.float32]:
        if current[1] != previous[1]:
            raise ValueError(
                f'flow between images of {previous[1]} and {current[1]} '
                'pixels')
        return self._full_size(
            self._flow(current[0], previous[0]), current[1])

    def _flow(
            self, gray_curr: NDArray[np.uint8],
            gray_prev: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self.method == 'farneback':
            return cv2.calcOpticalFlowFarneback(
                gray_curr, gray_prev, None, **_FARNEBACK)
        height, width = gray_curr.shape
        down, right = (
            max(0, _DIS_MIN_SIDE - side) for side in (height, width))
        curr, prev = (
            cv2.copyMakeBorder(
                image, 0, down, 0, right, cv2.BORDER_REPLICATE)
            for image in (gray_curr, gray_prev))
        # Not safe to share between threads, and cheap to make.
        dis: Any = cv2.DISOpticalFlow.create(_DIS_PRESETS[self.preset])
        return np.ascontiguousarray(
            dis.calc(curr, prev, None)[:height, :width])

    def _small(self, gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self.scale == 1:
            return gray
        height, width = (
            max(1, round(side * self.scale)) for side in gray.shape)
        return cv2.resize(
            gray, (width, height), interpolation=cv2.INTER_AREA)

    def _full_size(
            self, flow: NDArray[np.float32],
            size: tuple[int, int]) -> NDArray[np.float32]:
        height, width = flow.shape[:2]
        if (width, height) == size:
            return flow
        full = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR)
        full *= np.array(
            [size[0] / width, size[1] / height], dtype=np.float32)
        return full


def _result(future: Future | None) -> NDArray[np.float32] | None:
    return future.result() if future else None


@lru_cache(maxsize=2)
def _pixel_grid(height: int, width: int) -> NDArray[np.int16]:
    grid = np.empty((height, width, 2), dtype=np.int16)
    grid[..., 0] = np.arange(width)
    grid[..., 1] = np.arange(height)[:, None]
    return grid


def _inexact(flow: NDArray[np.float32]) -> tuple[NDArray, NDArray]:
    """Where the flow has a half or no finite number: all y, and all x."""
    found = [np.zeros((2, 0), dtype=np.int64)]
    buffer = np.empty_like(flow[:_ROWS])
    with np.errstate(invalid='ignore'):
        for top in range(0, len(flow), _ROWS):
            block = flow[top:top + _ROWS]
            rest = np.rint(block, out=buffer[:len(block)])
            np.abs(np.subtract(block, rest, out=rest), out=rest)
            if not rest.max(initial=0) < 0.5:  # Nor if it is not a number.
                y, x = np.nonzero(~(rest < 0.5).all(axis=2))
                found.append(np.stack([y + top, x]))
    y, x = np.concatenate(found, axis=1)
    return y, x


def _lookup(
        labels: NDArray, flow: NDArray, y: NDArray, x: NDArray) -> NDArray:
    """The definition of :func:`warp_labels`, for pixels (y, x)."""
    height, width = labels.shape
    source_x = np.rint(x + flow[..., 0].astype(np.float64))
    source_y = np.rint(y + flow[..., 1].astype(np.float64))
    inside = (source_x >= 0) & (source_x < width)
    inside &= (source_y >= 0) & (source_y < height)
    columns = np.where(inside, source_x, 0).astype(np.int64)
    rows = np.where(inside, source_y, 0).astype(np.int64)
    return np.where(inside, labels[rows, columns], labels.dtype.type(0))
