"""mmtrack 1.0.0rc1, the real wheel, each time in a process of its own.

What ``mmremots.compat.mmtrack`` changes is for a process alone, so tests of
the rest of the suite shall not see it.
"""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from tiny_runs import SPECS, files_of, shorten, tiny_config
from wheels import python

from mmremots.datasets.sample.build import render_sample

ROOT = Path(__file__).resolve().parents[2]


def output(*words: object, path: Path | str) -> list[str]:
    """The lines that a program prints which ends well."""
    result = python(*words, path=path)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.splitlines()


IMPORTS = """
import importlib, pkgutil
import mmcv, mmdet.models
before = mmcv.__version__, mmdet.__version__, dir(mmdet.models.layers)
import mmremots.compat.mmtrack
import mmtrack
modules = [module.name for module in pkgutil.walk_packages(
    mmtrack.__path__, 'mmtrack.')]
for name in modules:
    importlib.import_module(name)
print(len(modules))
print(before == (
    mmcv.__version__, mmdet.__version__, dir(mmdet.models.layers)))
print(len(mmtrack.registry.MODELS))
"""


def test_all_of_mmtrack_imports_and_nothing_else_is_changed(
        mmtrack_folder: Path) -> None:
    """The gate is shut again, the stand-ins of mmdet are gone."""
    *_, modules, unchanged, models = output('-c', IMPORTS,
                                            path=mmtrack_folder)
    assert int(modules) == 160
    assert unchanged == 'True'
    assert int(models) > 50


SCOPES = """
import mmremots.compat.mmtrack
from mmengine.registry import DefaultScope, Registry
from mmremots import registry

@registry.MODELS.register_module()
class Late:
    pass

with DefaultScope.overwrite_default_scope('mmtrack'):
    for name, own in vars(registry).items():
        if not isinstance(own, Registry):
            continue
        with own.switch_scope_and_registry(None) as found:
            assert found.scope == 'mmtrack', name
            print(*(part for part in own.module_dict
                    if found.get(part) is not own.module_dict[part]))
            for part in own.module_dict:
                assert found.get(f'mmremots.{part}') is own.module_dict[part]
    print(type(registry.MODELS.build(dict(
        type='mmremots.BNNeckHead', in_channels=8)).loss_triplet).__module__)
    print(type(registry.MODELS.build(dict(
        type='mmtrack.TripletLoss'))).__module__)
"""


def test_every_component_is_found_under_scope_mmtrack(
        mmtrack_folder: Path) -> None:
    """Also what a user registers later; ours take parts of ours."""
    lines = output('-c', SCOPES, path=mmtrack_folder)
    *clashes, ours, theirs = lines[-23:]
    assert set(clashes) == {'', 'TripletLoss'}
    assert ours == 'mmremots.models.reid.losses'
    assert theirs == 'mmtrack.models.losses.triplet_loss'


DEEPSORT = ROOT / 'tests' / 'data' / 'mmtrack_deepsort.py'
TRACK = """
import sys
import cv2
import mmremots.compat.mmtrack
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmtrack.apis import inference_mot, init_model

config = Config.fromfile(sys.argv[1])
init_default_scope(config.default_scope)
model = init_model(config, device='cpu')
image = cv2.imread(sys.argv[2])
print(type(model).__module__, type(model.reid).__module__)
for frame in range(4):
    tracks = inference_mot(model, image, frame).pred_track_instances
    print(*tracks.instances_id.tolist())
    print(tuple(model.tracker.get('embeds').shape))
model.detector.roi_head.test_cfg.score_thr = 1.0
print(len(inference_mot(model, image, 0).pred_track_instances))
"""


