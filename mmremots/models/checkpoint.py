"""Checkpoints of weights: fetched, and read without running code."""
from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from pickle import Unpickler, UnpicklingError
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.runner.checkpoint import get_external_models
from numpy._core.multiarray import _reconstruct, scalar
from torch import Tensor

from mmremots.structures.files import has_file

#: How files that PyTorch reads begin: a zip, a pickle.
_STARTS = (b'PK', b'\x80')
#: Keys that weights are found under.
_NESTS = ('state_dict', 'model', 'model_state_dict', 'network', 'net',
          'weights')


def fetch(checkpoint: str | Path) -> Path:
    """Where a checkpoint lies on this machine.

    An address (``http://``, ``https://``, or ``open-mmlab://``, a name in
    mmengine's list of those) is downloaded once, to where
    PyTorch keeps such files (``$TORCH_HOME/hub/checkpoints``). If its name
    ends with part of its SHA-256, as in mm's model zoos, that is checked.

    Args:
        checkpoint: A path or an address.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a folder or a pipe, or an address of another
            kind.
        ConnectionError: If the download fails.
    """
    if not is_address(checkpoint):
        path = Path(checkpoint).expanduser()
        if not has_file(path):
            raise FileNotFoundError(f'no checkpoint at {path}')
        return path
    address = _web_address(str(checkpoint))
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


def is_address(checkpoint: str | Path) -> bool:
    """Whether a checkpoint is named by an address, not by a path.

    A path that was made of an address has lost a slash: it is one, too.
    """
    return re.match(r'[a-z][a-z0-9+-]+:/', str(checkpoint)) is not None


def _web_address(address: str) -> str:
    """That of an address of any kind.

    Raises:
        ValueError: If it has none.
    """
    scheme, name = re.split(r':/+', address, maxsplit=1)
    if scheme in ('http', 'https'):
        return f'{scheme}://{name}'
    known = (get_external_models()
             if scheme in ('open-mmlab', 'openmmlab') else {})
    if name not in known:
        raise ValueError(
            f'{address}: no address of weights that is known here; https:// '
            'and http:// are, and names of mmengine, open-mmlab://')
    return known[name]


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
        with path.open('rb') as file:
            start = file.read(16)
        if not start.startswith(_STARTS):
            raise ValueError(
                f'{path}: no file of PyTorch, it begins with {start!r}'
                f'{_kind_of(start, path)}') from None
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
        content: A state dict of tensors or arrays, or one under a key such
            as ``state_dict`` (mm) or ``model`` (Detectron2), one in the
            other perhaps.
        path: The file, for the error.

    Raises:
        ValueError: If there is no state dict.
    """
    while isinstance(content, dict):
        inner = next((content[key] for key in _NESTS
                      if isinstance(content.get(key), dict)), None)
        if inner is None:
            break
        content = inner
    if not (isinstance(content, dict) and content and all(
            isinstance(key, str) and isinstance(value, Tensor | np.ndarray)
            for key, value in content.items())):
        raise ValueError(f'{path}: holds no state dict of tensors')
    for key, value in content.items():
        if isinstance(value, Tensor) and (
                value.layout != torch.strided or value.is_meta
                or value.is_quantized or value.is_complex()):
            raise ValueError(
                f'{path}: {key} is a sparse, quantised, complex or empty '
                'tensor, not plain numbers')
    state = OrderedDict(
        (_unwrapped(key), value if isinstance(value, Tensor)
         else torch.from_numpy(value.copy()))
        for key, value in content.items())
    if len(state) != len(content):
        raise ValueError(
            f'{path}: weights that differ in wrappers alone (module., '
            '_orig_mod.): which ones are meant?')
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
        The state dict, on the CPU; what DataParallel (``module.``) and
        torch.compile (``_orig_mod.``) put into names is taken out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint, holds other objects (a
            whole model, for one), or no state dict.
    """
    return state_dict_of(read_checkpoint(path), path)


def shared_prefix(keys: Collection[str], own: Collection[str]) -> str:
    """What all names begin with, before the first part of the network.

    Args:
        keys: Names of weights, such as ``model.backbone.conv1.weight``.
        own: Parts of the network, such as ``backbone``.

    Returns:
        Such as ``model.``; '' for none.
    """
    shared: list[str] = []
    for level in zip(*(key.split('.')[:-1] for key in keys), strict=False):
        if len(set(level)) > 1 or level[0] in own:
            break
        shared.append(level[0])
    return ''.join(f'{part}.' for part in shared)


