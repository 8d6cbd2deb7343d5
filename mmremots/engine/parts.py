"""Work on the frames of a video, cut into parts that processes share."""
from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmremots.engine.artifacts import Artifacts
from mmremots.engine.progress import progress
from mmremots.structures.files import read_arrays, write_arrays

#: Frames, or a few more, of which what is made is written at once.
FRAMES = 8
#: What is made of one item: arrays, which are joined end to end.
Made = tuple[NDArray, ...]


class Parts:
    """What is made of each item of a video, of which a file is put together.

    Items, frames or batches of crops, depend on none but their neighbours.
    A part is so many of them, wherever it is made: the parts that some
    processes left when they were stopped serve any other number of processes,
    and what is put together of them is the same. They are believed if what is
    being made is made of the same as they were, and if each is as it was
    written; else they are made again. When the file stands they are gone.

    Call it in work of :class:`~mmremots.engine.artifacts.Artifacts` that has
    opened all it is made from.

    Args:
        artifacts: Of the run.
        num_frames: Frames of the video.
        path: The file, or folder, that is to be put together; parts lie in a
            folder beside it.
        count: Number of items.
        size: Items in a part. A multiple of what is worked on at once, so
            that the same is worked on at once everywhere; few, since they are
            held in memory, and lost when a process dies.
    """

    def __init__(self, artifacts: Artifacts, num_frames: int, path: Path,
                 count: int, size: int) -> None:
        self.processes, self.num_frames = artifacts.processes, num_frames
        self.folder = path.with_name(f'.{path.name}.parts')
        self.count, self.size = count, size
        self.mark = artifacts.mark(self.folder)
        artifacts.goes_on(self.folder)

    def make(self, work: Callable[[range], Iterator[Made]], title: str,
             step: str, unit: str = 'frame') -> bool:
        """Make what is missing, this process its share of it.

        Args:
            work: Gives what is made of each of some items, in order.
            title: Stage and sequence.
            step: Kind of work, see
                :class:`~mmremots.engine.progress.Outlook`.
            unit: What an item is.

        Returns:
            Whether this process is the one to put them together.
        """
        parts = range(-(-self.count // self.size))
        missing = self.processes.agree(lambda: [
            part for part in parts if read_arrays(self._path(part)) is None])
        own = self.processes.share(missing)
        for items in _stretches(own, self.size, self.count):
            made: list[Made] = []
            # All processes make as much of theirs, meanwhile.
            frames = (self.num_frames * len(items) * len(missing)
                      / (self.count * len(own)))
            for found, item in zip(progress(
                    work(items), title, len(items), unit, step, frames,
                    self.processes.outlook), items, strict=True):
                made.append(found)
                if (item + 1) % self.size == 0 or item + 1 == self.count:
                    write_arrays(self._path(item // self.size), *(
                        np.concatenate(column)
                        for column in zip(*made, strict=True)))
                    made = []
        self.processes.meet()
        return self.processes.leads

    def take(self) -> Iterator[Made]:
        """The parts in order; each is gone when the next is asked for.

        Raises:
            ValueError: One is not as it was written.
        """
        for part in range(-(-self.count // self.size)):
            made = read_arrays(self._path(part))
            if made is None:
                raise ValueError(
                    f'{self._path(part)}: not what was written; with '
                    '--resume it is made again')
            yield made
            self._path(part).unlink()  # No disk holds them twice.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.mark.unlink(missing_ok=True)

    def _path(self, part: int) -> Path:
        return self.folder / f'{part:06d}'


def _stretches(parts: Sequence[int], size: int, count: int) -> list[range]:
    """The items of some parts, those of adjacent ones in one range."""
    found: list[range] = []
    for part in parts:
        items = range(part * size, min((part + 1) * size, count))
        if found and found[-1].stop == items.start:
            items = range(found.pop().start, items.stop)
        found.append(items)
    return found
