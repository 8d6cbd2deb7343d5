"""What a detector's config file says, made fit for a run of ReMOTS."""
from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope

#: Multiple of pixels that images are padded to where a test-time scale
#: replaces a fixed size; what the strides of common networks divide.
_PAD_DIVISOR = 32


def load_config(
        config: str | Path | Mapping[str, Any],
        options: Mapping[str, Any] | None = None) -> Config:
    """The config of a detector.

    Args:
        config: Path of a config file, name of one of an installed package
            (``mmdet::solov2/solov2_r50_fpn_1x_coco.py``), or its content.
        options: Settings that replace those of the config, as
            ``--cfg-options`` would: ``{'model.backbone.depth': 18}``.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If the package, or one that the config needs, is not
            installed.
        ValueError: If it is not the config of a detector.
    """
    if isinstance(config, Mapping):
        cfg = Config(copy.deepcopy(dict(config)))
        place = 'the detector config'
    else:
        place = str(config)
        cfg = _read(place)
    cfg.merge_from_dict(dict(options or {}))
    if 'model' not in cfg or cfg.get('test_dataloader') is None:
        raise ValueError(
            f'{place}: not the config of a detector; it has no model or no '
            'test_dataloader')
    if is_detectron2(cfg) and find_spec('detectron2') is None:
        raise ModuleNotFoundError(
            f'{place}: needs detectron2, which is not installed: '
            'https://detectron2.readthedocs.io/tutorials/install.html; or use '
            'the same network as a model of mmdet, see docs/detectors.md')
    return cfg


def _read(place: str) -> Config:
    package, _, name = place.rpartition('::')
    path = Path(place)
    try:
        if package:
            spec = find_spec(package)
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError(f'{package} is not installed')
            # Where mim puts them; mmengine's way to here takes seconds.
            path = Path(spec.origin).parent / '.mim' / 'configs' / name
        if not path.is_file():
            raise FileNotFoundError('no such config of a detector')
        return Config.fromfile(path)
    except (FileNotFoundError, ImportError) as error:
        reason, *_ = str(error).split(', the current sys.path')
        raise type(error)(f'{place}: {reason}') from error


def scope_of(cfg: Config) -> str:
    """Name of the package whose registries the config's names stand in."""
    return cfg.get('default_scope') or 'mmdet'


def model_config(
        cfg: Config, score_thr: float, max_per_image: int | None = None,
        device: str = 'cpu') -> ConfigDict:
    """Config of the network for testing, its weights not loaded.

    Backbone weights are not asked for, as the checkpoint holds all. The
    score threshold is put where the network applies its own, so that masks
    are not made of what would be dropped; since suppression goes by score,
    what stays is the same.

    Args:
        cfg: The detector's config.
        score_thr: Least score.
        max_per_image: Most detections in an image, as far as the network
            has such a limit; None for the config's.
        device: Where the network shall run. Detectron2 wants to know.
    """
    model = copy.deepcopy(cfg.model)
    if 'data_preprocessor' in cfg:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    _for_one_process(model)
    if _name(model.get('roi_head') or {'type': ''}) == 'SparseRoIHead':
        max_per_image = None  # must be the number of its proposals
    _set_limits(model.get('test_cfg'), score_thr, max_per_image)
    if is_detectron2(cfg):
        model.detector.weights = ''
        model.detector.device = device
        model.detector.setdefault(
            'roi_heads', {})['score_thresh_test'] = score_thr
    return model


def pretrained_of(cfg: Config) -> str | None:
    """The checkpoint of the whole network that a config names, if any."""
    init = cfg.model.get('init_cfg')
    if isinstance(init, dict) and init.get('type') == 'Pretrained':
        return init['checkpoint']
    return None


def is_detectron2(cfg: Config) -> bool:
    """Whether the network is Detectron2's, in mmdet's wrapper."""
    return _name(cfg.model or {'type': ''}) == 'Detectron2Wrapper'


