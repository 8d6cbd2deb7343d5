"""Reading weights of an encoder: all of them, or an error that says why."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from numpy._core.multiarray import _reconstruct, scalar
from torch import Tensor

from .onnx_weights import load_onnx_osnet

if TYPE_CHECKING:
    from .encoder import ReIDEncoder

#: What belongs to one set of identities, and not to another.
_OF_IDENTITIES = ('head.classifier.', 'head.loss_center.')
#: What weights from elsewhere may come without, as a whole.
_NECK = 'head.bn.'


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Reads the weights in a checkpoint without running code from it.

    Args:
        path: A PyTorch checkpoint: a state dict, or one under the key
            ``state_dict``, as mmengine and torchreid write it. Nothing but
            tensors, numbers, text and containers of them is unpickled.

    Returns:
        The state dict, on the CPU; the prefix ``module.`` of
        DataParallel is removed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint, holds other objects (a
            whole model, for one), or no state dict.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'no checkpoint at {path}')
    try:
        with torch.serialization.safe_globals(_safe_types()):
            content = torch.load(path, map_location='cpu', weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ValueError(
            f'{path}: not a checkpoint of weights alone, and nothing else is '
            'loaded, as unpickling objects runs code. If it holds a whole '
            'model and you trust where it came from, save its weights in the '
            'environment that wrote it: torch.save(torch.load(path, '
            "weights_only=False).state_dict(), 'weights.pth'). PyTorch says: "
            f'{_reason(error)}') from error
    if isinstance(content, dict) and 'state_dict' in content:
        content = content['state_dict']
    if not (isinstance(content, dict) and content
            and all(isinstance(v, Tensor) for v in content.values())):
        raise ValueError(f'{path}: holds no state dict of tensors')
    return {key.removeprefix('module.'): v for key, v in content.items()}


def load_encoder(model: ReIDEncoder, path: str | Path) -> None:
    """Loads weights into an encoder; nothing is skipped without a word.

    Classifier and centers belong to the identities of one labelled set: if
    the model has none, or another number, they are left out. Weights from
    elsewhere may have no batch norm neck, classifier or centers: those stay
    as they are. Both are logged in one line. Anything else that is missing,
    left over or of another shape is an error, and then nothing is loaded.

    The model counts as initialised afterwards: mmengine's runner will not
    overwrite what was loaded.

    Args:
        model: The encoder, on any device.
        path: A checkpoint of mmremots (see :func:`read_state_dict`; other
            projects' need ``tools/model_converters``), or an ONNX file of
            OSNet (see :func:`load_onnx_osnet`).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If weights and model do not fit; all keys are listed.
    """
    is_onnx = Path(path).suffix == '.onnx'
    state = load_onnx_osnet(path) if is_onnx else read_state_dict(path)
    own = model.state_dict()

    dropped = [
        key for key in state if key.startswith(_OF_IDENTITIES)
        and (key not in own or own[key].shape != state[key].shape)
    ]
    for key in dropped:
        del state[key]
    missing = own.keys() - state.keys()
    fresh = [key for key in missing if key.startswith(_OF_IDENTITIES)]
    if not any(key.startswith(_NECK) for key in state):
        fresh += [key for key in missing if key.startswith(_NECK)]
    for key in fresh:
        del own[key]
    problems = differences(own, state)
    if problems:
        raise ValueError('\n'.join([
            f'{path}: these weights are not of this encoder', *problems]))

    model.load_state_dict(state, strict=False)
    for module in model.modules():
        if hasattr(module, 'is_init'):
            module.is_init = True
    notes = ''.join([
        f'; not of this model, left out: {", ".join(dropped)}'
        if dropped else '',
        f'; not in the file, as initialised: {", ".join(sorted(fresh))}'
        if fresh else ''])
    print_log(f'loaded the encoder from {path}{notes}', logger='current')


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
