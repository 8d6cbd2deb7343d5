"""Progress of long steps: a bar on a terminal, log lines elsewhere."""
from __future__ import annotations

import logging
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from mmengine.dist import is_main_process
from mmengine.logging import print_log
from tqdm import tqdm

T = TypeVar('T')

#: Seconds between two log lines where there is no terminal.
LOG_INTERVAL = 60.0


class Outlook:
    """The time that a run still takes, as far as it can be told.

    Stages are made of steps, such as the work of a detector, crops, features
    and flow of each frame, or a training. The list of stages says which are
    to come. What a step takes for a frame is known from those of its kind
    that this run has done, and from the one it is at; a training takes what
    the one before took. What stages do beside takes the share of the time
    that it took so far. A kind that has not begun is not counted: ``>``
    instead of ``~`` says so. What an earlier run has left is counted until
    the stage that would need it is through.

    Args:
        plan: Of each stage, the frames that each of its steps is made of.
    """

    def __init__(self, plan: Sequence[Mapping[str, float]] = ()) -> None:
        self.began = time.monotonic()
        self.plan = [dict(stage) for stage in plan]
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.frames: defaultdict[str, float] = defaultdict(float)

    def passed(self, step: str, frames: float, seconds: float) -> None:
        """So many frames, more or less, went through a step."""
        self.seconds[step] += seconds
        self.frames[step] += frames
        if self.plan and step in self.plan[0]:
            self.plan[0][step] = max(0, self.plan[0][step] - frames)

    def __str__(self) -> str:
        """``, run ~1:23 left``, or nothing where nothing is known."""
        left = [item for stage in self.plan for item in stage.items()]
        known = [frames * self.seconds[step] / self.frames[step]
                 for step, frames in left if self.frames[step]]
        if not known:
            return ''
        beside = max(1, (time.monotonic() - self.began)
                     / sum(self.seconds.values()))
        return (f', run {"~" if len(known) == len(left) else ">"}'
                f'{tqdm.format_interval(sum(known) * beside)} left')



def progress(items: Iterable[T], title: str, total: int,
             unit: str = 'frame', step: str = '',
             frames: float = 0,
             outlook: Outlook | None = None) -> Iterator[T]:
    """Pass items on and show how far they are, and what the run still takes.

    On a terminal one bar, which is gone when its step is done; elsewhere a
    line a minute, and one at the end. Of several processes the main one shows
    them.

    Args:
        items: What is worked through.
        title: Stage and sequence, such as ``[3/5] short-term tracking,
            MOTS20-01``.
        total: Number of items.
        unit: What an item is.
        step: Kind of work, see :class:`Outlook`; shown behind the title.
        frames: Frames of which all processes make this step meanwhile.
        outlook: That of the run, which is shown, and told of the step.

    Yields:
        The items.
    """
    title += f', {step}' * bool(step)
    on_bar = sys.stderr.isatty() and is_main_process()
    outlook, count = outlook or Outlook(), 0
    start = last = told = time.monotonic()
    with tqdm(desc=title, total=total, unit=unit, leave=False,
              disable=not on_bar) as bar:
        for count, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if step:
                outlook.passed(step, frames / total, now - last)
            last = now
            if on_bar:
                bar.set_postfix_str(str(outlook)[2:], refresh=False)
                bar.update()
            elif now - told > LOG_INTERVAL:
                told = now
                print_log(f'{title}: {count}/{total} {unit}s{outlook}',
                          'current')
    print_log(f'{title}: {count} {unit}s in '
              f'{time.monotonic() - start:.1f} s', 'current')


@contextmanager
def logged_warnings(title: str) -> Iterator[None]:
    """Log the warnings of a block, each with what it is about.

    Args:
        title: Stage and sequence.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always', UserWarning)
        try:
            yield
        finally:
            for warning in caught:
                print_log(f'{title}: {warning.message}', 'current',
                          level=logging.WARNING)
