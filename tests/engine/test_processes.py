"""A process that waits says for whom."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mmremots.engine.processes import Processes


def test_who_waits_says_for_whom(tmp_path: Path) -> None:
    """Again and again, what the late one is at; nobody else speaks."""
    program = Path(__file__).with_name('waiting_processes.py')
    done = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         '--nproc_per_node=2', str(program), str(tmp_path / 'at')],
        text=True, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = [line for line in (done.stdout + done.stderr).splitlines()
            if 'has waited' in line]
    for work in ('a long video', 'a longer one'):
        assert any(line.endswith(f'process 1 is at {work}') for line in told)
    assert not list((tmp_path / 'at').iterdir())
    assert not any('process 1 has waited' in line for line in told)


def test_one_process_leaves_nothing(tmp_path: Path) -> None:
    """It has nobody to tell."""
    processes = Processes(tmp_path / 'at')
    processes.note('a video')
    processes.wait()
    assert not (tmp_path / 'at').exists()
