"""The version, the bounds of the dependencies, and what setup.py says."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import mmremots
from mmremots.dependencies import (
    DEPENDENCIES,
    Dependency,
    check_dependencies,
    check_version,
)

ROOT = Path(__file__).resolve().parents[1]
MMCV = Dependency('mmcv', '>=2.0.0,<3', 'onedl-mmcv')


def lines(name: str) -> list[str]:
    """The requirements in requirements/NAME.txt."""
    text = (ROOT / 'requirements' / f'{name}.txt').read_text()
    return [line for line in text.splitlines()
            if line and not line.startswith(('#', '-r'))]


def test_version_is_a_version():
    """Packaging tools order releases by it."""
    assert str(Version(mmremots.__version__)) == mmremots.__version__


def test_installed_dependencies_are_accepted():
    """The environment that make setup makes is within the bounds."""
    check_dependencies()


@pytest.mark.parametrize(
    'found', ['2.0.0', '2.1.0', '2.3.6', '2.3.6+cpu', '2.9.0rc1'])
def test_versions_within_the_bounds(found: str):
    """Originals and continuation alike, local labels and candidates too."""
    check_version(MMCV, found)


@pytest.mark.parametrize('found', ['1.7.2', '2.0.0rc4', '3.0.0', '3.0.0rc1'])
def test_versions_outside_the_bounds(found: str):
    """The message has all that is needed to mend it."""
    with pytest.raises(ImportError) as error:
        check_version(MMCV, found)
    message = str(error.value)
    for part in ('mmcv', found, '>=2.0.0,<3', 'pip install',
                 "'onedl-mmcv>=2.0.0,<3'", 'make setup'):
        assert part in message


def test_missing_dependency():
    """What is not there at all is told apart from a wrong version."""
    with pytest.raises(ImportError, match='mmcv is not installed'):
        check_version(MMCV, None)


def test_missing_dependency_at_import():
    """The message comes first, before any other import fails."""
    program = ('import sys; sys.modules["mmcv"] = None\n'
               'import mmremots')
    result = subprocess.run(
        [sys.executable, '-c', program], cwd=ROOT, capture_output=True,
        text=True)
    assert result.returncode == 1
    assert 'mmremots needs mmcv >=2.0.0,<3, but mmcv is not installed' \
        in result.stderr


def test_bounds_agree_with_requirements():
    """What pip is told to install is what the import accepts."""
    stated = {Requirement(line).name: Requirement(line).specifier
              for line in lines('mminstall')}
    checked = {dependency.package:
               Requirement(f'x{dependency.bounds}').specifier
               for dependency in DEPENDENCIES}
    assert stated == checked


def test_pins_satisfy_requirements():
    """The versions that make setup installs are within all bounds."""
    pins = {}
    for line in lines('constraints'):
        name, version = re.fullmatch(r'([\w.-]+)==([\w.]+)', line).groups()
        pins[name.lower()] = version
    for name in ('build', 'mminstall', 'runtime', 'optional', 'api', 'tests'):
        for requirement in map(Requirement, lines(name)):
            assert requirement.specifier.contains(
                pins[requirement.name.lower()]), requirement


def test_register_all_modules():
    """It fills the registries, and can be called twice."""
    mmremots.register_all_modules()
    mmremots.register_all_modules(init_default_scope=False)


def test_setup_py_reads_version_and_requirements():
    """setup.py finds both without importing mmremots."""
    result = subprocess.run(
        [sys.executable, 'setup.py', '--quiet', '--version'], cwd=ROOT,
        capture_output=True, text=True, check=True)
    assert result.stdout.split()[-1] == mmremots.__version__
