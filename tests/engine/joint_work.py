"""Program of several processes: work they do together, many times over."""
from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import torch
from mmengine.dist import barrier

from mmremots.engine.run import Run
from mmremots.engine.run_folder import RunFolder
from mmremots.models.mot.remots import ReMOTS


def main(root: Path, times: int) -> None:
    """Do joint work, each piece with a record of its own."""
    torch.distributed.init_process_group('gloo')
    model = cast(ReMOTS, SimpleNamespace(detector=SimpleNamespace(
        named_sources=list)))
    run = Run(RunFolder(root), [], [], model, {}, {}, seed=0, resume=False)
    for k in range(times):
        with run.processes.together():
            run.artifacts.make(f'work/{k}', f'piece {k}', barrier)


if __name__ == '__main__':
    main(Path(sys.argv[1]), int(sys.argv[2]))
