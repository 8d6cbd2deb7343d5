"""mmremots as others find it: from a checkout, and from a wheel outside."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml
from mmengine.config import Config
from mmengine.hub import get_config, get_model
from tiny_runs import SPECS

import mmremots
from mmremots.datasets.sample import build
from mmremots.datasets.sample.build import render_sample
from mmremots.models.mot import ReMOTS
from mmremots.models.reid import ReIDEncoder

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
ZOO = [
    (path, model)
    for path in yaml.safe_load((ROOT / 'model-index.yml').read_text())[
        'Import']
    for model in yaml.safe_load((ROOT / path).read_text())['Models']]
#: What goes into a source distribution; README.md for the description.
SOURCES = ('mmremots', 'configs', 'tools', 'requirements', 'setup.py',
           'pyproject.toml', 'README.md', 'LICENSE', 'MANIFEST.in',
           'model-index.yml')


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('remots_*.py')),
                         ids=lambda path: path.stem)
def test_every_run_can_be_inherited(path: Path) -> None:
    """A folder of them, as mmengine wants it, of the files as they are."""
    assert (CONFIGS / 'remots' / path.name).read_text() == (
        f"_base_ = '../{path.name}'\n")
    ours = Config.fromfile(path)
    cfg = get_config(f'mmremots::remots/{path.name}')
    # Detectors' configs are beside either, by their whole path.
    for model in (ours.model, cfg.model):
        for source in model.detector.sources:
            if 'config' in source:
                source.config = str(Path(source.config).resolve())
    assert cfg.model == ours.model
    assert cfg.test_cfg == ours.test_cfg


@pytest.mark.parametrize(
    'kind', ['remots', 'reid', 'detectors'])
def test_the_model_zoo_lists_every_config(kind: str) -> None:
    """Once each, by a path that is there."""
    listed = [model['Config'] for path, model in ZOO
              if path == f'configs/{kind}/metafile.yml']
    there = [str(path.relative_to(ROOT))
             for path in (CONFIGS / kind).glob('*.py')]
    assert sorted(listed) == sorted(there)


def test_the_model_zoo_is_in_mims_form() -> None:
    """Every model is of a collection, and named as its file."""
    for path, model in ZOO:
        assert model['Name'] == Path(model['Config']).stem
        collections = yaml.safe_load((ROOT / path).read_text())['Collections']
        assert model['In Collection'] in [c['Name'] for c in collections]
        # `mim search` falls over one without.
        assert all(result['Task'] and result['Dataset']
                   for result in model['Results'])


@pytest.mark.parametrize('model', [
    model for _, model in ZOO if 'Weights' in model],
    ids=lambda model: model['Name'])
def test_weights_of_the_zoo_are_those_of_the_config(model: dict) -> None:
    """A zoo that says another address than the config would mislead."""
    cfg = Config.fromfile(ROOT / model['Config'],
                          import_custom_modules=False)
    assert model['Weights'] == cfg.model.init_cfg.checkpoint


def test_a_config_of_ones_own(tmp_path: Path) -> None:
    """Anywhere, of runs, of a part, and of several."""
    own = tmp_path / 'own.py'
    own.write_text("""
_base_ = ['mmremots::remots/remots_pedestrians.py',
          'mmremots::_base_/schedules/remots_plus.py']
