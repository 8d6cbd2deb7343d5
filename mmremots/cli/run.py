"""Run a tool of mmdet, or of another mm package, on configs of mmremots.

    mmremots run mmdet print_config CONFIG
    mmremots run mmdet browse_dataset CONFIG --output-dir OUT --not-show

What it knows is what the tool's own file knows, and `mmremots::` in configs
beside: mmengine resolves that once mmremots has been imported, which no tool
of another package does. TOOL is its file's name, with its folder where two
have the same one; all that follows is its own.
"""
from __future__ import annotations

import argparse
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

from mmengine.utils import get_installed_path

from mmremots.config_check import nearest

HELP = "run a tool of mmdet's, or of another package, on our configs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The package, the tool, and all that is the tool's."""
    parser.add_argument('package', help='such as mmdet')
    parser.add_argument('tool', help='such as print_config')
    parser.add_argument('arguments', nargs=argparse.REMAINDER,
                        metavar='...', help='arguments of the tool')


def run(args: argparse.Namespace) -> None:
    """Find it, and start it in this process."""
    path = find_tool(args.package, args.tool)
    sys.argv = [str(path), *args.arguments]
    runpy.run_path(str(path), run_name='__main__')


def find_tool(package: str, name: str) -> Path:
    """The file of a tool.

    Args:
        package: Name of an installed package, with ``.mim/tools``.
        name: Name of the file, with or without folders and ``.py``.

    Raises:
        FileNotFoundError: There is no such package, or no such tool.
        ValueError: There are several.
    """
    if find_spec(package) is None:
        raise FileNotFoundError(f'{package}: no such package is installed')
    tools = Path(get_installed_path(package)) / '.mim' / 'tools'
    wanted = Path(name).with_suffix('').parts
    named = {path.relative_to(tools).with_suffix(''): path
             for path in sorted(tools.rglob('*.py'))}
    found = [tool for tool in named if tool.parts[-len(wanted):] == wanted]
    if not found:
        raise FileNotFoundError(
            f'{package} has no tool {name}'
            + nearest(wanted[-1], [tool.name for tool in named]))
    exact = [tool for tool in found if tool.parts == wanted]
    if len(exact or found) > 1:
        raise ValueError(f'{package} has several tools {name}: '
                         + ', '.join(map(str, found)))
    return named[(exact or found)[0]]
