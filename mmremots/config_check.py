"""Configs of this package's parts, checked by name before they are built."""
from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from mmengine.registry import Registry

from mmremots.registry import MODELS, STAGES, TASK_UTILS

_PLAIN = (bool, int, float, str, NoneType, Mapping)


def nearest(name: str, known: Iterable[str]) -> str:
    """What may have been meant, to put behind a message.

    Args:
        name: A name that is none.
        known: Those there are.

    Returns:
        ``; did you mean A, B?``, or nothing where none is near.
    """
    known = dict.fromkeys(known)
    near = get_close_matches(name, known, cutoff=0.7) or [
        other for other in known if name.lower() == other.lower()]
    return f'; did you mean {", ".join(near)}?' if near else ''


def build_part(registry: Registry, key: str, config: Any,
               base: type = object) -> Any:
    """Build a part, or say which key of the config is wrong.

    Args:
        registry: Where its class is.
        key: Full name of the config, such as ``model.tracker``.
        config: The config.
        base: What it must be an instance of.

    Raises:
        ValueError: One line that begins with the key.
        FileNotFoundError: A file that it needs is missing.
    """
    check_config(key, config)
    try:
        part = registry.build(config)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f'{key}: {_reason(error)}') from error
    if not isinstance(part, base):
        raise ValueError(
            f'{key}: {type(part).__name__} is no {base.__name__}; one that '
            f'is to be put in here is derived from {base.__module__}.'
            f'{base.__name__}')
    return part


def _reason(error: Exception) -> str:
    """One line; of a name that mmengine did not find, the nearest."""
    reason = ' '.join(str(error).split())
    unknown = re.match(
        r"""["']?((?:\w+\.)*(\w+)) is not in the .+? registry""", reason)
    if unknown is None:
        return reason
    names = [name for registry in (MODELS, TASK_UTILS, STAGES)
             for name in registry.module_dict]
    return (f"'{unknown[1]}' {unknown[0].split(' ', 1)[1]}"
            + nearest(unknown[2], names))


def check_config(key: str, config: Any) -> None:
    """Check names and kinds of all settings of a part and its parts.

    Kinds are those of the class's annotations, where these are numbers,
    text, truth values, mappings and None. Classes of other packages are left
    to them.

    Args:
        key: Full name of the config.
        config: The config.

    Raises:
        ValueError: The full name of a setting, its value, and what it must
            be.
    """
    if not isinstance(config, Mapping) or 'type' not in config:
        raise ValueError(f'{key}={config!r} is not a config with a type')
    settings = {name: value for name, value in config.items()
                if not name.startswith('_')}
    kind = settings.pop('type')
    cls = kind if isinstance(kind, type) else next(
        (found for registry in (MODELS, TASK_UTILS, STAGES)
         if (found := registry.get(kind)) is not None), None)
    if not (inspect.isclass(cls) and cls.__module__.startswith('mmremots.')):
        return
    _check_names(key, cls, settings)
    hints = _hints(cls)
    for name, value in settings.items():
        kinds = _plain_kinds(hints.get(name))
        if kinds and not _is_one_of(value, kinds):
            words = ' or '.join(
                'None' if kind is NoneType else kind.__name__
                for kind in kinds)
            raise ValueError(f'{key}.{name}={value!r} is not {words}')
        for number, part in enumerate(
                value if isinstance(value, list | tuple) else [value]):
            if isinstance(part, Mapping) and 'type' in part:
                place = f'[{number}]' if part is not value else ''
                check_config(f'{key}.{name}{place}', part)


def _check_names(key: str, cls: type, settings: Mapping[str, Any]) -> None:
    parameters = inspect.signature(cls).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = [p.name for p in parameters]
    for name in settings:
        if name not in known:
            raise ValueError(
                f'{key}.{name}: {cls.__name__} has no such setting'
                + (nearest(name, known)
                   or f'; it has {", ".join(known) or "none"}'))


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls.__init__)  # type: ignore[misc]
    except NameError:  # A name for the type checker alone.
        return {}


def _plain_kinds(hint: Any) -> tuple[type, ...]:
    """Kinds that a hint allows; none if not all of them are plain."""
    union = (get_args(hint) if get_origin(hint) in (Union, UnionType)
             else (hint, ))
    kinds = tuple(Mapping if get_origin(kind) is Mapping else kind
                  for kind in union)
    return kinds if all(kind in _PLAIN for kind in kinds) else ()


def _is_one_of(value: Any, kinds: tuple[type, ...]) -> bool:
    # A truth value is a number in Python, and no number here.
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (
        isinstance(value, int) and float in kinds)
