"""How far a step is, and what the run still takes."""
from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios

import pytest
from tiny_runs import ROOT

from mmremots.engine import progress as module
from mmremots.engine.progress import Outlook, progress

PROGRAM = """
import time
from mmremots.engine.progress import Outlook, progress
outlook = Outlook([dict(flow=40), dict(flow=40)])
for name in ('A', 'B'):
    for _ in progress(range(20), f'[1/2] stage, {name}', 20, step='flow',
                      frames=20, outlook=outlook):
        time.sleep(0.02)
"""


def test_the_time_left_is_what_its_kind_took() -> None:
    """Of this stage and of later ones; less where a kind is unknown."""
    outlook = Outlook([dict(crops=100, features=100), dict(flow=100),
                       dict(training=1, features=100)])
    assert str(outlook) == ''
    outlook.passed('crops', 50, 5.)
    assert str(outlook) == ', run >00:05 left'
    outlook.passed('crops', 60, 6.)
    outlook.passed('features', 20, 40.)
    assert str(outlook) == ', run >06:00 left'  # 80 and 100 of 2 s each.
    outlook.plan.pop(0)
    outlook.passed('flow', 1, 1.)
    assert str(outlook) == ', run >04:59 left'
    outlook.passed('training', 0, 1.)  # None is done.
    assert str(outlook) == ', run >04:59 left'
    outlook.plan[1].pop('training')
    assert str(outlook) == ', run ~04:59 left'


def test_lines_where_there_is_no_terminal(
        told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One now and then, with the time left, and one at the end."""
    outlook = Outlook([dict(flow=8)])
    items = progress(range(4), '[1/2] a, B', 4, step='flow', frames=4,
                     outlook=outlook)
    assert list(items) == [0, 1, 2, 3]
    assert len(told) == 1
    assert re.fullmatch(r'\[1/2\] a, B, flow: 4 frames in 0\.0 s', told.pop())
    monkeypatch.setattr(module, 'LOG_INTERVAL', -1)
    list(progress(range(3), '[1/2] a, C', 3, step='flow', frames=4,
                  outlook=outlook))
    assert told[:3] == [
        f'[1/2] a, C, flow: {k}/3 frames, run ~00:00 left' for k in (1, 2, 3)]


def test_one_bar_on_a_terminal() -> None:
    """It has all there is to know; what stays is a line a step."""
    main, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 120))
    process = subprocess.Popen(
        [sys.executable, '-c', PROGRAM], cwd=ROOT, stdout=child, stderr=child,
        env={**os.environ, 'PYTHONPATH': str(ROOT)})
    os.close(child)
    shown = b''
    while True:
        try:
            shown += os.read(main, 1 << 16)
        except OSError:  # How Linux says that the other end is closed.
            break
    os.close(main)
    assert process.wait() == 0
    text = shown.decode()
    assert re.search(r'\r\[1/2\] stage, B, flow: +\d+%.*\d+/20 \[.*'
                     r'frame/s, run ~00:0\d left\]', text), text
    # A line's last writing is what is seen of it.
    stay = [line.rstrip('\r').rpartition('\r')[2].strip()
            for line in text.split('\n')]
    lines = [line for line in stay if 'stage' in line]
    assert len(lines) == 2, stay
    for line, name in zip(lines, 'AB', strict=True):
        assert re.search(rf'\[1/2\] stage, {name}, flow: 20 frames in', line)
