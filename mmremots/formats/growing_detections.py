"""A file of detections that is written frame by frame."""
from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from mmremots.structures.files import atomic_path
from mmremots.structures.observations import Observations

from .observation_files import format_detections

#: Lines that are none of a row begin with this; no row does.
_MARK = '#'


class GrowingDetections:
    """Detections of a sequence, of which a stopped process leaves a part.

    While it grows, the file is ``.<name>.partial`` in the same folder. Each
    frame, also one without any, ends with a line of its number, its number
    of rows and a digest of all rows so far. So what was cut off in the middle
    or changed is known for what it is. :meth:`finish` makes the file that
    :func:`~.observation_files.read_detections` reads.

    Use it in a ``with`` block.

    Args:
        path: Where the file shall stand.
        goes_on: Whether a part that is there is of the same detections;
            otherwise it is thrown away.
        step: Frames that are worked on together: of the frames there, a
            multiple of this is kept, so that the next are put together as
            they would have been.
    """

    def __init__(self, path: str | Path, goes_on: bool,
                 step: int = 1) -> None:
        self.path = Path(path)
        self.partial = self.path.with_name(f'.{self.path.name}.partial')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._rows = sha256()
        #: Number of frames there are; the next is the one after.
        self.frames, keep = 0, 0
        if goes_on and self.partial.is_file():
            self.frames, keep, self._rows = _complete(self.partial, step)
        self._file = self.partial.open('r+b' if keep else 'wb')
        self._file.truncate(keep)
        self._file.seek(keep)

    def __enter__(self) -> GrowingDetections:
        return self

    def __exit__(
            self, kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None) -> None:
        self._file.close()

    def append(self, found: Observations) -> None:
        """Write the detections of the next frame.

        Raises:
            ValueError: If they are of another frame.
        """
        frame = self.frames + 1
        if (found.frames != frame).any():
            raise ValueError(
                f'{self.path}: detections of frame {found.frames[0]} where '
                f'those of frame {frame} belong')
        rows = format_detections(found).encode('ascii')
        self._rows.update(rows)
        self._file.write(rows + _end(frame, len(found), self._rows))
        self._file.flush()
        self.frames = frame

    def finish(self) -> None:
        """Put the whole file in its place."""
        self._file.close()
        mark = _MARK.encode()
        with atomic_path(self.path) as temporary, \
                temporary.open('wb') as whole, \
                self.partial.open('rb') as part:
            whole.writelines(
                line for line in part if not line.startswith(mark))
        self.partial.unlink()


def _end(frame: int, rows: int, digest: Any) -> bytes:
    """The line at the end of a frame."""
    return f'{_MARK} {frame} {rows} {digest.hexdigest()}\n'.encode()


def _complete(path: Path, step: int) -> tuple[int, int, Any]:
    """Frames that are wholly there, and as they were written.

    Returns:
        Their number, a multiple of ``step``, the bytes they take, and the
        digest of their rows.
    """
    with path.open('rb') as file:
        frames = kept = rows = place = end = 0
        digest, of_kept = sha256(), sha256()
        for line in file:
            place += len(line)
            if not line.startswith(_MARK.encode()):
                rows += 1
                digest.update(line)
                continue
            if line != _end(frames + 1, rows, digest):
                break
            frames, rows = frames + 1, 0
            if frames % step == 0:
                kept, end, of_kept = frames, place, digest.copy()
    return kept, end, of_kept
