"""Packages that the environment does not have."""
from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from wheels import folder_with


@pytest.fixture(scope='session')
def mmtrack_folder() -> Path:
    """Where the last mmtrack 1.x is."""
    for name in ('motmetrics', 'seaborn', 'sklearn'):
        if find_spec(name) is None:
            pytest.skip(f'{name} is not installed: make setup')
    return folder_with('mmtrack==1.0.0rc1')


@pytest.fixture(scope='session')
def mmengine_folder() -> Path:
    """Where the last mmengine under its first name is."""
    return folder_with('mmengine==0.10.7')
