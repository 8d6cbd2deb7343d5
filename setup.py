"""Packaging of mmremots; the requirements are those of requirements/*.txt."""
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def read_version() -> str:
    """Reads the version without importing mmremots, which needs torch."""
    text = (ROOT / 'mmremots' / 'version.py').read_text()
    return re.search(r"__version__ = '(.+)'", text)[1]


def parse_requirements(name: str) -> list[str]:
    """Reads requirements/NAME.txt, following ``-r`` lines."""
    requirements = []
    for line in (ROOT / 'requirements' / f'{name}.txt').open():
        line = line.partition('#')[0].strip()
        if line.startswith('-r'):
            requirements += parse_requirements(Path(line[2:].strip()).stem)
        elif line:
            requirements.append(line)
    return requirements


class BuildWithConfigs(build_py):
    """Puts configs and tools where mmengine looks for them in a wheel.

    ``mmremots::remots/remots_sample.py`` then resolves without a checkout.
    In a checkout, and so where it is installed editable, links do the same.
    """

    def run(self) -> None:
        """Builds the package, then adds the ``.mim`` folder."""
        super().run()
        if self.editable_mode:
            return
        mim = Path(self.build_lib, 'mmremots', '.mim')
        # Builds share a folder: what was removed since must not stay.
        shutil.rmtree(mim, ignore_errors=True)
        for name in ('configs', 'tools'):
            shutil.copytree(ROOT / name, mim / name,
                            ignore=shutil.ignore_patterns('__pycache__'))
        shutil.copy(ROOT / 'model-index.yml', mim)


readme = ROOT / 'README.md'
setup(
    name='mmremots',
    version=read_version(),
    description='ReMOTS: self-supervised refining multi-object tracking and '
    'segmentation, on MMDetection',
    long_description=readme.read_text() if readme.is_file() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    python_requires='>=3.11',
    packages=find_packages(include=['mmremots', 'mmremots.*']),
    package_data={
        'mmremots.visualization.report': ['*.j2', '*.css', '*.js']},
    cmdclass={'build_py': BuildWithConfigs},
    entry_points={'console_scripts': ['mmremots = mmremots.cli:main']},
    install_requires=parse_requirements('runtime'),
    extras_require={
        'api': parse_requirements('api'),
        'mim': parse_requirements('mminstall'),
        'mmtrack': parse_requirements('mmtrack'),
        'optional': parse_requirements('optional'),
        'tests': parse_requirements('tests'),
    },
)
