"""Fixtures: the real sequences beside the checkout, where they are."""
from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tiny_runs import SPECS

# Without a clock: it would fail property tests on a busy machine.
settings.register_profile('patient', deadline=None, max_examples=50)
settings.load_profile('patient')

# Tiny inputs gain nothing from threads, and threads that wait for each
# other on a busy machine cost a great deal. Before torch is imported.
os.environ.setdefault('OMP_NUM_THREADS', '1')

SHARED = Path(__file__).resolve().parents[2] / 'shared'


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """The folder of real data; skips the test where it is absent."""
    folder = SHARED / 'data'
    if not folder.is_dir():
        pytest.skip(f'real data not present: {folder}')
    return folder


@pytest.fixture(scope='session')
def pedestrians(shared_data: Path) -> Path:
    """Real pedestrian sequences in MOTSChallenge layout."""
    return shared_data / 'pedestrians'


@pytest.fixture(scope='session')
def osnet_onnx() -> Path:
    """A real person re-identification network, norms folded."""
    path = SHARED / 'weights' / 'osnet_x0_25_msmt17.onnx'
    if not path.is_file():
        pytest.skip(f'real weights not present: {path}')
    return path


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The messages of mmengine's log, as long as no run starts its own."""
    from mmengine.logging import MMLogger  # Imports torch.
    messages: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, listener = MMLogger.get_current_instance(), Listener()
    logger.addHandler(listener)
    yield messages
    logger.removeHandler(listener)


@pytest.fixture(scope='session')
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny sample; tests must not change it."""
    from mmremots.datasets.sample.build import render_sample
    root = tmp_path_factory.mktemp('tiny')
    render_sample(root, SPECS)
    return root
