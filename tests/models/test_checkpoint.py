"""Checkpoints are fetched, and read without running code."""
from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from mmremots.models.checkpoint import (
    fetch,
    is_address,
    read_checkpoint,
    read_state_dict,
    shared_prefix,
)

WEIGHTS = {'a.weight': torch.arange(6.).reshape(2, 3), 'a.bias': torch.ones(2)}


class Quiet(SimpleHTTPRequestHandler):

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Address of a folder, tmp_path/web."""
    (tmp_path / 'web').mkdir()
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(
            Quiet, directory=str(tmp_path / 'web'))) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{web.server_address[1]}'
        web.shutdown()


@pytest.fixture(autouse=True)
def torch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    return tmp_path / 'torch'


def test_a_path_is_where_it_is(tmp_path: Path) -> None:
    """Nothing is copied; what is not there is named."""
    path = tmp_path / 'w.pth'
    with pytest.raises(FileNotFoundError, match=r'no checkpoint at .*w\.pth'):
        fetch(path)
    path.touch()
    assert fetch(str(path)) == path


def test_an_address_is_downloaded_once(
        server: str, tmp_path: Path, torch_home: Path) -> None:
    """As in mm's model zoos, the name ends with part of the hash."""
    path = tmp_path / 'web' / 'w.pth'
    torch.save(WEIGHTS, path)
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    path.rename(path.with_name(f'w-{digits}.pth'))
    here = fetch(f'{server}/w-{digits}.pth')
    assert torch_home in here.parents
    assert read_state_dict(here).keys() == WEIGHTS.keys()
    shutil.rmtree(tmp_path / 'web')
    assert fetch(f'{server}/w-{digits}.pth') == here


@pytest.mark.parametrize('name', ['gone.pth', 'w-00000000.pth'])
def test_a_download_that_fails(
        server: str, tmp_path: Path, torch_home: Path, name: str) -> None:
    """One error that says what to do; no half file is left."""
    torch.save(WEIGHTS, tmp_path / 'web' / 'w-00000000.pth')
    with pytest.raises(ConnectionError, match=f'{name}: cannot be downl.*put'):
        fetch(f'{server}/{name}')
    assert not [p for p in torch_home.rglob('*') if p.is_file()]


@pytest.mark.parametrize('lost', ['', 'a slash'])
def test_an_address_that_was_a_path(
        server: str, tmp_path: Path, lost: str) -> None:
    """A path of an address has lost a slash; it is still one."""
    torch.save(WEIGHTS, tmp_path / 'web' / 'w.pth')
    address = Path(f'{server}/w.pth') if lost else f'{server}/w.pth'
    assert is_address(address)
    assert read_state_dict(fetch(address)).keys() == WEIGHTS.keys()


@pytest.mark.parametrize('address', [
    's3://bucket/w.pth', 'torchvision://resnet50', 'open-mmlab://no_such'])
def test_addresses_of_other_kinds(address: str) -> None:
    """Named as what they are, not as a file that is missing."""
    with pytest.raises(ValueError, match=f'{address}: no address of weights'):
        fetch(address)


@pytest.mark.parametrize('path', ['w.pth', '/a/w.pth', 'C:\\w.pth', 'a:b',
                                  '../w.pth', 'http.pth'])
def test_paths_are_no_addresses(path: str) -> None:
    """Whatever else has a colon."""
    assert not is_address(path)


def test_nothing_in_a_download_is_run(
        server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from afar is read as any other file."""
    monkeypatch.chdir(tmp_path)
    torch.save({'state_dict': {'a': Evil()}}, tmp_path / 'web' / 'w.pth')
    with pytest.raises(ValueError, match='not a checkpoint of weights alone'):
        read_state_dict(fetch(f'{server}/w.pth'))
    assert not Path('evil').exists()


def test_shared_prefixes() -> None:
    """Up to the first part of the network; never a weight's own name."""
    assert shared_prefix(['a.b.x.w', 'a.b.y.w'], []) == 'a.b.'
    assert shared_prefix(['a.b.x.w', 'a.b.y.w'], ['b']) == 'a.'
    assert shared_prefix(['a.x.w', 'b.x.w'], []) == ''
    assert shared_prefix(['a.w'], ['a']) == ''
    assert shared_prefix(['w', 'a.w'], []) == ''
    assert shared_prefix([], []) == ''


@pytest.mark.parametrize('protocol', [2, 4])
def test_pickle_of_detectron2(tmp_path: Path, protocol: int) -> None:
    """Its model zoo has plain pickles of arrays under the key 'model'."""
    path = tmp_path / 'model_final.pkl'
    path.write_bytes(pickle.dumps({
        'model': {key: value.numpy() for key, value in WEIGHTS.items()},
        '__author__': 'Detectron2 Model Zoo', 'iteration': np.int64(3)},
        protocol))
    found = read_state_dict(path)
    assert all(torch.equal(found[key], WEIGHTS[key]) for key in WEIGHTS)


class Evil:

    def __reduce__(self) -> tuple:
        return Path.touch, (Path('evil'), )


@pytest.mark.parametrize('suffix', ['.pkl', '.pth'])
def test_no_code_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                        suffix: str) -> None:
    """A file that asks for a function to be called is refused."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f'w{suffix}'
    content = {'model': {'a': Evil()}}
    if suffix == '.pkl':
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match='not a checkpoint of weights alone'):
        read_checkpoint(path)
    assert not Path('evil').exists()


def test_versions_of_modules_are_kept(tmp_path: Path) -> None:
    """Modules convert weights of older versions of themselves by these."""
    network = torch.nn.BatchNorm2d(3)
    torch.save({'state_dict': network.state_dict()}, tmp_path / 'w.pth')
    state = read_state_dict(tmp_path / 'w.pth')
    assert state._metadata['']['version'] == network._version  # type: ignore


@pytest.mark.parametrize('name', ['w.pth', 'w.pkl'])
def test_a_pipe_is_refused(tmp_path: Path, name: str) -> None:
    """To open it would wait for ever."""
    os.mkfifo(tmp_path / name)
    for function in (fetch, read_checkpoint):
        with pytest.raises(ValueError, match=f'{name}: a folder, pipe or'):
            function(tmp_path / name)
