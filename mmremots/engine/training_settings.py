"""Which settings a training of the encoder has, and which make sense."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Names of the trainings: in files, and in ``ReMOTSLoop.training``.
OUTPUTS = ('labelled', 'intra', 'inter')


def _number(least: float, most: float = float('inf')
            ) -> tuple[str, Callable[[Any], bool]]:
    bounds = f'of {least:g} or more' if most == float('inf') else (
        f'from {least:g} to {most:g}')
    return f'a number {bounds}', lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool)
        and least <= value <= most)


def _whole(least: int) -> tuple[str, Callable[[Any], bool]]:
    return f'a whole number of {least} or more', lambda value: (
        isinstance(value, int) and not isinstance(value, bool)
        and value >= least)


_SECTION = 'a dict', lambda value: isinstance(value, Mapping)
#: Of each setting what it must be, in words and as a test.
SETTINGS: dict[str, tuple[str, Callable[[Any], bool]]] = dict(
    max_iters=_whole(1),
    max_views=('a number above 0, or None', lambda value: value is None or (
        _number(0)[1](value) and value > 0)),
    batch_size=_whole(1),
    group_size=_whole(2),
    start_share=_number(0, 1),
    optim_wrapper=_SECTION,
    schedule=_SECTION,
    amp=('True or False', lambda value: isinstance(value, bool)),
    num_workers=_whole(0),
    checkpoint_interval=_whole(1),
    log_interval=_whole(1))


def training_settings(training: Mapping[str, Any], output: str,
                      overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of one training: shared ones, its own, and its stage's.

    Args:
        training: ``ReMOTSLoop.training``.
        output: The training, one of ``OUTPUTS``.
        overrides: Settings of the stage.
    """
    shared = {name: value for name, value in training.items()
              if name not in OUTPUTS}
    return {**shared, **training.get(output, {}), **overrides}


def check_settings(training: Mapping[str, Any], output: str,
                   overrides: Mapping[str, Any], stage: str) -> None:
    """Find settings that are none, and values that make no sense.

    Args:
        training: As of :func:`training_settings`, like the next two.
        output: The training.
        overrides: Settings of the stage.
        stage: Name of the stage, for the error.

    Raises:
        ValueError: The setting's full name, its value, and what it must be.
    """
    own = training.get(output, {})
    if not isinstance(own, Mapping):
        raise ValueError(
            f'test_cfg.training.{output} is {own!r}, not a dict')
    for prefix, settings in (('test_cfg.training', training),
                             (f'test_cfg.training.{output}', own),
                             (stage, overrides)):
        for name, value in settings.items():
            if settings is training and name in OUTPUTS:
                continue
            if name not in SETTINGS:
                raise ValueError(
                    f'{prefix}.{name}: no such setting; there are '
                    + ', '.join(SETTINGS))
            words, holds = SETTINGS[name]
            if not holds(value):
                raise ValueError(
                    f'{prefix}.{name}={value!r} is not {words}')
    missing = (SETTINGS.keys() - {'max_views'}
               - training_settings(training, output, overrides).keys())
    if missing:
        raise ValueError(
            f'test_cfg.training has no {", ".join(sorted(missing))}')