model = _base_.plus_model
test_cfg = dict(stages=_base_.plus_stages)
""")
    plus = Config.fromfile(CONFIGS / 'remots_plus_pedestrians.py')
    cfg = Config.fromfile(own)
    assert _unscoped(cfg.model) == _unscoped(plus.model)
    assert _unscoped(cfg.test_cfg) == _unscoped(plus.test_cfg)


def _unscoped(part: Any) -> Any:
    """Without what mmengine notes in configs inherited by package."""
    if isinstance(part, dict):
        return {key: _unscoped(value) for key, value in part.items()
                if key != '_scope_'}
    return [*map(_unscoped, part)] if isinstance(part, list) else part


def test_get_model() -> None:
    """As of any mm package."""
    model = get_model('mmremots::remots/remots_sample.py')
    assert isinstance(model, ReMOTS)
    model = get_model('mmremots::reid/osnet_x0_25_16x4-120e.py')
    assert isinstance(model, ReIDEncoder)


def test_get_config_names_the_weights() -> None:
    """What `mim download` takes, too."""
    cfg = get_config('mmremots::detectors/rtmdet-ins_x.py', pretrained=True)
    assert cfg.model_path == cfg.model.init_cfg.checkpoint


def test_scripts_stay_where_they_were_called() -> None:
    """Paths in arguments are from there."""
    scripts = list((ROOT / 'tools').glob('*.sh'))
    assert scripts
    for script in scripts:
        assert 'cd ' not in script.read_text()


@pytest.fixture(scope='module')
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with a wheel of mmremots in it.

    All else is that of this environment, but for mmremots itself.
    """
    root = tmp_path_factory.mktemp('wheel')
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, root / 'source' / name, symlinks=True)
        else:
            (root / 'source').mkdir(exist_ok=True)
            shutil.copy(path, root / 'source')
    _call(sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-index',
          '--no-build-isolation', '--wheel-dir', root, root / 'source')
    venv.create(root / 'venv')
    python = root / 'venv' / 'bin' / 'python'
    _call(sys.executable, '-m', 'pip', '--python', python, 'install',
          '--no-deps', '--no-index', *root.glob('*.whl'))
    shutil.rmtree(root / 'source')
    packages = next((root / 'venv').glob('lib/python*/site-packages'))
    (packages / 'all_else.pth').write_text(sysconfig.get_path('purelib'))
    return python.parent


def _call(*words: object, cwd: Path | None = None) -> str:
    """Run a command outside the checkout; its output."""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    environment.pop('PYTHONPATH', None)
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, text=True, check=False,
        capture_output=True, timeout=600, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_wheel_outside_the_checkout(
        installed: Path, tmp_path: Path) -> None:
    """Configs come with it, and are its own."""
    (tmp_path / 'own.py').write_text(
        "_base_ = 'mmremots::remots/remots_plus_sample.py'\n"
        "model = dict(merger=dict(max_gap=7))\n")
    printed = _call(installed / 'python', '-c', '''
import mmremots
from mmengine.config import Config
from mmengine.hub import get_config, get_model
print(mmremots.__file__)
print(Config.fromfile('own.py').model.merger.max_gap)
print(get_config('mmremots::remots/remots_rtmdet-ins_x_mots20.py')
      .model.detector.sources[0].config)
print(type(get_model('mmremots::remots/remots_sample.py')).__name__)
''', cwd=tmp_path).splitlines()
    package = installed.parent.resolve()
    assert Path(printed[0]).is_relative_to(package)
    assert printed[1] == '7'
    assert Path(printed[2]).is_file()
    assert Path(printed[2]).is_relative_to(package)
    assert printed[-1] == 'ReMOTS'
    assert mmremots.__file__ != printed[0]


