"""One way for a file of a run to be valid.

What a piece of work writes has a record in ``records/``. It says

- what made it: the version of mmremots and the settings of the work;
- what it was made from: every file and every fact that was opened on the
  way, noted when it was opened, so none can be read and not declared;
- what it is: the SHA-256 of every file that was written;
- what was found, for the statistics.

It is valid as long as all of that is still so. Anything else is made again,
and the log says what changed. The record goes before work begins and comes
when it is done: what was being written when a process died is not trusted.
"""
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmremots import version
from mmremots.engine.processes import Processes
from mmremots.engine.progress import logged_warnings
from mmremots.structures.files import atomic_path, file_sha256

FOLDER = 'records'


def plain(value: Any) -> Any:
    """A value as JSON would give it back."""
    return json.loads(json.dumps(value, sort_keys=True, default=str))


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, keys sorted."""
    with atomic_path(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=1, sort_keys=True) + '\n')


@dataclass
class _Record:
    """What is noted of a piece of work while it goes on."""

    settings: Any
    facts: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    found: Any = None

    def made_of(self) -> dict[str, Any]:
        """All that determines the outputs."""
        return dict(version=version.__version__, settings=self.settings,
                    facts=self.facts, files=self.files)


class Artifacts:
    """The files of a run that work makes, and what they are made of.

    Args:
        root: Folder of the run; all its files stand below it.
        facts: What work may depend on beside files of the run, by name:
            functions of no arguments that give JSON-able values. What is
            outside of the folder (images, annotation, detections) is a fact.
        processes: Of the run. Work that they do together is one piece; the
            leading one says whether it is valid, and writes the record.
        resume: Whether valid files of an earlier run are kept, where work
            does not say.
    """

    def __init__(self, root: Path, facts: dict[str, Callable[[], Any]],
                 processes: Processes, resume: bool) -> None:
        self.root = root
        self.resume = resume
        self.processes = processes
        self._facts = facts
        self._open: list[_Record] = []
        self._digests: dict[Path, tuple[int, int, str]] = {}

    def know(self, name: str, value: Callable[[], Any]) -> None:
        """Add a fact, or put another in its place.

        For a stage that opens what no other does; it must be known before
        :meth:`make` compares, so a stage does this in its ``check``.

        Args:
            name: Unique name.
            value: Gives it, JSON-able.
        """
        self._facts[name] = value

    def fact(self, name: str) -> Any:
        """A fact, noted for what is being made.

        Raises:
            KeyError: There is no such fact.
        """
        value = plain(self._facts[name]())
        if self._open:
            self._open[-1].facts[name] = value
        return value

    def use(self, path: Path) -> Path:
        """A file of the run, noted for what is being made.

        Raises:
            FileNotFoundError: There is no such file.
        """
        if self._open:
            self._open[-1].files[self._name(path)] = self.digest(path)
        return path

    def wrote(self, *paths: Path) -> None:
        """Note files of the run as part of what is being made."""
        for path in paths:
            self._digests.pop(path, None)
            self._open[-1].outputs[self._name(path)] = self.digest(path)

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, read anew only when size or time changed."""
        status = path.stat()
        seen = self._digests.get(path)
        if seen is None or seen[:2] != (status.st_size, status.st_mtime_ns):
            seen = (status.st_size, status.st_mtime_ns, file_sha256(path))
            self._digests[path] = seen
        return seen[2]

    def make(self, name: str, title: str, work: Callable[[], Any],
             settings: Any = None, *, keep: bool | None = None,
             news: bool = True) -> Any:
        """Do a piece of work unless what it made is there and valid.

        Work inside other work is a cache: the outer depends on all that the
        inner depends on, not on whether its files are still there.

        Args:
            name: Unique name, ``stage/sequence``.
            title: Stage and sequence, for the log.
            work: Writes files, noting them by :meth:`wrote`; returns what
                it found, JSON-able, or None.
            settings: What the work was told to do, JSON-able.
            keep: Whether valid files of an earlier run are kept; None for
                as the run was asked to.
            news: Whether it is told that they are kept.

        Returns:
            What the work found, now or when it was done.
        """
        self.processes.note(title)
        settings, leads = plain(settings), self.processes.leads
        keep = self.resume if keep is None else keep
        record, changed = self.processes.agree(
            lambda: self._look(name, settings) if keep else (None, []))
        if record is not None and not changed:
            if news and not self._open:
                print_log(f'{title}: done before, kept', 'current')
            self._inherit(record)
            return record['found']
        if changed:
            print_log(f'{title}: done again, since {"; ".join(changed)}',
                      'current')
        path = self._path(name)
        if leads:
            path.unlink(missing_ok=True)
        new = _Record(settings)
        self._open.append(new)
        try:
            with logged_warnings(title):
                new.found = plain(work())
        finally:
            self._open.pop()
        made = dict(new.made_of(), name=name, outputs=new.outputs,
                    found=new.found)
        if leads:
            write_json(path, dict(made, checksum=_checksum(made)))
        self.processes.meet()  # None looks for the record before it is there.
        self._inherit(made)
        return new.found

    def valid(self, name: str, settings: Any = None) -> bool:
        """Whether what a piece of work made is there and valid."""
        record, changed = self._look(name, plain(settings))
        return record is not None and not changed

    def goes_on(self, folder: Path) -> bool:
        """Whether unfinished work can go on where it was stopped.

        Called by work once it has opened all that it is made from. What a
        killed process left of it, such as checkpoints, is good if it was
        made from the same; else it is gone now. From here on, what is left
        there is of this work.

        Args:
            folder: Where it leaves it.
        """
        mark, made_of = self.mark(folder), self._open[-1].made_of()

        def decide() -> bool:
            try:
                if json.loads(mark.read_text()) == made_of:
                    return True
            except (OSError, ValueError):
                pass
            shutil.rmtree(folder, ignore_errors=True)
            write_json(mark, made_of)
            return False

        return self.processes.agree(decide)

    @staticmethod
    def mark(folder: Path) -> Path:
        """What the unfinished work in a folder is made of."""
        return folder.with_name(f'{folder.name}.made_of.json')

    def _look(self, name: str,
              settings: Any) -> tuple[dict[str, Any] | None, list[str]]:
        """The record of a piece of work, and what is not as it says."""
        record = self._read(name)
        return record, [] if record is None else self._changed(
            record, settings)

    def _inherit(self, record: dict[str, Any]) -> None:
        if self._open:
            self._open[-1].facts |= record['facts']
            self._open[-1].files |= record['files']

    def _changed(self, record: dict[str, Any], settings: Any) -> list[str]:
        """What is not as it was: short sentences; none if all is valid."""
        changed = []
        if record['version'] != version.__version__:
            changed.append(
                f'mmremots is {version.__version__}, it was '
                f'{record["version"]}')
        if record['settings'] != settings:
            changed.append('its settings changed')
        for name, value in record['facts'].items():
            fact = self._facts.get(name)
            if fact is None or plain(fact()) != value:
                changed.append(f'{name} changed')
        for name, digest in record['files'].items():
            if not self._is(name, digest):
                changed.append(f'{name} changed')
        for name, digest in record['outputs'].items():
            if not self._is(name, digest):
                changed.append(f'{name} is not what was written')
        return changed

    def _is(self, name: str, digest: str) -> bool:
        path = self.root / name
        return path.is_file() and self.digest(path) == digest

    def _read(self, name: str) -> dict[str, Any] | None:
        """A record; None where there is none, or not as it was written."""
        try:
            record = json.loads(self._path(name).read_text())
            checksum = record.pop('checksum')
        except (OSError, ValueError, AttributeError, TypeError, KeyError):
            return None
        sound = checksum == _checksum(record) and record['name'] == name
        return record if sound else None

    def _path(self, name: str) -> Path:
        return self.root / FOLDER / f'{name}.json'

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _checksum(record: dict[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True)
    return sha256(text.encode()).hexdigest()
