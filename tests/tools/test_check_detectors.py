"""One of each kind of mmdet's instance segmenters, from its own config."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import mmremots

TOOL = (Path(__file__).resolve().parents[2]
        / 'tools/benchmarks/check_detectors.py')


def load():
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_detectors = load()


@pytest.mark.slow
@pytest.mark.parametrize('config', [
    pytest.param('mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', id='two-stage'),
    pytest.param('yolact/yolact_r50_1xb8-55e_coco.py', id='one-stage'),
    pytest.param('mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
                 id='query'),
    pytest.param('rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py',
                 id='dynamic convolution'),
])
def test_one_of_each_kind(config: str) -> None:
    """Fused masks: some, disjoint, of the image's size, same in batches."""
    mmremots.register_all_modules()
    assert sum(map(len, check_detectors.check(f'mmdet::{config}'))) > 0
    blind = check_detectors.random_detector(f'mmdet::{config}', 2., True)
    nothing = blind.detect(check_detectors.images()[0], None, 1)
    assert len(nothing) == 0, 'a frame without anybody'


def test_the_list_names_configs_of_mmdet() -> None:
    """Nothing in it is misspelt, and nothing stands twice."""
    import mmdet
    folder = Path(mmdet.__file__).parent / '.mim' / 'configs'
    configs = [c for group in check_detectors.FAMILIES.values()
               for c in group]
    assert len(set(configs)) == len(configs)
    assert [c for c in configs if not (folder / c).is_file()] == []
