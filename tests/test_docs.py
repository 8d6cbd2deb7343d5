"""README and docs: links, commands and the site."""
from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tiny_runs import ROOT

PAGES = sorted([*ROOT.glob('*.md'), *ROOT.glob('docs/*.md')])
#: Files that the user brings or a run writes.
GIVEN = re.compile(r'my_config|CONFIG|NAME|\{\{|\*')
#: What a command may need that no test has. The line stands above commands,
#: and holds until an empty one.
MARK = re.compile(
    r'# needs (?:(?:MOTS20|a GPU|the network|vtest\.avi)(?:, |:.*|$))+')
PROGRAM = re.compile(r'(\S+/bin/)?(python|mmremots|torchrun) ')
SHARED = ('mmremots/apis/command_line.py', 'mmremots/cli')


class Command(NamedTuple):
    """A command of a page, and whether it says what it needs."""

    text: str
    marked: bool


def commands(page: Path) -> Iterator[Command]:
    """Each command of a page: in blocks of shell, and alone in a cell."""
    marked = fence = False
    lines = iter(page.read_text().splitlines())
    for line in lines:
        text = line.strip()
        if text.startswith('```'):
            fence, marked = text == '```shell', False
            continue
        for cell in re.findall(r'\| `((?:python|mmremots) [^`|]+)` \|', line):
            yield Command(cell, False)
        if not text or not (fence or line.startswith('    ')):
            marked = False
            continue
        if text.startswith('# needs'):
            marked = bool(MARK.fullmatch(text))
        while text.endswith('\\'):
            text = text[:-1] + next(lines).strip()
        text = text.partition('  #')[0].strip()
        if not text.startswith('#') and (fence or PROGRAM.match(text)):
            yield Command(text, marked)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture is a file, with its heading."""
    for target in re.findall(r'\]\(([^)\s]+)\)', page.read_text()):
        if target.startswith(('http', 'mailto')):
            continue
        path, _, heading = target.partition('#')
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f'{page.name}: {target}'
        if heading:
            slugs = {re.sub(r'[^\w\- ]', '', line.lstrip('# ').lower()
                            ).replace(' ', '-')
                     for line in file.read_text().splitlines()
                     if line.startswith('#')}
            assert heading in slugs, f'{page.name}: {target}'


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_commands_name_what_there_is(page: Path) -> None:
    """Programs, configs and options of every command exist."""
    for command, _ in commands(page):
        words = command.split()
        for word in words:
            if re.match(r'(tools|configs)/\S+\.(py|sh)$', word) \
                    and not GIVEN.search(word):
                assert (ROOT / word).is_file(), f'{page.name}: {command}'
        program = next(
            (word for word in words if word.startswith('tools/')), None)
        sources = [ROOT / name for name in SHARED]
        if program is not None and not GIVEN.search(program):
            sources.append(ROOT / program)
        elif not words[0].endswith('mmremots'):
            continue
        text = ''.join(
            file.read_text() for source in sources for file in (
                sorted(source.glob('*.py')) if source.is_dir()
                else [source]))
        ours = words[words.index(program):] if program else words[1:]
        for option in re.findall(r'--[a-z][a-z-]*', ' '.join(ours)):
            assert f"'{option}'" in text, f'{page.name}: {command}'


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    """Without a warning: docstrings are what the reference is made of."""
    done = subprocess.run(
        [sys.executable, '-m', 'sphinx', '-W', '--keep-going', '-q',
         '-b', 'html', str(ROOT / 'docs'), str(tmp_path / 'site')],
        capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-4000:]
    reference = (tmp_path / 'site' / 'api.html').read_text()
    for name in ('ReMOTSLoop', 'TrackletMerger', 'ShortTermTracker'):
        assert name in reference
