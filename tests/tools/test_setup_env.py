"""The set-up's own decisions; installing is what `make` does in any run."""
from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def setup_env(tmp_path: Path) -> ModuleType:
    """The script in a copy of what it looks at, with a made-up .venv."""
    for name in ('requirements', 'tools'):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / 'mmremots').mkdir()
    for name in ('setup.py', 'pyproject.toml', 'mmremots/version.py'):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / '.venv' / 'bin').mkdir(parents=True)
    (tmp_path / '.venv' / 'bin' / 'python').symlink_to(sys.executable)
    (tmp_path / '.venv' / 'pyvenv.cfg').write_text('version = 3.11.7\n')
    spec = importlib.util.spec_from_file_location(
        'setup_env', tmp_path / 'tools' / 'setup_env.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_a_finished_set_up_is_current(setup_env: ModuleType):
    """Without the stamp an environment is not taken for whole."""
    assert not setup_env.is_current()
    setup_env.STAMP.write_text(setup_env.fingerprint())
    assert setup_env.is_current()


@pytest.mark.parametrize('name', [
    'requirements/runtime.txt', 'requirements/constraints.txt', 'setup.py',
    'tools/setup_env.py', '.venv/pyvenv.cfg'])
def test_a_change_asks_for_a_set_up(setup_env: ModuleType, name: str):
    """Whatever decides what is installed is looked at."""
    setup_env.STAMP.write_text(setup_env.fingerprint())
    with (setup_env.ROOT / name).open('a') as file:
        file.write('# changed\n')
    assert not setup_env.is_current()


def test_nothing_to_do_is_quick(setup_env: ModuleType):
    """It runs before every make target; on an idle machine in 0.1 s."""
    setup_env.STAMP.write_text(setup_env.fingerprint())
    result = subprocess.run(
        [sys.executable, setup_env.__file__], capture_output=True, text=True,
        timeout=10)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


def test_another_python_is_refused(
        setup_env: ModuleType, monkeypatch: pytest.MonkeyPatch):
    """The message names both versions and the way out."""
    monkeypatch.setattr(setup_env, 'PYTHON', (3, 99))
    with pytest.raises(SystemExit, match=r'3\.99.*make setup PYTHON='):
        setup_env.require_python()


@pytest.mark.parametrize('compiler', ['no-such-compiler', 'false'])
def test_no_compiler(setup_env: ModuleType, compiler: str,
                     monkeypatch: pytest.MonkeyPatch):
    """The message says what to install, and what was tried."""
    monkeypatch.setenv('CXX', compiler)
    with pytest.raises(SystemExit, match=rf'apt-get.*(?s:.*)`{compiler}`'):
        setup_env.require_compiler()


def test_pins(setup_env: ModuleType):
    """Only a whole name is a package's name."""
    assert setup_env.pinned('torch').startswith('torch==')
    with pytest.raises(SystemExit, match='does not pin onedl'):
        setup_env.pinned('onedl')


def test_interrupted_set_up_leaves_no_command(setup_env: ModuleType):
    """A compiler must not go on when the set-up has been ended."""
    program = (
        'import signal, sys; sys.path.insert(0, sys.argv[1])\n'
        'import setup_env\n'
        'signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n'
        # a second, for the signal to find Popen's constructor returned
        'setup_env.run("sh", "-c",'
        ' "sleep 1; echo started; sleep 60 & wait")\n')
    process = subprocess.Popen(
        [sys.executable, '-c', program, str(setup_env.ROOT / 'tools')],
        stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'started\n'
    process.terminate()
    process.communicate(timeout=10)  # ends with the last that could write
    assert process.returncode == 143


def test_second_set_up_waits_for_the_first(
        setup_env: ModuleType, tmp_path: Path):
    """Two at once would write into one environment."""
    path = tmp_path / 'lock'
    program = (
        'import sys; sys.path.insert(0, sys.argv[1]); import setup_env\n'
        'from pathlib import Path\n'
        'with setup_env.locked(Path(sys.argv[2]), "waiting"):\n'
        '    print("in")\n')
    with setup_env.locked(path, 'not printed'):
        process = subprocess.Popen(
            [sys.executable, '-c', program,
             str(setup_env.ROOT / 'tools'), str(path)],
            stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == '[setup] waiting\n'
    assert process.communicate(timeout=10)[0] == 'in\n'
