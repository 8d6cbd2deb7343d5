"""Which versions of its foundations mmremots runs on.

The bounds are those of the modules, not of the packages: the maintained
``onedl-*`` packages and the originals (``mmcv``, ``mmengine``, ``mmdet``)
import under the same names, and both will do.
"""
from importlib import import_module
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import Version


class Dependency(NamedTuple):
    """One module, the versions of it that will do, and who provides it."""

    module: str
    bounds: str
    package: str


DEPENDENCIES = (
    Dependency('torch', '>=2.4', 'torch'),
    Dependency('mmengine', '>=0.10.0,<1', 'onedl-mmengine'),
    Dependency('mmcv', '>=2.0.0,<3', 'onedl-mmcv'),
    Dependency('mmdet', '>=3.3.0,<4', 'onedl-mmdetection'),
)


class Optional(NamedTuple):
    """A module that only some things need.

    Attributes:
        module: Its name.
        use: What needs it.
        remedy: How it is installed.
        package: Name of what pip installs, where it is another.
    """

    module: str
    use: str
    remedy: str
    package: str = ''


OPTIONAL = (
    Optional('onnx', 'encoders that start from an .onnx file',
             'pip install onnx'),
    Optional('lap', 'ByteTrack and OC-SORT in tools/benchmarks',
             'pip install lap'),
    Optional('pandas', 'tracks as a DataFrame', 'pip install pandas'),
    Optional('supervision', 'tracks as supervision.Detections',
             'pip install supervision'),
    Optional('mmtrack', 'python -m mmremots.compat.mmtrack, see '
             'docs/mmtrack.md', 'pip install --no-deps mmtrack==1.0.0rc1'),
    Optional('mmpretrain', 'detectors with its backbones, such as ConvNeXt; '
             'mmdet\'s own tracking models', 'pip install onedl-mmpretrain',
             'onedl-mmpretrain'),
    Optional('detectron2', 'configs/detectors/'
             'cascade-mask-rcnn_x152_detectron2.py',
             'see its own installation guide'),
)


def check_version(dependency: Dependency, found: str | None) -> None:
    """Refuses a version outside the bounds of a dependency.

    Args:
        dependency: The module and its bounds.
        found: The module's version, None where it is not installed.

    Raises:
        ImportError: It names the module, the version found, the versions
            that will do, and the command that installs one.
    """
    module, bounds, package = dependency
    # a release candidate is judged by its number, like any other version
    if found is not None and SpecifierSet(bounds).contains(
            Version(found), prereleases=True):
        return
    have = 'is not installed' if found is None else f'{found} is installed'
    raise ImportError(
        f'mmremots needs {module} {bounds}, but {module} {have}. In a '
        'checkout, `make setup` installs all that is needed; elsewhere: '
        f"pip install --no-build-isolation '{package}{bounds}'",
        name=module)


def check_dependencies() -> None:
    """Imports what mmremots stands on and checks the versions.

    Raises:
        ImportError: See :func:`check_version`.
    """
    for dependency in DEPENDENCIES:
        try:
            found = import_module(dependency.module).__version__
        except ModuleNotFoundError as error:
            if error.name != dependency.module:
                raise
            found = None
        check_version(dependency, found)
