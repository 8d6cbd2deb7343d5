"""Where the processes of a run are, for the one that waits for them."""
from __future__ import annotations

import threading
import time
from pathlib import Path

from mmengine.dist import barrier, get_rank, get_world_size
from mmengine.logging import print_log

#: Seconds between two messages of a process that waits.
EVERY = 300.0


class Whereabouts:
    """What each process of a run is at, in a file each.

    One that waits long says so, and which of the others are not there yet:
    a video may be long, and a process may hang.

    Args:
        folder: Of the files; all processes see it.
        every: Seconds until a process that waits says so, and again.
    """

    WAITING = 'waiting'

    def __init__(self, folder: Path, every: float = EVERY) -> None:
        self.folder = folder
        self.every = every
        self.alone = get_world_size() == 1

    def note(self, what: str) -> None:
        """This process is at something now."""
        if not self.alone:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / str(get_rank())).write_text(what)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.alone:
            return
        self.note(self.WAITING)
        here = threading.Event()
        thread = threading.Thread(target=self._tell, args=(here, ))
        thread.start()
        try:
            barrier()
        finally:
            here.set()
            thread.join()

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
