"""Contact sheets of training groups."""
from __future__ import annotations

import runpy
import sys
from pathlib import Path

import cv2
import pytest

from mmremots.datasets.crops import cut_crops
from mmremots.datasets.sequences import read_sequence
from mmremots.formats.observation_files import read_mots

TOOL = (Path(__file__).parents[2] / 'tools' / 'analysis_tools'
        / 'browse_triplets.py')


def test_sheets(pedestrians: Path, tmp_path: Path,
                monkeypatch: pytest.MonkeyPatch) -> None:
    """As many sheets as asked for, wide enough for a half of a group."""
    video = read_sequence(pedestrians / 'TUD-Campus')
    table, ids = read_mots(video.gt_path, video.size)
    table = table.take(slice(0, 20))
    cut_crops(video, table, tmp_path / 'crops', identities=ids[:20])
    specs = [{'crops': str(tmp_path / 'crops')}]
    dataset = {'type': 'IntraFrameTriplets', 'source': specs,
               'target': specs}
    config = tmp_path / 'training.py'
    config.write_text(f'train_dataloader = {{"dataset": {dataset!r}}}\n')
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), str(config), '--out', str(tmp_path / 'sheets'),
        '--sheets', '2', '--groups', '1'])
    runpy.run_path(str(TOOL), run_name='__main__')
    sheets = sorted((tmp_path / 'sheets').iterdir())
    assert [path.name for path in sheets] == ['000.png', '001.png']
    assert cv2.imread(str(sheets[0])).shape[1] >= 8 * 128
