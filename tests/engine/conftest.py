"""The tiny sample that the runs in these tests work on."""
from __future__ import annotations

from pathlib import Path

import pytest
from tiny_runs import SPECS

from mmremots.datasets.sample.build import render_sample


@pytest.fixture(scope='session')
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny sample; tests must not change it."""
    root = tmp_path_factory.mktemp('tiny')
    render_sample(root, SPECS)
    return root
