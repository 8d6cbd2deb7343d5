"""One row of a file; whole files are in test_observations.py."""
from __future__ import annotations

import numpy as np
import pytest

from mmremots.formats.rows import (
    Row,
    json_integer,
    parse_detection_line,
    parse_mots_line,
    to_number,
    to_whole,
)
from mmremots.structures.masks import encode_mask

COUNTS = encode_mask(np.eye(4, 5))['counts'].decode()


def test_lines():
    """Each column where it belongs; tracks have ids, detections scores."""
    detection = parse_detection_line(
        f'7 1 2 3.5 4 0.25 2 4 5 {COUNTS}'.split(' '))
    assert detection == Row(
        7, (1, 2, 3.5, 4), 0.25, 2, {'size': (4, 5), 'counts': COUNTS})
    track = parse_mots_line(f'7 2001 2 4 5 {COUNTS}'.split(' '))
    assert track == Row(
        7, None, 1, 2, {'size': (4, 5), 'counts': COUNTS}, 2001)


@pytest.mark.parametrize(('first', 'frame', 'good'), [
    (1, 0, False), (1, 1, True), (1, 8, True), (1, 9, False),
    (0, 0, True), (0, 7, True), (0, 8, False)])
def test_frames(first, frame, good):
    """Eight frames, counted from one and from zero."""
    row = Row(frame, None, 1, 2, {'size': (4, 5), 'counts': COUNTS})
    if good:
        row.check_frame(first, 8)
    else:
        with pytest.raises(ValueError, match=f'frame {frame}, but'):
            row.check_frame(first, 8)


@pytest.mark.parametrize('value', [True, 1.5, '1.5', None, [1], 10**11])
def test_not_an_integer(value):
    """JSON has several things that look like one."""
    with pytest.raises(ValueError, match='image_id'):
        json_integer({'image_id': value}, 'image_id')


@pytest.mark.parametrize('value', ['', 'nan', '-inf', '1e39', None, [1]])
def test_not_a_number(value):
    """Neither is what float32 does not hold."""
    with pytest.raises(ValueError, match='score'):
        to_number(value, 'score')


@pytest.mark.parametrize('text', ['7', '07', '7.0', '7.', '7e0', '7.000e+00'])
def test_a_whole_number(text):
    """As numpy and pandas write them, too."""
    assert to_whole(text, 'frame') == 7


@pytest.mark.parametrize('text', ['', '7.5', '-7', '٣', '7_0', '0x7', 'nan',
                                  'inf', '1e10'])
def test_not_a_whole_number(text):
    """What merely looks like one, and what is beyond any count."""
    with pytest.raises(ValueError, match='frame'):
        to_whole(text, 'frame')
