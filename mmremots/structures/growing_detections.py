"""A file of detections that is written frame by frame."""
from __future__ import annotations

from pathlib import Path
from types import TracebackType

from .files import atomic_path
from .observation_files import format_detections
from .observations import Observations

#: Lines that are none of a row begin with this; no row does.
_MARK = '#'


class GrowingDetections:
    """Detections of a sequence, of which a stopped process leaves a part.

    While it grows, the file is ``.<name>.partial`` in the same folder. Its
    first line says what the detections are made of, and each frame, also one
    without any, ends with a line of its number and its number of rows. So
    work of another kind and what was cut off in the middle are known for
    what they are. :meth:`finish` makes the file that
    :func:`~.observations.read_detections` reads.

    Use it in a ``with`` block.

    Args:
        path: Where the file shall stand.
        key: What the detections are made of, one word; a part with another
            key is thrown away.
        step: Frames that are worked on together: of the frames there, a
            multiple of this is kept, so that the next are put together as
            they would have been.
    """

    def __init__(self, path: str | Path, key: str, step: int = 1) -> None:
        self.path = Path(path)
        self.partial = self.path.with_name(f'.{self.path.name}.partial')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        header = f'{_MARK} made of {key}\n'.encode()
        #: Number of frames there are; the next is the one after.
        self.frames, keep = _complete(self.partial, header, step)
        self._file = self.partial.open('r+b' if keep else 'wb')
        self._file.truncate(keep)
        self._file.seek(keep)
        if not keep:
            self._file.write(header)

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
        self._file.write((
            format_detections(found)
            + f'{_MARK} {frame} {len(found)}\n').encode('ascii'))
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


def _complete(path: Path, header: bytes, step: int) -> tuple[int, int]:
    """Frames that are wholly there, and the bytes they take with the header.

    Returns:
        A multiple of ``step``, and 0 bytes where nothing can be kept.
    """
    if not path.is_file():
        return 0, 0
    with path.open('rb') as file:
        if file.readline() != header:
            return 0, 0
        frames = kept = rows = 0
        place = end = len(header)
        for line in file:
            place += len(line)
            if not line.startswith(_MARK.encode()):
                rows += 1
                continue
            if line != f'{_MARK} {frames + 1} {rows}\n'.encode():
                break
            frames, rows = frames + 1, 0
            if frames % step == 0:
                kept, end = frames, place
    return kept, end
