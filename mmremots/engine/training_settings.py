"""The settings of a training: those of mmengine's runner, and its length."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, PARAM_SCHEDULERS
from torch import nn
from torch.utils.data import DataLoader

from mmremots.config_check import check_config, nearest

#: Keys of the trainings: in files, and in ``ReMOTSLoop.training``.
TRAININGS = ('labelled', 'intra', 'inter')


def _is(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


#: Of each setting of our own what it must be, in words and as a test.
OWN: dict[str, tuple[str, Callable[[Any], bool]]] = dict(
    max_iters=('a whole number of 1 or more, or None',
               lambda value: value is None or (_is(value, int) and value > 0)),
    max_views=('a number above 0, or None', lambda value: value is None
               or (_is(value, int, float) and value > 0)),
    start_share=('a number from 0 to 1', lambda value: _is(
        value, int, float) and 0 <= value <= 1))
#: Those of mmengine's runner that a training must have, and that it may.
NEEDED = ('train_cfg', 'train_dataloader', 'optim_wrapper', 'param_scheduler')
RUNNER = (*NEEDED, 'default_hooks', 'custom_hooks', 'log_processor',
          'visualizer', 'env_cfg', 'model_wrapper_cfg')
#: What schedulers of mmengine count in iterations, with the least it may be.
_TIMES = dict(begin=0, end=0, milestones=0, step_size=1, T_max=1,
              total_steps=1, periods=1)
#: What has no influence on the weights, as a whole or in part.
_NO_MATTER: dict[str, tuple[str, ...]] = dict(
    log_processor=(), visualizer=(), env_cfg=(), model_wrapper_cfg=(),
    default_hooks=('logger', 'checkpoint'), train_dataloader=(
        'num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor'))


def training_settings(training: Mapping[str, Any], key: str,
                      overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of one training: shared ones, its own, and its stage's.

    Args:
        training: ``ReMOTSLoop.training``.
        key: Of the training, one of ``TRAININGS``.
        overrides: Settings of the stage.
    """
    merged = Config({name: value for name, value in training.items()
                     if name not in TRAININGS})
    for settings in (training.get(key, {}), overrides):
        merged.merge_from_dict(dict(settings))
    return merged.to_dict()


def what_matters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that change what is learned."""
    found = {name: {key: part for key, part in value.items()
                    if key not in _NO_MATTER[name]}
             if _NO_MATTER.get(name) else value
             for name, value in settings.items()}
    return {name: value for name, value in found.items()
            if _NO_MATTER.get(name, True)}


def schedule_of(schedulers: Any, length: int,
                written_for: int) -> list[dict[str, Any]]:
    """Shrink schedulers to a training that is shorter than their own.

    Args:
        schedulers: Config of a scheduler of mmengine, or of some.
        length: Iterations of the training.
        written_for: Iterations that ``schedulers`` are written for.

    Returns:
        Configs in which all times are ``length / written_for`` of what they
        were. One that would act in a single iteration is left out: a
        warm-up of one would never end.
    """
    def shrink(time: Any, least: int) -> Any:
        if isinstance(time, list | tuple):
            return [shrink(part, least) for part in time]
        return max(least, round(time * length / written_for))

    found = [{key: shrink(value, _TIMES[key]) if key in _TIMES else value
              for key, value in scheduler.items()}
             for scheduler in _listed(schedulers)]
    return [scheduler for scheduler in found if 'end' not in scheduler
            or scheduler['end'] - scheduler.get('begin', 0) > 1]


def optimizer_here(optim_wrapper: Mapping[str, Any]) -> dict[str, Any]:
    """An optimizer's wrapper; mixed precision only where there is a GPU."""
    config = dict(optim_wrapper)
    if (str(config.get('type')).endswith('AmpOptimWrapper')
            and get_device() in ('cpu', 'mps')):
        config['type'] = 'OptimWrapper'
        for name in ('loss_scale', 'dtype', 'use_fp64'):
            config.pop(name, None)
    return config


def check_settings(training: Mapping[str, Any], key: str,
                   overrides: Mapping[str, Any], stage: str,
                   encoder: nn.Module, dataset: type) -> None:
    """Find settings that are none, and values that make no sense.

    Args:
        training: As of :func:`training_settings`, like the next two.
        key: Of the training.
        overrides: Settings of the stage.
        stage: Name of the stage, for the error.
        encoder: What is trained.
        dataset: What it is trained on.

    Raises:
        ValueError: The setting's full name, its value, and what it must be.
    """
    own = training.get(key, {})
    if not isinstance(own, Mapping):
        raise ValueError(
            f'test_cfg.training.{key} is {own!r}, not a dict')
    places = {}
    for prefix, given in (('test_cfg.training', training),
                          (f'test_cfg.training.{key}', own),
                          (stage, overrides)):
        for name in given.keys() - (TRAININGS if given is training else ()):
            known = (*OWN, *RUNNER)
            if name not in known:
                raise ValueError(
                    f'{prefix}.{name}: no such setting; there are '
                    + ', '.join(known) + nearest(name, known))
            places[name] = f'{prefix}.{name}'
    settings = training_settings(training, key, overrides)
    for name in (*NEEDED, 'start_share'):
        if name not in settings:
            raise ValueError(f'test_cfg.training has no {name}')
    for name, (words, holds) in OWN.items():
        if name in settings and not holds(settings[name]):
            raise ValueError(
                f'{places[name]}={settings[name]!r} is not {words}')
    with _named(places['train_cfg'], settings['train_cfg']) as config:
        length = config.get('max_iters')
        if not (_is(length, int) and length > 0):
            raise ValueError(
                f'max_iters={length!r} is not a whole number of 1 or more')
    place = places['train_dataloader']
    with _named(place, settings['train_dataloader']) as config:
        DataLoader([], **{'batch_size': None, **{
            name: value for name, value in config.items() if name not in (
                'dataset', 'sampler', 'batch_sampler', 'collate_fn')}})
        if config.get('batch_size') is None:
            raise ValueError('no batch_size')
    check_config(f'{place}.dataset', {
        **settings['train_dataloader'].get('dataset', {}), 'type': dataset})
    with _named(places['optim_wrapper'], settings['optim_wrapper']) as config:
        wrapper = build_optim_wrapper(encoder, optimizer_here(config))
    for config in _listed(settings['param_scheduler']):
        with _named(places['param_scheduler'], config):
            if config.get('by_epoch', True):
                raise ValueError(f'{config.get("type")} counts epochs, a '
                                 'training iterations: by_epoch=False')
            PARAM_SCHEDULERS.build(dict(config, optimizer=wrapper))
    for kind in ('default_hooks', 'custom_hooks'):
        hooks = settings.get(kind) or {}
        for name, config in (
                hooks if isinstance(hooks, Mapping) else dict(enumerate(hooks))
        ).items():
            if config is not None:  # A default one that is not wanted.
                with _named(f'{places[kind]}.{name}', config):
                    HOOKS.build(dict(config))


@contextmanager
def _named(place: str, config: Any) -> Iterator[Any]:
    """Put the full name of a setting before what is wrong with it."""
    if not isinstance(config, Mapping):
        raise ValueError(f'{place}={config!r} is not a dict')
    try:
        yield config
    except (TypeError, ValueError, KeyError, AttributeError,
            AssertionError) as error:
        raise ValueError(
            f'{place}: {" ".join(str(error).split())}') from error


def _listed(configs: Any) -> list[Any]:
    return list(configs) if isinstance(configs, list | tuple) else [configs]
