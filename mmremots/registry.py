"""Registries of mmremots: children of mmengine's, scope ``mmremots``.

Every registry that a runner asks has a child here, or mmengine would warn
that the scope has none.

mmengine looks a name without a scope up where ``default_scope`` points,
whichever registry was asked. What *these* registries build is different in
one thing: a name that they have themselves is theirs, whatever the default
scope. So a part within a part (``threshold``, ``loss_triplet``, ...) is ours
under ``default_scope = 'mmdet'``, too, where ``TripletLoss`` is another
class. Other names are looked up as everywhere: in the default scope, then in
mmengine; ``mmdet.`` before a name looks it up in mmdet.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mmengine import registry as mmengine
from mmengine.registry import DefaultScope, Registry, build_from_cfg

SCOPE = 'mmremots'


def current_scope() -> str:
    """Where names without a scope are looked up; ours, if nobody has said."""
    scope = DefaultScope.get_current_instance()
    return SCOPE if scope is None else scope.scope_name


def qualified(registry: Registry, config: Any) -> Any:
    """Put the scope before the type of a config, where it is ours.

    For what others are to build: mmengine's runner looks names up in the
    default scope.

    Args:
        registry: One of this module's.
        config: Config of a part; what is none is returned as it is.

    Returns:
        The config, ``type='TripletLoss'`` changed to
        ``type='mmremots.TripletLoss'``. One with ``_scope_`` says for
        itself where its names are looked up, and stays as it is.
    """
    if not isinstance(config, Mapping) or '_scope_' in config:
        return config
    registry.import_from_location()
    name = config.get('type')
    if not (isinstance(name, str) and name in registry.module_dict):
        return config
    own = config.copy()  # type: ignore[attr-defined]
    own['type'] = f'{SCOPE}.{name}'
    return own


def _build(build: Callable[..., Any], config: Any, *args: Any,
           registry: Registry, **kwargs: Any) -> Any:
    return build(
        qualified(registry, config), *args, registry=registry, **kwargs)


def _build_stage(config: Any, *args: Any, registry: Registry,
                 **kwargs: Any) -> Any:
    """As others; mmengine would warn that the default scope has no stages."""
    if (isinstance(config, Mapping)
            and current_scope() not in registry.children):
        config = {'_scope_': SCOPE, **config}
    return _build(build_from_cfg, config, *args, registry=registry, **kwargs)


def _child(parent: Registry, *packages: str) -> Registry:
    return Registry(parent.name, parent=parent, scope=SCOPE,
                    build_func=partial(_build, parent.build_func),
                    locations=[f'mmremots.{name}' for name in packages])


MODELS = _child(mmengine.MODELS, 'models')
TASK_UTILS = _child(mmengine.TASK_UTILS, 'models')
DATASETS = _child(mmengine.DATASETS, 'datasets')
TRANSFORMS = _child(mmengine.TRANSFORMS, 'datasets')
FUNCTIONS = _child(mmengine.FUNCTIONS, 'datasets')
DATA_SAMPLERS = _child(mmengine.DATA_SAMPLERS)
LOOPS = _child(mmengine.LOOPS, 'engine')
HOOKS = _child(mmengine.HOOKS)
RUNNERS = _child(mmengine.RUNNERS, 'engine')
LOG_PROCESSORS = _child(mmengine.LOG_PROCESSORS)
EVALUATOR = _child(mmengine.EVALUATOR)
METRICS = _child(mmengine.METRICS, 'evaluation')
OPTIMIZERS = _child(mmengine.OPTIMIZERS)
OPTIM_WRAPPERS = _child(mmengine.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    mmengine.OPTIM_WRAPPER_CONSTRUCTORS, 'models')
PARAM_SCHEDULERS = _child(mmengine.PARAM_SCHEDULERS)
MODEL_WRAPPERS = _child(mmengine.MODEL_WRAPPERS)
WEIGHT_INITIALIZERS = _child(mmengine.WEIGHT_INITIALIZERS)
VISUALIZERS = _child(mmengine.VISUALIZERS, 'visualization')
VISBACKENDS = _child(mmengine.VISBACKENDS)

#: The steps of :class:`mmremots.engine.ReMOTSLoop`; mmengine has no such
#: registry, so this one has no parent. A package with stages of its own
#: registers them here, or in ``Registry('stage', parent=STAGES,
#: scope='its name')``.
STAGES = Registry('stage', build_func=_build_stage, scope=SCOPE,
                  locations=['mmremots.engine'])
