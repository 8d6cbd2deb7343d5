"""Program of several processes: work they do together, many times over."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import torch
from mmengine.dist import barrier

from mmremots.engine.run import Run
from mmremots.engine.run_folder import RunFolder


def main(root: Path, times: int) -> None:
    """Do and stamp joint work, each piece with a stamp of its own."""
    torch.distributed.init_process_group('gloo')
    none = cast(Any, None)
    run = Run(RunFolder(root), [], [], none, {}, {}, seed=0, resume=False)
    for k in range(times):
        task = run.folder.task(f'work/{k}', dict(number=k), [])
        run.do(f'piece {k}', task, barrier, joint=True)


if __name__ == '__main__':
    main(Path(sys.argv[1]), int(sys.argv[2]))
