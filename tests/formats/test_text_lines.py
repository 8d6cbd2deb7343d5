"""Text as it lies on people's disks: the same columns, or one clear line."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmremots.formats.text_lines import read_columns

ROWS = [['1', '7', '2', '48', '64', r'PPYo0;\1'],
        ['2', '7.5', '2', '48', '64', 'PPYo0;|1']]
PLAIN = '\n'.join(map(' '.join, ROWS)) + '\n'
CSV = '\n'.join(map(','.join, ROWS)) + '\n'


def columns(folder: Path, content: str | bytes,
            encoding: str = 'utf-8') -> list[tuple[str, list[str]]]:
    path = folder / 'det.txt'
    path.write_bytes(content if isinstance(content, bytes)
                     else content.encode(encoding))
    return list(read_columns(path))


@pytest.mark.parametrize(('content', 'encoding'), [
    *((PLAIN, name) for name in (
        'utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32')),
    *((PLAIN.replace('\n', end), 'utf-8')
      for end in ('\r', '\r\n', '\n\n', ' \n')),
    (PLAIN.replace(' ', '\t').replace('7.5', '7,5'), 'utf-8'),
    (PLAIN.replace('7.5', '7,5'), 'utf-8'),
    (PLAIN.replace(' ', '\u00a0'), 'utf-8'),
    (CSV, 'utf-8'), (CSV.replace(',', ' , '), 'utf-8'),
    ('\n'.join('"' + '","'.join(row) + '"' for row in ROWS), 'utf-8'),
    ('frame,id,class,h,w,rle\n' + CSV, 'utf-8'),
    ('# Frame id class h w rle\n\n' + PLAIN + '# end', 'utf-8'),
    ('Frame_No\tID\tlabel\th\tw\trle\n' + PLAIN, 'utf-16')])
def test_one_and_the_same(
        tmp_path: Path, content: str, encoding: str) -> None:
    """Encodings, ends of lines, quotes, headers, decimal commas."""
    assert [row for _, row in columns(tmp_path, content, encoding)] == ROWS


@pytest.mark.parametrize(('content', 'message'), [
    (CSV.replace(',', ';'), r"det.txt:1: columns apart by ';', where white"),
    ('frame|id|class\n', r"det.txt:1: columns apart by '\|'"),
    ('id,frame,class,h,w,rle\n' + CSV, 'det.txt:1: columns named id, frame'),
    ('frame,class,id,h,w,rle\n' + CSV, 'an id second'),
    (',frame,id,class,h,w,rle\n' + CSV, 'the frame belongs first'),
    (b'\x89PNG\r\n\x1a\n\0\0\0\r', 'det.txt: no text, but a binary file')])
def test_said_in_a_line(
        tmp_path: Path, content: str | bytes, message: str) -> None:
    """What cannot be told apart, or would be taken for something else."""
    with pytest.raises(ValueError, match=message):
        columns(tmp_path, content)


def test_the_place_counts_all_lines(tmp_path: Path) -> None:
    """Also those that have no columns."""
    (first, _), _ = columns(
        tmp_path, f'# a\n\nframe id class h w rle\n{PLAIN}')
    assert first.endswith('det.txt:4')
