"""Weights of a ReMOTS: all are loaded, or the reason is told."""
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmdet.apis import init_track_model
from mmengine.config import Config
from mmengine.runner import load_checkpoint

from mmremots.models.mot import ReMOTS
from mmremots.registry import MODELS

ROOT = Path(__file__).resolve().parents[3]


def small_config() -> Config:
    """The sample's; its encoder has no classifier before a training."""
    cfg = Config.fromfile(ROOT / 'configs' / 'remots_sample.py')
    cfg.model.reid.backbone.base_channels = 4
    cfg.model.reid.head.in_channels = 32
    return cfg


def small_model(seed: int) -> ReMOTS:
    torch.manual_seed(seed)
    return MODELS.build(small_config().model)


def same(model: ReMOTS, other: ReMOTS) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[key])
               for key, value in model.state_dict().items())


@pytest.mark.parametrize('part', ['encoder', 'whole'])
def test_mmdets_way(tmp_path: Path, part: str) -> None:
    """mmdet.apis.init_track_model: an encoder, or a model as it is."""
    source = small_model(1)
    path = str(tmp_path / 'w.pth')
    torch.save(dict(meta=dict(dataset_meta=dict(classes=('person', ))),
                    state_dict=(source.reid if part == 'encoder'
                                else source).state_dict()), path)
    model = init_track_model(small_config(), path, device='cpu')
    assert same(model, source)
    assert model.dataset_meta['classes'] == ('person', )


@pytest.mark.parametrize('prefix', ['', 'reid.', 'detector.', 'tracker.'])
def test_what_does_not_fit(tmp_path: Path, prefix: str) -> None:
    """A weight gone, or one too many: nothing is loaded."""
    source, target, before = small_model(1), small_model(2), small_model(2)
    state = (source.state_dict() if prefix else source.reid.state_dict())
    if prefix in ('', 'reid.'):
        del state[prefix + 'backbone.conv1.weight']
    else:
        state[prefix + 'x'] = torch.zeros(1)
    path = str(tmp_path / 'w.pth')
    torch.save(dict(state_dict=state), path)
    with pytest.raises(ValueError, match='these weights are not of this'):
        load_checkpoint(target, path)
    assert same(target, before)
