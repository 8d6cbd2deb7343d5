"""The processes of a run: what they do together, and where each is."""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from mmengine.dist import (
    barrier,
    broadcast_object_list,
    get_rank,
    get_world_size,
    is_main_process,
)
from mmengine.logging import print_log

from mmremots.engine.progress import Outlook

T = TypeVar('T')

#: Seconds between two messages of a process that waits.
EVERY = 300.0


class Processes:
    """The processes of a run, of which each may be somewhere else.

    What each is at stands in a file. One that waits long says so, and which
    of the others are not there yet: a video may be long, and a process may
    hang.

    Args:
        folder: Of the files; all processes see it.
        every: Seconds until a process that waits says so, and again.

    Attributes:
        alone: Whether there is but one.
        joint: Whether all do the same work now, each a part of it.
        outlook: How long the run still takes.
    """

    WAITING = 'waiting'

    def __init__(self, folder: Path, every: float = EVERY) -> None:
        self.folder = folder
        self.every = every
        self.alone = get_world_size() == 1
        self.joint = False
        self.outlook = Outlook()
        self._at = ''

    @property
    def threads(self) -> int:
        """Threads this one may use beside its own."""
        here = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
        return max(1, len(os.sched_getaffinity(0)) // here)

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block that all processes go through, with the same work."""
        self.joint = True
        try:
            yield
        finally:
            self.joint = False

    @property
    def leads(self) -> bool:
        """Whether this process does what one must do: the main one of all.

        Outside of :meth:`together` each has work of its own, and leads.
        """
        return not self.joint or is_main_process()

    def share(self, items: list[T]) -> list[T]:
        """What this process takes of joint work: one stretch of the items."""
        if not self.joint:
            return items
        rank, processes = get_rank(), get_world_size()
        return items[len(items) * rank // processes:
                     len(items) * (rank + 1) // processes]

    @staticmethod
    def own(items: Sequence[T]) -> Sequence[T]:
        """What this process takes of items that each works on alone."""
        return items[get_rank()::get_world_size()]

    def agree(self, decide: Callable[[], T]) -> T:
        """What the leading process decides, for all that work with it."""
        if not self.joint or self.alone:
            return decide()
        decided = [decide() if self.leads else None]
        self.wait()
        broadcast_object_list(decided)
        return decided[0]  # type: ignore[return-value]

    def meet(self) -> None:
        """In joint work, wait until all are here."""
        if self.joint:
            self.wait()

    def note(self, what: str) -> None:
        """This process is at something now."""
        self._at = what
        if not self.alone:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / str(get_rank())).write_text(what)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.alone:
            return
        at = self._at
        self.note(self.WAITING)
        here = threading.Event()
        thread = threading.Thread(target=self._tell, args=(here, ))
        thread.start()
        try:
            barrier()
        finally:
            here.set()
            thread.join()
        self.note(at)

    def leave(self) -> None:
        """Wait for all, the last time."""
        self.wait()
        if not self.alone:
            (self.folder / str(get_rank())).unlink(missing_ok=True)

    def missing(self) -> list[str]:
        """A line for each process that does not wait."""
        places = {
            rank: (self.folder / str(rank)).read_text()
            for rank in range(get_world_size())
            if (self.folder / str(rank)).is_file()}
        return [f'process {rank} is at {what}'
                for rank, what in places.items() if what != self.WAITING]

    def _tell(self, here: threading.Event) -> None:
        begin = time.monotonic()
        while not here.wait(self.every):
            minutes = (time.monotonic() - begin) / 60
            print_log(
                f'process {get_rank()} has waited for {minutes:.0f} minutes; '
                + ('; '.join(self.missing()) or 'all others wait, too'),
                'current')