@pytest.mark.parametrize('scope', ['mmtrack', 'mmremots'])
def test_deepsort_of_mmtrack_with_our_encoder(
        mmtrack_folder: Path, pedestrians: Path, tmp_path: Path,
        scope: str) -> None:
    """Nothing moves in one picture shown again: nor do ids.

    A first frame without anybody is one, too: the tracker then asks the
    encoder for the length of a feature.
    """
    cfg = Config.fromfile(DEEPSORT)
    cfg.default_scope = scope
    cfg.dump(tmp_path / 'deepsort.py')
    image = pedestrians / 'TUD-Campus' / 'img1' / '000001.jpg'
    lines = output('-c', TRACK, tmp_path / 'deepsort.py', image,
                   path=mmtrack_folder)
    classes, *frames, empty = lines[-10:]
    assert classes.split() == ['mmtrack.models.mot.deep_sort',
                               'mmremots.models.reid.encoder']
    assert len(frames[0].split()) > 3
    assert set(frames[::2]) == {frames[0]}
    assert set(frames[1::2]) == {f'({len(frames[0].split())}, 256)'}
    assert empty == '0'


PARTS = """
import torch
import mmremots.compat.mmtrack
from mmcls.evaluation.metrics import Accuracy
from mmengine.registry import METRICS, MODELS
from mmtrack.structures import ReIDDataSample

model = MODELS.build(dict(
    type='mmtrack.BaseReID', _scope_='mmtrack', data_preprocessor=None,
    backbone=dict(type='mmcls.ResNet', depth=18, base_channels=8,
                  out_indices=(3, )),
    neck=dict(type='GlobalAveragePooling', kernel_size=(8, 4), stride=1),
    head=dict(type='LinearReIDHead', num_fcs=1, in_channels=64,
              fc_channels=32, out_channels=16, num_classes=3, topk=(1, 2),
              loss_cls=dict(type='mmcls.CrossEntropyLoss'),
              loss_triplet=dict(type='TripletLoss', margin=0.3))))
model.init_weights()
images = torch.rand(1, 6, 3, 256, 128)
print(tuple(model(images).shape))
samples = [ReIDDataSample().set_gt_label(number // 2) for number in range(6)]
losses = model(images, samples, mode='loss')
sum(loss.sum() for name, loss in losses.items()).backward()
print(*sorted(losses))
print(tuple(model(images, mode='predict')[5].pred_feature.shape))
scores = torch.tensor([[3., 2, 1], [3, 2, 1], [3, 2, 1], [3, 2, 1]])
print(*(float(share) for share in Accuracy.calculate(
    scores, torch.tensor([0, 1, 1, 2]), topk=(1, 2, 5))))
metric = METRICS.build(dict(type='mmtrack.MOTChallengeMetrics'))
box = torch.tensor([[10., 10, 60, 110]])
for frame in range(3):
    metric.process({}, [dict(
        frame_id=frame, video_length=3, img_path='SEQ/img1/1.jpg',
        instances=[dict(instance_id=1, bbox=box[0].tolist(), mot_conf=1.,
                        category_id=1, visibility=1.)],
        pred_track_instances=dict(instances_id=torch.tensor([frame // 2]),
                                  bboxes=box, scores=torch.ones(1)))])
print(metric.evaluate(3)['motchallenge-metric/IDSW'])
try:
    MODELS.build(dict(type='mmtrack.StarkTransformer'))
except NotImplementedError as error:
    print(error)
"""


def test_parts_of_mmtrack_work_or_say_so(mmtrack_folder: Path) -> None:
    """Their encoder predicts and learns, their metric asks TrackEval."""
    lines = output('-c', PARTS, path=mmtrack_folder)
    feature, losses, predicted, shares, *_, switches, stark = lines[
        lines.index('(6, 16)'):]
    assert feature == '(6, 16)'
    assert losses == 'accuracy_top-1 accuracy_top-2 ce_loss triplet_loss'
    assert predicted == '(16,)'
    assert shares == '25.0 75.0 100.0'
    assert float(switches) == 1
    assert stark.startswith('mmtrack: STARK needs mmdet.models.layers.Trans')