def check_finite(state: Mapping[str, Tensor]) -> None:
    """Refuse weights that would spoil all that is computed by them.

    Raises:
        ValueError: If a number is none, or a variance is negative; names
            the first tensor. If all of every layer is 0.
    """
    layers = [value for value in state.values()
              if value.is_floating_point() and value.ndim > 1]
    if layers and not any(bool(value.any()) for value in layers):
        raise ValueError('these are no weights: all are 0')
    negative = [key for key, value in state.items() if (
        key.endswith('running_var') and bool((value < 0).any()))]
    if negative:
        raise ValueError(
            f'{negative[0]}: variances below 0, of which there are no roots')
    bad = [key for key, value in state.items()
           if value.is_floating_point() and not bool(value.isfinite().all())]
    if bad:
        value = state[bad[0]]
        number = int((~value.isfinite()).sum())
        more = f', and so in {len(bad) - 1} more' if len(bad) > 1 else ''
        raise ValueError(
            f'{bad[0]}: {number} of {value.numel()} weights are not finite '
            f'numbers (NaN or infinite){more}')


def differences(expected: Mapping[str, Tensor],
                found: Mapping[str, Tensor]) -> list[str]:
    """Tells how two state dicts differ in keys and shapes.

    The counters of batch norms, ``num_batches_tracked``, which weights from
    before PyTorch 0.4.1 do not have, may be missing.

    Args:
        expected: Weights as the network has them.
        found: Weights as they were read.

    Returns:
        A line each, in no case more than four, for keys that are missing,
        that are unexpected, and whose shape or type differs (floats of any
        precision are one); none if all fit.
    """
    missing = (
        key for key in expected.keys() - found.keys()
        if not key.endswith('num_batches_tracked'))
    reshaped = (
        f'{key} {tuple(found[key].shape)} instead of '
        f'{tuple(expected[key].shape)}'
        for key in expected.keys() & found.keys()
        if found[key].shape != expected[key].shape)
    retyped = (
        f'{key} of {found[key].dtype} instead of {expected[key].dtype}'
        for key in expected.keys() & found.keys()
        if expected[key].is_floating_point()
        and not found[key].is_floating_point())
    kinds = dict(
        missing=sorted(missing),
        unexpected=sorted(found.keys() - expected.keys()),
        reshaped=sorted(reshaped), retyped=sorted(retyped))
    return [
        f'  {kind}: {", ".join(keys)}' for kind, keys in kinds.items() if keys
    ]


def _unwrapped(key: str) -> str:
    """A weight's name without what wrappers of the network add."""
    key = key.replace('_orig_mod.', '')
    while key.startswith('module.'):
        key = key.removeprefix('module.')
    return key


def _kind_of(start: bytes, path: Path) -> str:
    """What a file that is none of PyTorch's seems to be."""
    if not start:
        return ': it is empty'
    if start.startswith(b'version https://'):
        return ': git lfs pull fetches what it stands for'
    if start.lstrip()[:1] == b'<':
        return ': a page, not the file that was to be downloaded'
    if path.suffix == '.safetensors' or start[8:9] == b'{':
        return (': safetensors; torch.save(safetensors.torch.load_file('
                "path), 'weights.pth') makes it one")
    return ''


def _reason(error: Exception) -> str:
    """The line of PyTorch's error that says what, not what to do."""
    lines = str(error).strip().splitlines() or [repr(error)]
    return next((x for x in lines if 'Unsupported' in x), lines[0]).strip()


def _safe_types() -> list[Any]:
    """What is in mmengine's checkpoints beside weights: logged numbers.

    A log also names its methods, through ``getattr``; here that gives
    nothing. mmengine's own class would then put that nothing in the place of
    the methods of every log of this process.
    """
    return [
        (_Log, 'mmengine.logging.history_buffer.HistoryBuffer'),
        np.ndarray, np.dtype, _reconstruct, scalar,
        (_nothing, 'builtins.getattr'),
        *{type(np.dtype(code)) for code in ('f4', 'f8', 'i4', 'i8', 'u4')},
    ]


def _nothing(*_: Any) -> None:
    return None


class _Log:
    """A log in a checkpoint, which nobody asks for."""

    def __setstate__(self, state: Any) -> None:
        """Forget it."""


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
