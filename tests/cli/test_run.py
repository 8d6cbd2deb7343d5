"""Tools of other packages on our configs."""
from __future__ import annotations

from pathlib import Path

import mmdet
import pytest
from tiny_runs import SPECS

from mmremots.cli import main
from mmremots.cli.run import find_tool
from mmremots.datasets.sample.build import render_sample

TOOLS = Path(mmdet.__file__).parent / '.mim' / 'tools'


@pytest.mark.parametrize(('name', 'path'), [
    ('print_config', 'misc/print_config.py'),
    ('misc/print_config.py', 'misc/print_config.py'),
    ('mot/browse_dataset', 'analysis_tools/mot/browse_dataset.py'),
    ('test', 'test.py'), ('train.py', 'train.py')])
def test_a_tool_is_found_by_name(name: str, path: str) -> None:
    """In whatever folder it is, with or without its suffix."""
    assert find_tool('mmdet', name) == TOOLS / path


@pytest.mark.parametrize(('package', 'name', 'message'), [
    ('mmdte', 'test', 'mmdte: no such package is installed'),
    ('mmdet', 'get_flop', 'has no tool get_flop; did you mean get_flops'),
    ('mmdet', 'browse_dataset', 'several tools browse_dataset: ')])
def test_a_tool_that_is_none(
        package: str, name: str, message: str) -> None:
    """One line, with what may have been meant."""
    with pytest.raises(SystemExit, match=message):
        main(['run', package, name])


def test_what_inherits_ours_is_read_by_mmdets_tools(
        tmp_path: Path, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    """They would never import mmremots; arguments go to them alone."""
    monkeypatch.setattr('sys.argv', [])
    own = tmp_path / 'own.py'
    own.write_text("_base_ = 'mmremots::remots/remots_sample.py'\n")
    main(['run', 'mmdet', 'print_config', str(own), '--save-path',
          str(tmp_path / 'whole.py')])
    assert 'mmremots.ReMOTS' in capsys.readouterr().out
    assert 'mmremots.ReMOTS' in (tmp_path / 'whole.py').read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
def test_frames_and_flops_of_an_inherited_detector(
        tmp_path: Path, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Inherited by package, its transforms still are mmdet's."""
    render_sample(tmp_path, SPECS[:1])
    own = tmp_path / 'own.py'
    own.write_text(f"""
_base_ = 'mmremots::detectors/mask-rcnn_r18_sample.py'
videos = dict(_delete_=True, type='mmremots.MOTSChallengeDataset',
              data_root='{tmp_path / 'train'}')
train_dataloader = dict(dataset=dict(videos=videos))
val_dataloader = dict(
    batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler'),
    dataset=dict(type='mmremots.MOTSFrames', test_mode=True,
                 videos=dict(type='mmremots.MOTSChallengeDataset',
                             data_root='{tmp_path / 'train'}'),
                 pipeline=_base_.test_dataloader.dataset.pipeline))
""")
    monkeypatch.setattr('sys.argv', [])
    monkeypatch.chdir(tmp_path)
    main(['run', 'mmdet', 'analysis_tools/browse_dataset', str(own),
          '--output-dir', str(tmp_path / 'out'), '--not-show'])
    assert len(list((tmp_path / 'out').iterdir())) == 6
    main(['run', 'mmdet', 'get_flops', str(own), '--num-images', '1'])
    assert 'Flops: ' in capsys.readouterr().out
