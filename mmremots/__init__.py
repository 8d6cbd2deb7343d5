"""Offline multi-object tracking and segmentation by self-supervised refining.

An extension of MMDetection's tracking in MMTracking's manner: see
:func:`register_all_modules`, the configs, and ``tools/test.py``.
"""
from .dependencies import check_dependencies
from .version import __version__

check_dependencies()

from mmengine.config.utils import MODULE2PACKAGE  # noqa: E402

# What `mmremots::remots/remots_sample.py` in a config stands for: mmengine
# looks in `.mim/configs` of the packages in this table alone.
MODULE2PACKAGE.setdefault('mmremots', 'mmremots')

__all__ = ['__version__', 'register_all_modules']


def register_all_modules(init_default_scope: bool = True) -> None:
    """Registers every model, dataset, stage, metric ... of mmremots.

    Args:
        init_default_scope: Whether names without a scope are looked up in
            mmremots first from then on, as ``default_scope = 'mmremots'``
            in a config says. Defaults to True.
    """
    from mmengine.registry import init_default_scope as set_default_scope

    from . import (  # noqa: F401
        datasets,
        engine,
        evaluation,
        models,
        visualization,
    )
    if init_default_scope:
        set_default_scope('mmremots')
