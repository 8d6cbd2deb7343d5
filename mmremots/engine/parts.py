"""Work on the frames of a video, cut into parts that processes share."""
from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmremots.engine.progress import progress
from mmremots.structures.files import atomic_path

if TYPE_CHECKING:
    from mmremots.engine.run import Run

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
        run: The run.
        path: The file, or folder, that is to be put together; parts lie in a
            folder beside it.
        count: Number of items.
        size: Items in a part. A multiple of what is worked on at once, so
            that the same is worked on at once everywhere; few, since they are
            held in memory, and lost when a process dies.
    """

    def __init__(self, run: Run, path: Path, count: int, size: int) -> None:
        self.processes = run.processes
        self.folder = path.with_name(f'.{path.name}.parts')
        self.count, self.size = count, size
        self.mark = run.artifacts.mark(self.folder)
        run.artifacts.goes_on(self.folder)

    def make(self, work: Callable[[range], Iterator[Made]], title: str,
             unit: str = 'frame') -> bool:
        """Make what is missing, this process its share of it.

        Args:
            work: Gives what is made of each of some items, in order.
            title: Stage and sequence.
            unit: What an item is.

        Returns:
            Whether this process is the one to put them together.
        """
        missing = self.processes.share(self.processes.agree(lambda: [
            part for part in range(-(-self.count // self.size))
            if self._read(part) is None]))
        for items in _stretches(missing, self.size, self.count):
            made: list[Made] = []
            for found, item in zip(
                    progress(work(items), title, len(items), unit), items,
                    strict=True):
                made.append(found)
                if (item + 1) % self.size == 0 or item + 1 == self.count:
                    self._write(item // self.size, made)
                    made = []
        self.processes.meet()
        return self.processes.leads

    def take(self) -> Iterator[Made]:
        """The parts in order; each is gone when the next is asked for.

        Raises:
            ValueError: One is not as it was written.
        """
        for part in range(-(-self.count // self.size)):
            made = self._read(part)
            if made is None:
                raise ValueError(
                    f'{self._path(part)}: not what was written; with '
                    '--resume it is made again')
            yield made
            self._path(part).unlink()  # No disk holds them twice.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.mark.unlink()

    def _path(self, part: int) -> Path:
        return self.folder / f'{part:06d}'

    def _write(self, part: int, made: Sequence[Made]) -> None:
        buffer = BytesIO()
        for column in zip(*made, strict=True):
            np.save(buffer, np.concatenate(column), allow_pickle=False)
        content = buffer.getvalue()
        with atomic_path(self._path(part)) as temporary:
            temporary.write_bytes(sha256(content).digest() + content)

    def _read(self, part: int) -> Made | None:
        """A part; None where there is none, or not as it was written."""
        try:
            content = self._path(part).read_bytes()
        except FileNotFoundError:
            return None
        if sha256(content[32:]).digest() != content[:32]:
            return None
        buffer, made = BytesIO(content[32:]), []
        while buffer.tell() < len(content) - 32:
            made.append(np.load(buffer, allow_pickle=False))
        return tuple(made)


def _stretches(parts: Sequence[int], size: int, count: int) -> list[range]:
    """The items of some parts, those of adjacent ones in one range."""
    found: list[range] = []
    for part in parts:
        items = range(part * size, min((part + 1) * size, count))
        if found and found[-1].stop == items.start:
            items = range(found.pop().start, items.stop)
        found.append(items)
    return found
