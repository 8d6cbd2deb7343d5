"""Weights of an encoder: read whole or with an error, mixed, and saved."""
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from torch import nn

from mmremots.models.checkpoint import (
    check_finite,
    differences,
    fetch,
    read_checkpoint,
    shared_prefix,
    state_dict_of,
)
from mmremots.structures.files import atomic_path

from .onnx_weights import load_onnx_osnet
from .se_resnext_weights import from_seresnext, is_seresnext
from .torchreid_weights import from_torchreid, is_torchreid

#: What belongs to one set of identities, and not to another.
OF_IDENTITIES = ('head.classifier.', 'head.loss_center.')
#: What the encoder's weights begin with in a whole model.
OF_MODEL = 'reid.'
#: What weights from elsewhere may come without, as a whole.
_NECK = 'head.bn.'


def read_encoder(path: str | Path) -> dict[str, Any]:
    """What a checkpoint holds, its weights as ``state_dict``.

    Args:
        path: A file or an address; see
            :func:`mmremots.models.checkpoint.read_state_dict`; one of
            torchreid's OSNet, of Cadene's or reid-strong-baseline's
            SE-ResNeXt; or an ONNX file of OSNet, see
            :func:`load_onnx_osnet`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no weights, or more than weights and numbers.
    """
    path = fetch(path)
    if path.suffix.lower() == '.onnx':
        ours = load_onnx_osnet(path)
        print_log(f'{path}: an ONNX network, its norms folded into the '
                  'convolutions', 'current')
        return dict(state_dict=ours)
    content = read_checkpoint(path)
    weights = state_dict_of(content, path)
    try:
        ours = _convert(weights, f'{path}: ')
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    if ours is not weights:
        return dict(state_dict=ours)
    whole = isinstance(content, dict) and 'state_dict' in content
    return {**(content if whole else {}), 'state_dict': weights}


def _convert(weights: dict[str, torch.Tensor],
             place: str = '') -> dict[str, torch.Tensor]:
    """Weights of torchreid's or Cadene's as ours; ours as they are."""
    wrapper = shared_prefix(weights, ('backbone', 'base'))
    bare = {key.removeprefix(wrapper): value
            for key, value in weights.items()}
    for is_theirs, converted in ((is_torchreid, from_torchreid),
                                 (is_seresnext, from_seresnext)):
        if is_theirs(bare):
            ours, ignored = converted(bare)
            print_log(f'{place}weights of another project, converted; left '
                      f'out: {", ".join(ignored) or "none"}', 'current')
            return ours
    return weights


def load_encoder(model: nn.Module, path: str | Path) -> None:
    """Loads weights into an encoder; nothing is skipped without a word.

    What may be left out or missing is said in :func:`fit_encoder`. If
    weights and encoder do not fit, nothing is loaded.

    The model counts as initialised afterwards: mmengine's runner will not
    overwrite what was loaded.

    Args:
        model: The encoder, on any device.
        path: A checkpoint of mmremots, or another one that
            :func:`read_encoder` knows.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If weights and model do not fit; all keys are listed.
    """
    state = read_encoder(path)['state_dict']
    try:
        model.load_state_dict(state)
    except ValueError as error:
        hint = ('\nan .onnx has its norms folded into the convolutions: the '
                'backbone needs norm_cfg=None, as in '
                'configs/_base_/models/reid_osnet_x0_25_folded.py'
                if Path(path).suffix.lower() == '.onnx' else '')
        raise ValueError(f'{path}: {error}{hint}') from None
    for module in model.modules():
        if hasattr(module, 'is_init'):
            module.is_init = True
    print_log(f'loaded the encoder from {path}', logger='current')


def fit_encoder(model: nn.Module, state: dict[str, torch.Tensor],
                prefix: str, *_: Any) -> None:
    """Makes a state dict, in place, the one of an encoder, or fails.

    A pre-hook of ``load_state_dict``, so that it holds whoever loads.

    Classifier and centers belong to the identities of one labelled set: if
    the model has none, or another number, they are left out. Weights from
    elsewhere may have no batch norm neck, classifier or centers: those stay
    as they are. Those of torchreid and of Cadene get our names. Of the
    weights of a whole :class:`ReMOTS` those of its encoder are taken, and
    what all names begin with is taken off. All of that is logged.

    Args:
        model: The encoder.
        state: The weights.
        prefix: What their names begin with.

    Raises:
        ValueError: If anything else is missing, left over or of another
            shape; all keys are listed. If a weight is not a finite number.
    """
    given = _convert({key.removeprefix(prefix): state.pop(key)
                      for key in list(state) if key.startswith(prefix)})
    own = dict(model.state_dict())
    wrapper = shared_prefix(
        given, {key.split('.')[0] for key in own} | {OF_MODEL[:-1]})
    given = {key.removeprefix(wrapper): value
             for key, value in given.items()}
    found = {key.removeprefix(OF_MODEL): value for key, value in given.items()
             if key.startswith(OF_MODEL)} or given
    dropped = sorted(
        key for key in found if key.startswith(OF_IDENTITIES)
        and (key not in own or own[key].shape != found[key].shape))
    fitted = {key: value for key, value in found.items()
              if key not in dropped}
    may_lack = OF_IDENTITIES if any(
        key.startswith(_NECK) for key in found) else (*OF_IDENTITIES, _NECK)
    fresh = sorted(key for key in own.keys() - fitted.keys()
                   if key.startswith(may_lack))
    fitted.update((key, own[key]) for key in fresh)
    problems = differences(own, fitted)
    if problems:
        raise ValueError('\n'.join([
            'these weights are not of this encoder', *problems]))
    check_finite(fitted)
    # Counters that old weights do not have stay as they are.
    state.update((prefix + key, fitted.get(key, own[key])) for key in own)
    others = sorted(set(given) - {OF_MODEL + key for key in found} - {*found})
    notes = [f'{what}: {", ".join(keys)}' for what, keys in (
        ('all named with a prefix, taken off', [wrapper] if wrapper else []),
        ('not of this model, left out', dropped + others),
        ('not in the file, as initialised', fresh)) if keys]
    if notes:
        print_log(f'weights of the encoder {"; ".join(notes)}', 'current')


def encoder_bytes(state_dict: dict[str, torch.Tensor]) -> bytes:
    """A checkpoint of encoder weights: same weights, same bytes."""
    # Through memory, since torch writes a file's own name into it.
    buffer = io.BytesIO()
    torch.save({'state_dict': {k: v.detach().cpu().contiguous()
                               for k, v in state_dict.items()}}, buffer)
    return buffer.getvalue()


def save_encoder(state_dict: dict[str, torch.Tensor], path: Path) -> None:
    """Save encoder weights atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoder_bytes(state_dict))


def between(start: dict[str, torch.Tensor], trained: dict[str, torch.Tensor],
            share: float) -> dict[str, torch.Tensor]:
    r"""Weights on the line from those before to those after a training.

    .. math:: w = s\, w_{start} + (1 - s)\, w_{trained}

    The mean of both keeps what the start knew of people in general, which a
    short training on few of them loses, and much of what the training found
    (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).

    Args:
        start: Weights before.
        trained: Weights after; the result has their names.
        share: Share :math:`s` of those before, in [0, 1].

    Returns:
        Weights and statistics between. What one set of identities owns, and
        numbers that are no floats, are those after.
    """
    return {
        name: (torch.lerp(weight, start[name].to(weight), share)
               if weight.is_floating_point() and name in start
               and not name.startswith(OF_IDENTITIES) else weight)
        for name, weight in trained.items()}
