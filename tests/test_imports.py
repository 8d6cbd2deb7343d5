"""Which module imports which."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from tiny_runs import ROOT

ROOMS = ('structures', 'formats', 'datasets', 'models', 'engine')


def graph(package: Path) -> dict[str, set[str]]:
    """The modules that each module of a package imports, anywhere in it.

    ``from package import module`` is an import of the module.
    """
    known = {'.'.join(path.relative_to(package.parent).with_suffix(
        '').parts).removesuffix('.__init__'): path
        for path in package.rglob('*.py')}

    def imported(name: str) -> Iterator[str]:
        is_package = known[name].name == '__init__.py'
        above = name.split('.')[:None if is_package else -1]
        for node in ast.walk(ast.parse(known[name].read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = '.'.join([
                    *above[:len(above) - node.level + 1] * (node.level > 0),
                    *[node.module] * (node.module is not None)])
                for alias in node.names:
                    inside = f'{base}.{alias.name}'
                    yield inside if inside in known else base

    return {name: {*imported(name)} & known.keys() - {name}
            for name in known}


def test_no_module_imports_itself_in_a_circle() -> None:
    """Neither in a function nor for a type checker alone."""
    try:
        [*TopologicalSorter(graph(ROOT / 'mmremots')).static_order()]
    except CycleError as error:
        pytest.fail(' <- '.join(error.args[1]))


@pytest.mark.parametrize('text', [
    'from package.one import x', 'from . import one', 'import package.one',
    'def late():\n    from .one import x',
    'if TYPE_CHECKING:\n    from .one import x'])
def test_a_circle_is_found(tmp_path: Path, text: str) -> None:
    """In whatever form it is written."""
    package = tmp_path / 'package'
    package.mkdir()
    for name, content in (('__init__', ''), ('two', text), (
            'one', 'from package.two import y')):
        (package / f'{name}.py').write_text(content)
    with pytest.raises(CycleError):
        [*TopologicalSorter(graph(package)).static_order()]


def test_a_room_knows_those_to_its_right() -> None:
    """As docs/architecture.md says."""
    for name, imported in graph(ROOT / 'mmremots').items():
        for other in imported:
            here, there = (f'{module}.'.split('.')[1]
                           for module in (name, other))
            if here in ROOMS and there in ROOMS:
                assert ROOMS.index(here) >= ROOMS.index(there), (
                    f'{name} imports {other}')
