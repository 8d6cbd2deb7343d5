"""Its registries: children of mmengine's, as every mm package has them."""
from typing import Any, NoReturn

from mmengine import registry as mmengine
from mmengine.registry import Registry


def _wrong(**settings: Any) -> NoReturn:
    raise AssertionError(f'not of mmremots, {settings}')


def _child(parent: Registry, *names: str) -> Registry:
    registry = Registry(parent.name, parent=parent, scope='elsewhere')
    for name in names:
        registry.register_module(name=name, module=_wrong)
    return registry


MODELS = _child(
    mmengine.MODELS, 'BNNeckHead', 'CenterLoss', 'DenseFlow', 'MaskFusion',
    'ReIDEncoder', 'ShortTermTracker', 'TripletLoss', 'DetectionsFromFile')
TASK_UTILS = _child(
    mmengine.TASK_UTILS, 'CrossingThreshold', 'IoMNMS',
    'ThreeSigmaThreshold', 'TrackletMerger')
DATASETS = _child(
    mmengine.DATASETS, 'InterTrackletTriplets', 'IntraFrameTriplets',
    'LabelledCrops')
TRANSFORMS = _child(mmengine.TRANSFORMS, 'CropErase', 'CropFlip')
FUNCTIONS = _child(mmengine.FUNCTIONS, 'collate_groups')
