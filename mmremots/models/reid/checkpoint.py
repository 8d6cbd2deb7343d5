"""Weights of an encoder: read whole or with an error, mixed, and saved."""
from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from mmengine.logging import print_log

from mmremots.models.checkpoint import differences, read_state_dict
from mmremots.structures.files import atomic_path

from .onnx_weights import load_onnx_osnet

if TYPE_CHECKING:
    from .encoder import ReIDEncoder

#: What belongs to one set of identities, and not to another.
OF_IDENTITIES = ('head.classifier.', 'head.loss_center.')
#: What weights from elsewhere may come without, as a whole.
_NECK = 'head.bn.'


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
        key for key in state if key.startswith(OF_IDENTITIES)
        and (key not in own or own[key].shape != state[key].shape)
    ]
    for key in dropped:
        del state[key]
    missing = own.keys() - state.keys()
    fresh = [key for key in missing if key.startswith(OF_IDENTITIES)]
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


def save_encoder(state_dict: dict[str, torch.Tensor], path: Path) -> None:
    """Save encoder weights atomically: same weights, same bytes."""
    # Through memory, since torch writes a file's own name into it.
    buffer = io.BytesIO()
    torch.save({'state_dict': {k: v.detach().cpu().contiguous()
                               for k, v in state_dict.items()}}, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


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
