"""The folder of a run: where each file stands, and which are still valid.

Every piece of work (a stage on a sequence, a training) leaves a stamp with
the *ingredients* its output was made of: configuration, and the hash of
each file it read. The output is valid as long as its ingredients are the
same, so a run that was stopped goes on where it stood, and a change of one
part redoes that part and what depends on it.
"""
from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmremots.structures.files import atomic_path

#: What a new run in an old folder moves aside; detections, overlaps, crops
#: and embeddings are found by what they were made of, and stay.
RESULTS = ('encoder_*.pth', 'training', 'tracklets*', 'tracks*',
           'statistics', 'metrics.json', 'submission.zip')


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, keys sorted."""
    with atomic_path(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=1, sort_keys=True) + '\n')


def read_json(path: Path) -> Any:
    """Read a JSON file of a run; None when it is not there.

    Raises:
        ValueError: The file is no JSON; the message names it.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not JSON: {error}') from None


def plain(value: Any) -> Any:
    """A configuration value as JSON would give it back."""
    return json.loads(json.dumps(value, sort_keys=True, default=str))


@dataclass(frozen=True)
class Task:
    """A piece of work with a stamp of what it was made of.

    Attributes:
        stamp: The stamp file.
        root: Folder of the run; ``outputs`` stand below it.
        ingredients: Whatever determines the output, as plain JSON values.
        outputs: The files the work writes.
    """

    stamp: Path
    root: Path
    ingredients: dict[str, Any]
    outputs: tuple[Path, ...]

    def changed(self) -> list[str] | None:
        """Names of ingredients that differ from the stamp's.

        Returns:
            Empty when the output is valid; None when the work was never
            finished or an output is gone.
        """
        record = read_json(self.stamp)
        if record is None or not all(p.exists() for p in self.outputs):
            return None
        before = record['ingredients']
        names = before.keys() | self.ingredients.keys()
        return sorted(
            name for name in names
            if before.get(name) != self.ingredients.get(name))

    @property
    def done(self) -> bool:
        """Whether the output is there and still valid."""
        return self.changed() == []

    def finish(self) -> None:
        """Stamp the output as made of these ingredients."""
        write_json(self.stamp, dict(
            ingredients=self.ingredients,
            outputs=[os.path.relpath(p, self.root) for p in self.outputs]))


class RunFolder:
    """Paths of a run on disk.

    Args:
        root: The work directory.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def detections(self, sequence: str, source: str = '') -> Path:
        """Fused, disjoint masks of a sequence.

        Args:
            sequence: Name of the sequence.
            source: Name of one detector; its masks, before fusion.
        """
        return self.root / 'detections' / source / f'{sequence}.txt'

    def weak(self, sequence: str) -> Path:
        """Weak masks of a sequence, disjoint from the fused ones."""
        return self.root / 'weak' / f'{sequence}.txt'

    def overlaps(self, sequence: str) -> Path:
        """Overlaps of masks of adjacent frames, for any encoder."""
        return self.root / 'overlaps' / f'{sequence}.npz'

    def tracklets(self, sequence: str, folder: str = 'tracklets') -> Path:
        """Short-term tracklets of a sequence, MOTS text.

        Args:
            sequence: Name of the sequence.
            folder: That of the stage: ``tracklets``, ``tracklets_2`` where
                tracking is listed again, ``tracklets_split``.
        """
        return self.root / folder / f'{sequence}.txt'

    def tracks(self, sequence: str, folder: str = 'tracks') -> Path:
        """Tracks of a sequence, MOTS text.

        Args:
            sequence: Name of the sequence.
            folder: ``tracks`` is the result; the tracks that it was made of
                stand in ``tracks_<stage>``.
        """
        return self.root / folder / f'{sequence}.txt'

    def statistics(self, sequence: str) -> Path:
        """Thresholds of a sequence and the numbers behind them, JSON."""
        return self.root / 'statistics' / f'{sequence}.json'

    def plot(self, sequence: str, name: str) -> Path:
        """A plot beside the statistics of a sequence."""
        return self.root / 'statistics' / f'{sequence}_{name}.png'

    def encoder(self, name: str) -> Path:
        """Encoder weights: ``start``, ``intra``, ``inter``, ..."""
        return self.root / f'encoder_{name}.pth'

    def crops(self, kind: str, sequence: str) -> Path:
        """Crop store of a ``labelled`` or ``target`` sequence."""
        return self.root / 'crops' / kind / sequence

    def embeddings(self, sequence: str, key: str) -> Path:
        """Cached features of a sequence."""
        return self.root / 'embeddings' / sequence / f'{key[:16]}.npy'

    def training(self, name: str) -> Path:
        """Work directory of a training: logs and checkpoints."""
        return self.root / 'training' / name

    def task(self, name: str, ingredients: Mapping[str, Any],
             outputs: Iterable[Path]) -> Task:
        """A piece of work in this run.

        Args:
            name: Unique name, ``stage/sequence``.
            ingredients: Whatever determines the output.
            outputs: The files it writes.
        """
        return Task(self.root / 'stamps' / f'{name}.json', self.root,
                    plain(dict(ingredients)), tuple(outputs))

    def results(self) -> list[Path]:
        """Files and folders of results that are there."""
        return [path for pattern in RESULTS
                for path in sorted(self.root.glob(pattern))]

    def set_aside(self) -> Path | None:
        """Move the results of an earlier run into ``replaced/<time>/``.

        Returns:
            The folder they are in now, or None when there were none.
        """
        present = self.results()
        if not present:
            return None
        aside = self.root / 'replaced' / time.strftime('%Y%m%d-%H%M%S')
        aside.mkdir(parents=True)
        for path in present:
            path.rename(aside / path.name)
        return aside

    def update_statistics(self, sequence: str, **sections: Any) -> None:
        """Set sections of a sequence's statistics, keeping the others."""
        path = self.statistics(sequence)
        write_json(path, {**(read_json(path) or {}), **sections})
