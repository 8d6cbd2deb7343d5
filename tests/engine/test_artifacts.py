"""What makes a file of a run valid: records of what was opened, written."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmremots import version
from mmremots.engine.artifacts import Artifacts
from mmremots.engine.processes import Processes


class Work:
    """Copies a file of the run, and says how often it did."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.facts: dict[str, Any] = {'colour': 'red', 'unused': 1}
        self.times = 0
        (root / 'in.txt').write_text('given')
        self.fresh()

    def fresh(self) -> None:
        """As a new process sees the folder."""
        self.artifacts = Artifacts(self.root, {
            name: lambda name=name: self.facts[name]
            for name in self.facts}, Processes(self.root / 'at'), True)

    def work(self) -> dict[str, int]:
        """The work itself."""
        self.times += 1
        text = self.artifacts.use(self.root / 'in.txt').read_text()
        out = self.root / 'out.txt'
        out.write_text(text + self.artifacts.fact('colour'))
        self.artifacts.wrote(out)
        return dict(length=len(text))

    def made(self, settings: Any = None, keep: bool = True) -> bool:
        """Whether asking for it made it, as a new process."""
        before = self.times
        self.fresh()
        found = self.artifacts.make(
            'copy/a', 'copy', self.work, settings, keep=keep)
        assert found == dict(length=len((self.root / 'in.txt').read_text()))
        return self.times > before


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Work that was done once."""
    work = Work(tmp_path)
    assert work.made()
    return work


def test_kept_as_long_as_nothing_changed(work: Work) -> None:
    """Also when something changed that it never opened."""
    assert not work.made()
    work.facts['unused'] = 2
    assert not work.made()
    assert work.made(keep=False)
    assert not work.made()


@pytest.mark.parametrize('name', ['in.txt', 'out.txt'])
@pytest.mark.parametrize('damage', ['gone', 'emptied', 'cut', 'changed'])
def test_files_count_by_their_content(
        work: Work, name: str, damage: str) -> None:
    """What it read and what it wrote; a new time alone is nothing."""
    path = work.root / name
    content = path.read_bytes()
    path.write_bytes(content)
    assert not work.made()
    if damage == 'gone' and name == 'out.txt':
        path.unlink()
    else:
        path.write_bytes(dict(
            gone=b'', emptied=b'', cut=content[:2],
            changed=bytes([content[0] ^ 1]) + content[1:])[damage])
    assert work.made()
    assert (work.root / 'out.txt').read_text() == (
        (work.root / 'in.txt').read_text() + 'red')


def test_facts_settings_and_version_count(
        work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told by name when it changed."""
    work.facts['colour'] = 'blue'
    assert work.made()
    assert work.made(settings=dict(a=1))
    assert not work.made(settings=dict(a=1))
    assert work.made(settings=dict(a=2))
    del work.facts['colour']
    record = work.artifacts._read('copy/a')
    work.fresh()
    assert record is not None
    assert work.artifacts._changed(record, dict(a=2)) == ['colour changed']
    work.facts['colour'] = 'blue'
    monkeypatch.setattr(version, '__version__', 'another')
    assert work.made(settings=dict(a=2))


@pytest.mark.parametrize('text', ['', '{', '[]', '{}', 'null', '\xff'])
def test_a_broken_record_is_none(work: Work, text: str) -> None:
    """It is made again, and no error."""
    (work.root / 'records' / 'copy' / 'a.json').write_bytes(
        text.encode('latin1'))
    assert work.made()
    assert not work.made()


def test_what_was_being_written_is_not_trusted(work: Work) -> None:
    """A process that dies at work leaves no record, whatever is there."""
    def dies() -> None:
        (work.root / 'out.txt').write_text('half')
        raise KeyboardInterrupt

    work.fresh()
    with pytest.raises(KeyboardInterrupt):
        work.artifacts.make('copy/a', 'copy', dies, keep=False)
    assert work.made()


def test_work_inside_of_work_is_a_cache(work: Work) -> None:
    """The outer goes by what the inner was made of, not by its files."""
    def outer() -> None:
        calls.append(1)
        work.artifacts.make('copy/a', 'copy', work.work, keep=True)

    def made() -> bool:
        before = len(calls)
        work.fresh()
        work.artifacts.make('outer', 'outer', outer, keep=True)
        return len(calls) > before

    calls: list[int] = []
    assert made()
    assert not made()
    (work.root / 'out.txt').unlink()
    assert not made()
    work.facts['colour'] = 'green'
    assert made()
    (work.root / 'in.txt').write_text('other')
    assert made()


def test_unfinished_work_goes_on_if_it_is_made_of_the_same(
        work: Work) -> None:
    """What is left of a killed process, such as checkpoints, may be used."""
    def killed() -> None:
        work.artifacts.fact('colour')
        work.artifacts.use(work.root / 'in.txt')
        left = work.root / 'long'
        goes_on.append(work.artifacts.goes_on(left))
        assert (left / 'some').is_file() == goes_on[-1]
        left.mkdir(exist_ok=True)
        (left / 'some').touch()
        raise KeyboardInterrupt

    goes_on: list[bool] = []
    for change in (lambda: None, lambda: None,
                   lambda: work.facts.update(colour='blue'), lambda: None,
                   lambda: (work.root / 'in.txt').write_text('x')):
        change()
        work.fresh()
        with pytest.raises(KeyboardInterrupt):
            work.artifacts.make('long', 'long', killed, keep=True)
    assert goes_on == [False, True, False, True, False]
