"""Where the files of a run stand, and what a new run moves aside."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmremots.engine.run_folder import RunFolder, read_json


def test_a_new_run_loses_nothing_of_the_old_one(tmp_path: Path) -> None:
    """Results move aside, what holds for any run can be used again."""
    folder = RunFolder(tmp_path)
    for path in (folder.tracks('v'), folder.tracklets('v'),
                 folder.tracklets('v', 'tracklets_split_2'),
                 folder.detections('v'), folder.overlaps('v')):
        path.parent.mkdir()
        path.write_text(path.parent.name)
    folder.encoder('inter_2').write_text('weights')
    aside = folder.set_aside()
    assert aside is not None
    moved = {str(p.relative_to(aside)) for p in aside.rglob('*')
             if p.is_file()}
    assert moved == {'tracks/v.txt', 'tracklets/v.txt',
                     'tracklets_split_2/v.txt', 'encoder_inter_2.pth'}
    assert folder.detections('v').is_file()
    assert folder.overlaps('v').is_file()
    assert folder.set_aside() is None, 'nothing left to move'


def test_broken_json_is_named(tmp_path: Path) -> None:
    """A damaged file must say which it is."""
    path = tmp_path / 'metrics.json'
    path.write_text('{')
    with pytest.raises(ValueError, match=r'metrics\.json: not JSON'):
        read_json(path)


def test_a_folder_of_an_older_version_goes_as_a_whole(
        tmp_path: Path) -> None:
    """Its masks, too: nothing tells what they were made of."""
    folder = RunFolder(tmp_path)
    (tmp_path / 'stamps').mkdir()
    folder.detections('v').parent.mkdir()
    folder.detections('v').touch()
    assert folder.is_old
    aside = folder.set_aside()
    assert aside is not None
    assert (aside / 'detections' / 'v.txt').is_file()
    assert not folder.is_old
    assert folder.set_aside() is None
