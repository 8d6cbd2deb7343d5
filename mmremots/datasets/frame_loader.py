"""Frames decoded ahead of the network, in processes of their own."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from mmremots.structures.video import Video, read_frame

#: What a frame that cannot be used raises.
FrameError = (OSError, ValueError)


class _Frames(Dataset):
    """Frames of a video, transformed; an error instead of one that fails.

    Raised in a worker, it would arrive wrapped in that one's traceback.
    """

    def __init__(
            self, video: Video, frames: Sequence[int],
            transform: Callable[[NDArray[np.uint8]], Any]) -> None:
        self.video = video
        self.frames = frames
        self.transform = transform

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> tuple[int, Any]:
        frame = self.frames[index]
        try:
            return frame, self.transform(read_frame(self.video, frame))
        except FrameError as error:
            return frame, error


def batches(
        video: Video, frames: Sequence[int],
        transform: Callable[[NDArray[np.uint8]], Any], batch_size: int = 1,
        num_workers: int = 0) -> Iterator[tuple[list[int], list[Any]]]:
    """Read and transform frames, in order.

    Args:
        video: Where they are from.
        frames: Their numbers, from 1.
        transform: What is made of the (H, W, 3) uint8 BGR image. With
            workers it must pickle where processes are not forked.
        batch_size: Frames that are given at once, fewer at the end.
        num_workers: Processes that work ahead; 0 for none.

    Yields:
        Numbers of some frames, and what ``transform`` made of each.

    Raises:
        FileNotFoundError: If the image of a frame is gone.
        ValueError: If it cannot be decoded, or is of another size.
    """
    loader = DataLoader(
        _Frames(video, frames, transform), batch_size,
        num_workers=num_workers, collate_fn=list,
        worker_init_fn=_one_thread,
        # Of its own, or the workers' seed would be drawn from the one that
        # later stages draw from.
        generator=torch.Generator())
    for batch in loader:
        for _, result in batch:
            if isinstance(result, FrameError):
                raise result
        numbers, results = zip(*batch, strict=True)
        yield list(numbers), list(results)


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(0)