def image_pipeline(
        cfg: Config, scale: Sequence[int] | None = None) -> list[ConfigDict]:
    """The config's test pipeline, for images in memory without annotation.

    Args:
        cfg: The detector's config.
        scale: (long side, short side) in pixels that images are resized to,
            as mmdet's ``Resize`` takes it; None for the config's. Padding
            to a fixed size, where there is such, becomes padding to a
            multiple of 32.

    Raises:
        ValueError: If the pipeline does not begin with reading an image, or
            has no resizing where a scale is given.
    """
    pipeline = [
        copy.deepcopy(step) for step in get_test_pipeline_cfg(cfg)
        if not _name(step).endswith('Annotations')]
    if not pipeline or not _name(pipeline[0]).startswith('LoadImageFrom'):
        raise ValueError(
            'the test pipeline of the detector does not begin with '
            'LoadImageFromFile')
    pipeline[0] = ConfigDict(
        type='mmdet.LoadImageFromNDArray',
        to_float32=pipeline[0].get('to_float32', False))
    if scale is not None:
        resizing = [step for step in pipeline if 'Resize' in _name(step)]
        if not resizing:
            raise ValueError(
                'the test pipeline of the detector has no Resize whose scale '
                'could be set')
        for step in resizing:
            step.pop('scale_factor', None)
            step.scale = tuple(scale)
        for step in pipeline:
            if _name(step) == 'Pad' and step.pop('size', None):
                step.size_divisor = _PAD_DIVISOR
    return pipeline


def class_names(cfg: Config, checkpoint: Any = None) -> tuple[str, ...]:
    """Names of the classes a detector knows, in the order of its labels.

    Args:
        cfg: The detector's config.
        checkpoint: Content of its checkpoint; what it says of classes comes
            first, then the config's ``metainfo``, then its dataset's.

    Raises:
        ValueError: If nothing says.
    """
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    meta = meta if isinstance(meta, dict) else {}
    dataset = cfg.test_dataloader.dataset
    with DefaultScope.overwrite_default_scope(scope_of(cfg)):
        kind = dataset.type
        kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    for source in (meta.get('dataset_meta'), meta, dataset.get('metainfo'),
                   getattr(kind, 'METAINFO', None)):
        for key in ('classes', 'CLASSES'):
            if source and source.get(key):
                return tuple(source[key])
    raise ValueError(
        'neither the checkpoint nor the config names the classes of the '
        'detector; set test_dataloader.dataset.metainfo')


def _name(step: Mapping[str, Any]) -> str:
    """Name of a type, without its scope."""
    kind = step['type']
    return (kind if isinstance(kind, str) else kind.__name__).split('.')[-1]


def _for_one_process(cfg: Any) -> None:
    """Take out, everywhere, what is for training on many devices.

    That is weights which would be downloaded, and batch norms that talk to
    other processes (some already when they are built).
    """
    if isinstance(cfg, list | tuple):
        for item in cfg:
            _for_one_process(item)
    elif isinstance(cfg, dict):
        init = cfg.get('init_cfg')
        if isinstance(init, dict) and init.get('type') == 'Pretrained':
            del cfg['init_cfg']
        if isinstance(cfg.get('pretrained'), str):
            cfg['pretrained'] = None
        if cfg.get('type') in ('SyncBN', 'MMSyncBN'):
            cfg['type'] = 'BN'
        for value in cfg.values():
            _for_one_process(value)


def _set_limits(
        test_cfg: Any, score_thr: float, max_per_image: int | None) -> None:
    """Set thresholds and limits of detections, not those of proposals."""
    if not isinstance(test_cfg, dict):
        return
    limits = {'score_thr': score_thr, 'filter_thr': score_thr,
              'max_per_img': max_per_image, 'max_per_image': max_per_image}
    for key, value in test_cfg.items():
        if key in limits and limits[key] is not None:
            test_cfg[key] = limits[key]
        elif key != 'rpn':
            _set_limits(value, score_thr, max_per_image)
