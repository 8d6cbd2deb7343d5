"""Program of two processes, one of which lets the other wait."""
from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from mmengine.dist import get_rank

from mmremots.engine.processes import Processes


def main(folder: Path) -> None:
    """The second is a second late."""
    torch.distributed.init_process_group('gloo')
    processes = Processes(folder, every=0.3)
    for work in ('a long video', 'a longer one'):
        processes.note(work)
        if get_rank() == 1:
            time.sleep(1)
        processes.wait()
    processes.leave()


if __name__ == '__main__':
    main(Path(sys.argv[1]))
