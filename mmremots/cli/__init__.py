"""The command ``mmremots``: one module here is one subcommand.

To add one, write ``mmremots/cli/NAME.py`` with

- ``HELP``, a line for ``mmremots --help``; the module's docstring is what
  ``mmremots NAME --help`` says;
- ``add_arguments(parser)``, which adds its arguments to an
  :class:`argparse.ArgumentParser`;
- ``run(args)``, which does the work; what it raises of
  :data:`~mmremots.apis.command_line.INPUT_ERRORS` becomes one line;

and put the name into :data:`COMMANDS`. What takes long to import belongs in
``run``: every module is imported for ``--help``.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from mmremots import __version__
from mmremots.config_check import nearest

#: Names of the subcommands, in the order of the help.
COMMANDS = (
    'demo', 'track', 'refine', 'test', 'train', 'report', 'run', 'doctor')


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command with all of its subcommands."""
    parser = argparse.ArgumentParser(
        prog='mmremots',
        description='Offline multi-object tracking and segmentation that '
        'teaches itself the video.')
    parser.add_argument(
        '--version', action='version', version=f'mmremots {__version__}')
    commands = parser.add_subparsers(
        dest='command', required=True, metavar='COMMAND')
    for name in COMMANDS:
        module = import_module(f'{__name__}.{name}')
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a subcommand.

    Args:
        arguments: Its name and arguments; None for those of this process.

    Raises:
        SystemExit: Bad input, after one line that says what is wrong.
    """
    # mmengine's runner comes with it: not before there is something to do.
    from mmremots.apis.command_line import import_quietly, one_line_errors
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and not words[0].startswith('-') and words[0] not in COMMANDS:
        sys.exit(f'error: {words[0]!r} is no command of mmremots'
                 + (nearest(words[0], COMMANDS)
                    or f'; there are {", ".join(COMMANDS)}'))
    args = build_parser().parse_args(words)
    with one_line_errors():
        import_quietly()
        args.run(args)
