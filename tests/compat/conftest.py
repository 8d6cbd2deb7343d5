"""The real wheel of mmtrack, beside the environment rather than in it."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

WHEEL = 'mmtrack==1.0.0rc1'
CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache',
             'mmremots', WHEEL.replace('==', '-'))


@pytest.fixture(scope='session')
def mmtrack_folder() -> Path:
    """A folder for PYTHONPATH that holds mmtrack.

    pip would call an environment with mmtrack in it broken, for its pins
    are dead; so it is kept in the user's cache folder.
    """
    for name in ('motmetrics', 'seaborn', 'sklearn'):
        if find_spec(name) is None:
            pytest.skip(f'{name} is not installed: make setup')
    if not CACHE.is_dir():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE.parent) as fresh:
            done = subprocess.run(
                [sys.executable, '-m', 'pip', 'install', '--quiet',
                 '--no-deps', '--retries', '1', '--timeout', '20',
                 '--target', f'{fresh}/mmtrack', WHEEL],
                text=True, capture_output=True, check=False)
            if done.returncode:
                pytest.skip(f'pip cannot get {WHEEL}: '
                            + done.stderr.strip().splitlines()[-1])
            try:
                Path(fresh, 'mmtrack').replace(CACHE)
            except OSError:  # Another process was faster.
                assert CACHE.is_dir()
    return CACHE
