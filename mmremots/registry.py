"""Registries of mmremots: children of mmengine's, scope ``mmremots``.

A name that is not found here is looked up in mmengine; ``mmdet.`` before a
name looks it up in mmdet. Every registry that a runner asks has a child
here, or mmengine would warn that the scope has none.
"""
from mmengine import registry as mmengine
from mmengine.registry import Registry

SCOPE = 'mmremots'


def _child(parent: Registry, *packages: str) -> Registry:
    return Registry(parent.name, parent=parent, scope=SCOPE,
                    locations=[f'mmremots.{name}' for name in packages])


MODELS = _child(mmengine.MODELS, 'models')
TASK_UTILS = _child(mmengine.TASK_UTILS, 'models')
DATASETS = _child(mmengine.DATASETS, 'datasets')
TRANSFORMS = _child(mmengine.TRANSFORMS, 'datasets')
FUNCTIONS = _child(mmengine.FUNCTIONS, 'datasets')
DATA_SAMPLERS = _child(mmengine.DATA_SAMPLERS)
LOOPS = _child(mmengine.LOOPS, 'engine')
HOOKS = _child(mmengine.HOOKS)
RUNNERS = _child(mmengine.RUNNERS)
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
VISUALIZERS = _child(mmengine.VISUALIZERS)
VISBACKENDS = _child(mmengine.VISBACKENDS)

#: The steps of :class:`mmremots.engine.ReMOTSLoop`; mmengine has no such
#: registry, so this one has no parent.
STAGES = Registry('stage', scope=SCOPE, locations=['mmremots.engine'])
