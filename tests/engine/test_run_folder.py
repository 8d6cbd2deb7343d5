"""The stamps that decide what is done again and what is kept."""
from __future__ import annotations

from pathlib import Path

import pytest

from mmremots.engine.run_folder import RunFolder, read_json, write_json


def task_of(folder: RunFolder, **ingredients: object):
    return folder.task('stage/video', ingredients,
                       [folder.tracks('video')])


def test_output_is_valid_only_with_the_same_ingredients(
        tmp_path: Path) -> None:
    """Changing, adding or removing an ingredient makes output stale."""
    folder = RunFolder(tmp_path)
    task = task_of(folder, a=1, b=(2, 3))
    assert task.changed() is None
    folder.tracks('video').parent.mkdir()
    folder.tracks('video').touch()
    assert task.changed() is None, 'never finished'
    task.finish()
    assert task_of(folder, a=1, b=[2, 3]).done
    assert task_of(folder, a=1, b=[2, 4]).changed() == ['b']
    assert task_of(folder, a=1).changed() == ['b']
    assert task_of(folder, a=1, b=[2, 3], c=0).changed() == ['c']


def test_output_that_is_gone_is_not_valid(tmp_path: Path) -> None:
    """A deleted file is made again even though its stamp is there."""
    folder = RunFolder(tmp_path)
    task = task_of(folder, a=1)
    folder.tracks('video').parent.mkdir()
    folder.tracks('video').touch()
    task.finish()
    folder.tracks('video').unlink()
    assert not task.done


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
    """A damaged stamp must say which file it is."""
    path = tmp_path / 'stamp.json'
    path.write_text('{')
    with pytest.raises(ValueError, match=r'stamp\.json: not JSON'):
        read_json(path)


def test_statistics_keep_other_sections(tmp_path: Path) -> None:
    """Two stages write into one file of a sequence."""
    folder = RunFolder(tmp_path)
    folder.update_statistics('v', short=dict(theta=.5))
    folder.update_statistics('v', merge=dict(theta=.6))
    folder.update_statistics('v', short=dict(theta=.7))
    assert read_json(folder.statistics('v')) == dict(
        short=dict(theta=.7), merge=dict(theta=.6))
    write_json(tmp_path / 'x.json', {'b': 1, 'a': 2})
    assert (tmp_path / 'x.json').read_text() == (
        '{\n "a": 2,\n "b": 1\n}\n')