@pytest.mark.slow
def test_the_command_of_a_wheel_runs_the_sample(
        installed: Path, tmp_path: Path) -> None:
    """Outside the checkout, both configs, with nothing but their names."""
    # A smaller sample, with the mark of the whole one.
    sample = tmp_path / 'data' / 'sample'
    render_sample(sample, SPECS)
    (sample / build._STAMP).write_text(json.dumps(
        {'fingerprint': build._fingerprint(build.SEQUENCES)}))
    printed = _call(
        installed / 'mmremots', 'demo', '--cfg-options',
        'test_cfg.training.max_iters=2',
        'test_cfg.training.train_dataloader.batch_size=1',
        'test_cfg.training.train_dataloader.dataset.group_size=8',
        'model.reid.crop_size=(64,32)',
        'test_dataloader.num_workers=0',
        'test_cfg.training.train_dataloader.num_workers=0',
        cwd=tmp_path)
    *lines, last = printed.splitlines()
    assert last == (
        'open in a browser: work_dirs/remots_plus_sample/report.html')
    rows = [line.split() for line in lines[-9:]]
    for name in ('remots_sample', 'remots_plus_sample'):
        assert [name] in [row[:1] for row in rows]
        run = tmp_path / 'work_dirs' / name
        assert (run / 'metrics.json').is_file()
        assert (run / 'submission.zip').is_file()
        assert (run / 'report.html').is_file()  # Its template is there.
    # The second run went on with what is the same in both.
    assert (run / 'encoder_intra.pth').read_bytes() == (
        run.parent / 'remots_sample' / 'encoder_intra.pth').read_bytes()
    assert _call(installed / 'mmremots', 'doctor', cwd=tmp_path)


@pytest.mark.slow
def test_a_film_by_a_wheel(installed: Path, tmp_path: Path) -> None:
    """A newcomer's video file: three lines of Python, and the command.

    Without the two networks, which would be downloaded.
    """
    render_sample(tmp_path / 'sample', SPECS[1:2])
    folder = tmp_path / 'sample' / 'test' / SPECS[1].name
    (tmp_path / 'own.py').write_text(
        "_base_ = 'mmremots::remots/remots_plus_video.py'\n"
        'load_from = None\n'
        'model = dict(reid=dict(crop_size=(64, 32)), detector=dict(sources=['
        f"dict(type='DetectionsFromFile', path='{folder}/det/*')]))\n"
        'test_dataloader = dict(num_workers=0)\n')
    printed = _call(installed / 'python', '-c', f'''
import glob, cv2
from mmremots.apis import inference_video, init_model
images = [cv2.imread(path) for path in sorted(glob.glob(
    "{folder}/img1/*"))]
film = cv2.VideoWriter("clip.mp4", cv2.VideoWriter.fourcc(*"mp4v"), 14,
                       images[0].shape[1::-1])
for image in images:
    film.write(image)
film.release()
tracks = inference_video(init_model("own.py"), "clip.mp4")
tracks.to_mots_txt("clip.txt")
print(tracks)
''', cwd=tmp_path)
    frames = SPECS[1].num_frames
    assert printed.splitlines()[-1].startswith('VideoTracks(clip: ')
    assert printed.splitlines()[-1].endswith(f' {frames} frames)')
    assert (tmp_path / 'clip.txt').is_file()
    printed = _call(installed / 'mmremots', 'track', 'clip.mp4', '--config',
                    'own.py', cwd=tmp_path)
    assert 'work_dirs/track/clip/tracks/clip.txt' in printed
    assert (tmp_path / 'work_dirs/track/clip/tracks/clip.txt').read_bytes(
        ) == (tmp_path / 'clip.txt').read_bytes()


@pytest.mark.slow
def test_a_package_on_top_of_the_wheel(
        installed: Path, tmp_path: Path) -> None:
    """Its parts are found, and its config inherits ours."""
    shutil.copytree(ROOT / 'tests' / 'user_package', tmp_path / 'club')
    _call(sys.executable, '-m', 'pip', '--python', installed / 'python',
          'install', '--no-deps', '--no-index', '--no-build-isolation',
          tmp_path / 'club')
    printed = _call(installed / 'python', '-c', '''
import mmremots, club_remots
from pathlib import Path
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
cfg = Config.fromfile(
    Path(club_remots.__file__).parent / 'configs' / 'club.py')
with DefaultScope.overwrite_default_scope('mmdet'):
    model = MODELS.build(cfg.model)
print(type(model.reid).__name__, type(model.tracker).__name__)
''', cwd=tmp_path)
    assert printed.splitlines()[-1] == 'ShirtAndTrousers GreedyOverlap'
