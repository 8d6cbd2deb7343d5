"""MMTracking 1.0.0rc1 beside the mmcv and mmdet of today.

The last mmtrack 1.x refuses an mmcv and mmdet that are finished releases, and
imports three classes that are gone. Importing this module before ``mmtrack``
imports it nevertheless, for this process alone: no file of any package is
changed, and mmcv and mmdet are left as they were. From then on every
component of mmremots is found under ``default_scope = 'mmtrack'``, too, and
mmtrack's own as ``mmtrack.NAME`` from any config::

    custom_imports = dict(imports=['mmremots', 'mmremots.compat.mmtrack'])

mmtrack's own tools import mmtrack before they read a config; so they are
started through this module::

    python -m mmremots.compat.mmtrack test.py CONFIG [ARGUMENTS ...]

docs/mmtrack.md says what of mmtrack works, and what does not.
"""
from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mmcv
import mmdet.models
from mmdet.models import layers
from mmengine.registry import Registry

import mmremots
from mmremots import registry as own

VERSION = '1.0.0rc1'
INSTALL = f'pip install --no-deps mmtrack=={VERSION}'
#: The latest mmcv and mmdet that mmtrack was released for.
RELEASED_FOR = {mmcv: '2.0.0rc4', mmdet: '3.0.0rc6'}
#: Where mmtrack looks for what mmcls had.
MMCLS = ('mmcls', 'mmcls.registry', 'mmcls.models', 'mmcls.evaluation',
         'mmcls.models.classifiers', 'mmcls.evaluation.metrics')


class Transformer:
    """The base of mmtrack's ``StarkTransformer``, which mmdet 3 dropped."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError(
            'mmtrack: STARK needs mmdet.models.layers.Transformer, which '
            f'mmdet {mmdet.__version__} has no more')


@contextmanager
def gate_open() -> Iterator[None]:
    """While it lasts, mmcv and mmdet look to mmtrack as it wants them."""
    versions = {module: module.__version__ for module in RELEASED_FOR}
    stand_in = not hasattr(layers, 'Transformer')
    for module, version in RELEASED_FOR.items():
        module.__version__ = version
    if stand_in:
        layers.Transformer = Transformer
    try:
        yield
    finally:
        for module, version in versions.items():
            module.__version__ = version
        if stand_in:
            del layers.Transformer


def import_mmtrack() -> Any:
    """Import mmtrack and all that it registers.

    Returns:
        The module ``mmtrack``.

    Raises:
        ImportError: mmtrack, or what it needs, is not installed, or it is
            another version.
    """
    _check_version()
    if find_spec('mmcls') is None:
        from mmremots.compat import mmcls
        sys.modules.update(dict.fromkeys(MMCLS, mmcls))
    try:
        with gate_open():
            import mmtrack
            from mmtrack.utils import register_all_modules
            register_all_modules(init_default_scope=False)
    except ModuleNotFoundError as error:
        command = (INSTALL if error.name == 'mmtrack'
                   else "pip install 'mmremots[mmtrack]'")
        raise ImportError(f'mmremots.compat.mmtrack needs {error.name}: '
                          f'{command}', name=error.name) from error
    return mmtrack


def _check_version() -> None:
    try:
        found = metadata.version('mmtrack')
    except metadata.PackageNotFoundError:  # None, or a checkout.
        return
    if found != VERSION:
        raise ImportError(
            f'mmremots.compat.mmtrack is for mmtrack {VERSION}, but {found} '
            f'is installed: {INSTALL}', name='mmtrack')


def share_components() -> None:
    """Let scope ``mmtrack`` find what is, and will be, in scope ``mmremots``.

    mmengine looks for a name in the registry of the default scope and then
    in its parents; mmtrack's registries get ours as parents, and ours have
    mmengine's. Where both have a name, as ``TripletLoss``, mmtrack's is
    found, and ours is ``mmremots.TripletLoss``.
    """
    mmremots.register_all_modules(init_default_scope=False)
    for registry in vars(own).values():
        if not isinstance(registry, Registry):
            continue
        root = registry.root
        if 'mmtrack' not in root.children:
            Registry(root.name, parent=root, scope='mmtrack',
                     locations=['mmtrack'])
        root.children['mmtrack'].parent = registry


def main() -> None:
    """Run one of mmtrack's tools, or any script that imports mmtrack."""
    if len(sys.argv) < 2:
        sys.exit('usage: python -m mmremots.compat.mmtrack TOOL [ARGUMENTS '
                 '...]\nTOOL: one of those of mmtrack, such as test.py or '
                 'analysis_tools/browse_dataset.py, or a script of your own')
    tools = Path(mmtrack.__file__).parent / '.mim' / 'tools'
    script = next((path for path in (Path(sys.argv[1]), tools / sys.argv[1])
                   if path.is_file()), None)
    if script is None:
        sys.exit(f'{sys.argv[1]}: no such file, and no tool in {tools}')
    sys.argv = [str(script), *sys.argv[2:]]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name='__main__')


mmtrack = import_mmtrack()
share_components()

if __name__ == '__main__':
    main()
