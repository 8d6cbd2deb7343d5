"""Checkpoints of weights: fetched, and read without running code."""
from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from pickle import Unpickler, UnpicklingError
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from numpy._core.multiarray import _reconstruct, scalar
from torch import Tensor

from mmremots.structures.files import has_file


def fetch(checkpoint: str | Path) -> Path:
    """Where a checkpoint lies on this machine.

    An address (``http://``, ``https://``) is downloaded once, to where
    PyTorch keeps such files (``$TORCH_HOME/hub/checkpoints``). If its name
    ends with part of its SHA-256, as in mm's model zoos, that is checked.

    Args:
        checkpoint: A path or an address.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a folder or a pipe.
        ConnectionError: If the download fails.
    """
    if not str(checkpoint).startswith(('http://', 'https://')):
        path = Path(checkpoint)
        if not has_file(path):
            raise FileNotFoundError(f'no checkpoint at {path}')
        return path
    address = str(checkpoint)
    name = PurePosixPath(urlparse(address).path).name
    path = Path(torch.hub.get_dir()) / 'checkpoints' / name
    if not has_file(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        digits = re.search(r'-([0-9a-f]{8,})\.pth$', name)
        try:
            torch.hub.download_url_to_file(
                address, str(path), digits[1] if digits else None)
        except (URLError, OSError, RuntimeError) as error:
            raise ConnectionError(
                f'{address}: cannot be downloaded ({error}); fetch it by '
                f'other means and put it at {path}') from error
    return path


def read_checkpoint(path: str | Path) -> Any:
    """All that a checkpoint holds.

    Args:
        path: A file that PyTorch wrote, or one of Detectron2's model zoo
            (``.pkl``, a plain pickle). Nothing but tensors, arrays,
            numbers, text and containers of them is unpickled.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint or holds other objects (a
            whole model, for one).
    """
    path = Path(path)
    if not has_file(path):
        raise FileNotFoundError(f'no checkpoint at {path}')
    try:
        if path.suffix == '.pkl':
            with path.open('rb') as file:
                return _ArrayUnpickler(file, encoding='latin1').load()
        with torch.serialization.safe_globals(_safe_types()):
            return torch.load(path, map_location='cpu', weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ValueError(
            f'{path}: not a checkpoint of weights alone, and nothing else is '
            'loaded, as unpickling objects runs code. If it holds a whole '
            'model and you trust where it came from, save its weights in the '
            'environment that wrote it: torch.save(torch.load(path, '
            "weights_only=False).state_dict(), 'weights.pth'). PyTorch says: "
            f'{_reason(error)}') from error


def state_dict_of(content: Any, path: str | Path) -> dict[str, Tensor]:
    """The weights in what :func:`read_checkpoint` returned.

    Args:
        content: A state dict of tensors or arrays, or one under the key
            ``state_dict`` (mm) or ``model`` (Detectron2).
        path: The file, for the error.

    Raises:
        ValueError: If there is no state dict.
    """
    for key in ('state_dict', 'model'):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not (isinstance(content, dict) and content and all(
            isinstance(v, Tensor | np.ndarray) for v in content.values())):
        raise ValueError(f'{path}: holds no state dict of tensors')
    state = OrderedDict(
        (key.removeprefix('module.'), value if isinstance(value, Tensor)
         else torch.from_numpy(value.copy()))
        for key, value in content.items())
    # Versions of modules, which some go by when they load old weights.
    if state.keys() == content.keys() and hasattr(content, '_metadata'):
        state._metadata = content._metadata  # type: ignore[attr-defined]
    return state


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Reads the weights in a checkpoint without running code from it.

    Args:
        path: A checkpoint; see :func:`read_checkpoint` and
            :func:`state_dict_of` for what is understood.

    Returns:
        The state dict, on the CPU; the prefix ``module.`` of
        DataParallel is removed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint, holds other objects (a
            whole model, for one), or no state dict.
    """
    return state_dict_of(read_checkpoint(path), path)


def differences(expected: Mapping[str, Tensor],
                found: Mapping[str, Tensor]) -> list[str]:
    """Tells how two state dicts differ in keys and shapes.

    The counters of batch norms, ``num_batches_tracked``, which weights from
    before PyTorch 0.4.1 do not have, may be missing.

    Args:
        expected: Weights as the network has them.
        found: Weights as they were read.

    Returns:
        A line each, in no case more than three, for keys that are missing,
        that are unexpected, and whose shape differs; none if all fit.
    """
    missing = (
        key for key in expected.keys() - found.keys()
        if not key.endswith('num_batches_tracked'))
    reshaped = (
        f'{key} {tuple(found[key].shape)} instead of '
        f'{tuple(expected[key].shape)}'
        for key in expected.keys() & found.keys()
        if found[key].shape != expected[key].shape)
    kinds = dict(
        missing=sorted(missing),
        unexpected=sorted(found.keys() - expected.keys()),
        reshaped=sorted(reshaped))
    return [
        f'  {kind}: {", ".join(keys)}' for kind, keys in kinds.items() if keys
    ]


def _reason(error: Exception) -> str:
    """The line of PyTorch's error that says what, not what to do."""
    lines = str(error).strip().splitlines() or [repr(error)]
    return next((x for x in lines if 'Unsupported' in x), lines[0]).strip()


def _safe_types() -> list[Any]:
    """What is in mmengine's checkpoints beside weights: logged numbers.

    A ``HistoryBuffer`` also names its methods, through ``getattr``; here
    that gives nothing.
    """
    return [
        HistoryBuffer, np.ndarray, np.dtype, _reconstruct, scalar,
        (_nothing, 'builtins.getattr'),
        *{type(np.dtype(code)) for code in ('f4', 'f8', 'i4', 'i8', 'u4')},
    ]


def _nothing(*_: Any) -> None:
    return None


class _ArrayUnpickler(Unpickler):
    """Unpickles containers, numbers, text and numpy's arrays alone."""

    _ALLOWED = frozenset({
        ('collections', 'OrderedDict'), ('numpy', 'dtype'),
        ('numpy', 'ndarray'), ('_codecs', 'encode'),
        *((f'numpy.{core}.multiarray', name) for core in ('core', '_core')
          for name in ('_reconstruct', 'scalar'))})

    def find_class(self, module: str, name: str) -> Any:
        """The class, if it is harmless."""
        if (module, name) not in self._ALLOWED:
            raise UnpicklingError(f'the file asks for {module}.{name}')
        return super().find_class(
            module.replace('numpy.core.', 'numpy._core.'), name)
