"""Real wheels beside the environment, rather than in it."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache',
             'mmremots', 'wheels-of-tests')


def folder_with(wheel: str) -> Path:
    """A folder for PYTHONPATH that holds one package, without its needs.

    Installed, these would make pip call the environment broken; so they
    are kept in the user's cache folder.

    Args:
        wheel: As pip takes it, ``name==version``.
    """
    folder = CACHE / wheel.replace('==', '-')
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
            done = subprocess.run(
                [sys.executable, '-m', 'pip', 'install', '--quiet',
                 '--no-deps', '--retries', '1', '--timeout', '20',
                 '--target', f'{fresh}/new', wheel],
                text=True, capture_output=True, check=False)
            if done.returncode:
                pytest.skip(f'pip cannot get {wheel}: '
                            + done.stderr.strip().splitlines()[-1])
            try:
                Path(fresh, 'new').replace(folder)
            except OSError:  # Another process was faster.
                assert folder.is_dir()
    return folder


def python(*words: object,
           path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout, with a folder of packages before others."""
    folders = [path, ROOT, os.environ.get('PYTHONPATH')]
    return subprocess.run(
        [sys.executable, '-W', 'ignore', *map(str, words)], cwd=ROOT,
        text=True, capture_output=True, timeout=600, check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': os.pathsep
             .join(str(folder) for folder in folders if folder)})