@pytest.mark.slow
def test_tools_of_mmtrack_run_our_configs(
        mmtrack_folder: Path, tmp_path: Path) -> None:
    """Trainings and all; the same files, as from our tool in their scope."""
    render_sample(tmp_path / 'data', SPECS)
    cfg = tiny_config(tmp_path / 'data', tmp_path / 'unused')
    cfg.dump(tmp_path / 'tiny.py')
    cfg.custom_imports['imports'].append('mmremots.compat.mmtrack')
    cfg.default_scope = 'mmtrack'
    cfg.dump(tmp_path / 'in_mmtrack.py')
    theirs = ('-m', 'mmremots.compat.mmtrack', 'test.py')
    for name, tool, config in (
            ('ours', ('tools/test.py', ), 'tiny.py'),
            ('theirs', theirs, 'tiny.py'),
            ('in their scope', ('tools/test.py', ), 'in_mmtrack.py')):
        output(*tool, tmp_path / config, '--work-dir', tmp_path / name,
               path=mmtrack_folder)
    expected = files_of(tmp_path / 'ours')
    assert 'metrics.json' in expected
    for name in ('theirs', 'in their scope'):
        assert files_of(tmp_path / name) == expected, name


@pytest.mark.slow
def test_a_users_parts_under_scope_mmtrack(
        mmtrack_folder: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of one's own that puts in every part, trainings and all."""
    package = ROOT / 'tests' / 'user_package'
    monkeypatch.syspath_prepend(str(package))
    render_sample(tmp_path / 'data', SPECS)
    cfg = shorten(
        Config.fromfile(package / 'club_remots' / 'configs' / 'club.py'),
        tmp_path / 'data', tmp_path / 'unused')
    cfg.test_cfg.stages[0].num_workers = 0
    for scope in ('mmremots', 'mmtrack'):
        cfg.default_scope = scope
        cfg.dump(tmp_path / f'{scope}.py')
        cfg.custom_imports['imports'].append('mmremots.compat.mmtrack')
        output('tools/test.py', tmp_path / f'{scope}.py', '--work-dir',
               tmp_path / scope, path=f'{mmtrack_folder}:{package}')
    assert 'encoder_inter.pth' in files_of(tmp_path / 'mmtrack')
    assert files_of(tmp_path / 'mmtrack') == files_of(tmp_path / 'mmremots')


def test_without_mmtrack_the_error_says_how_to_get_it(
        tmp_path: Path) -> None:
    """A command to copy rather than a name that is missing."""
    shadow = tmp_path / 'mmtrack'
    shadow.mkdir()
    shadow.joinpath('__init__.py').write_text(
        "raise ModuleNotFoundError('no', name='mmtrack')")
    result = python('-m', 'mmremots.compat.mmtrack', path=tmp_path)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        'ImportError: mmremots.compat.mmtrack needs mmtrack: '
        'pip install --no-deps mmtrack==1.0.0rc1')


def test_another_version_is_refused(tmp_path: Path) -> None:
    """The one that pip installs unless told otherwise is 0.14."""
    info = tmp_path / 'mmtrack-0.14.0.dist-info'
    info.mkdir()
    info.joinpath('METADATA').write_text('Name: mmtrack\nVersion: 0.14.0\n')
    result = python('-m', 'mmremots.compat.mmtrack', path=tmp_path)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        'ImportError: mmremots.compat.mmtrack is for mmtrack 1.0.0rc1, but '
        '0.14.0 is installed: pip install --no-deps mmtrack==1.0.0rc1')


def test_a_tool_that_is_not_there_is_named(mmtrack_folder: Path) -> None:
    """And so is where mmtrack's tools are."""
    result = python('-m', 'mmremots.compat.mmtrack', 'tst.py',
                    path=mmtrack_folder)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        'tst.py: no such file, and no tool in '
        f'{mmtrack_folder}/mmtrack/.mim/tools')
