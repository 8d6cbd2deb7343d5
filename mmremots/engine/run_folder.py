"""The folder of a run: where each file stands."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmremots.structures.files import atomic_path

#: What a new run in an old folder moves aside; detections, overlaps, crops
#: and embeddings are known by their records, and stay where they are valid.
RESULTS = ('encoder_*.pth', 'training', 'tracklets*', 'tracks*',
           'statistics', 'seconds.json', 'metrics.json', 'submission.zip',
           'report.html')
#: What is made at the end of a run, of its tracks.
SUMMARIES = ('metrics.json', 'submission.zip', 'report.html')
#: The rest of a folder as mmremots 0.1 wrote it, with ``stamps``.
_OLD = ('stamps', 'detections', 'weak', 'overlaps', 'crops', 'embeddings')


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

    def overlaps(self, sequence: str, kind: str = '') -> Path:
        """Overlaps of masks of adjacent frames, for any encoder.

        Args:
            sequence: Name of the sequence.
            kind: ``weak`` for those of all masks, weak ones among them.
        """
        return self.root / 'overlaps' / kind / f'{sequence}.npz'

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

    def embeddings(self, sequence: str, encoder: str) -> Path:
        """Cached features of a sequence, by the name of the weights' file."""
        return self.root / 'embeddings' / sequence / f'{encoder}.npy'

    def training(self, name: str) -> Path:
        """Work directory of a training: logs and checkpoints."""
        return self.root / 'training' / name

    @property
    def report(self) -> Path:
        """The page that shows the run."""
        return self.root / 'report.html'

    def add_seconds(self, stage: str, seconds: float) -> None:
        """Note that a stage took so long, beside what it took before.

        In a file of its own: everything else in the folder is the same from
        run to run. What a killed process had spent is not known.

        Args:
            stage: Its name, of which a list of stages has one.
            seconds: Seconds.
        """
        known = self.read_seconds()
        known[stage] = round(known.get(stage, 0.0) + seconds, 3)
        with atomic_path(self.root / 'seconds.json') as temporary:
            temporary.write_text(json.dumps(known, indent=1) + '\n')

    def read_seconds(self) -> dict[str, float]:
        """How long each stage took; empty where nobody knows."""
        try:
            known = json.loads((self.root / 'seconds.json').read_text())
            return {str(stage): float(seconds)
                    for stage, seconds in known.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def results(self) -> list[Path]:
        """Files and folders of results that are there."""
        return self._present(RESULTS)

    @property
    def is_old(self) -> bool:
        """Whether an older version wrote it, whose files have no records."""
        return (self.root / 'stamps').is_dir()

    def set_aside(self) -> Path | None:
        """Move the results of an earlier run into ``replaced/<time>/``.

        Of an older version of mmremots all that cannot be checked goes.

        Returns:
            The folder they are in now, or None when there were none.
        """
        present = self._present((*RESULTS, *_OLD) if self.is_old else RESULTS)
        if not present:
            return None
        aside = self.root / 'replaced' / time.strftime('%Y%m%d-%H%M%S')
        aside.mkdir(parents=True)
        for path in present:
            path.rename(aside / path.name)
        return aside

    def remove_summaries(self) -> None:
        """Remove what sums a run up, until it is made again at its end."""
        for path in self._present(SUMMARIES):
            path.unlink()

    def _present(self, patterns: Sequence[str]) -> list[Path]:
        return [path for pattern in patterns
                for path in sorted(self.root.glob(pattern))]
