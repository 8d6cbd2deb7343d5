"""``mmremots track`` and ``mmremots refine``, as a newcomer types them."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_runs import SPECS

from mmremots.cli import main
from mmremots.cli.track import published_weights
from mmremots.datasets.sample.build import render_sample
from mmremots.formats.tracks import VideoTracks

CONFIGS = Path(__file__).parents[2] / 'configs'
#: An encoder of random weights: none is downloaded.
TINY = ['--cfg-options', 'load_from=None', 'model.reid.crop_size=64,32',
        'test_dataloader.num_workers=0']


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny video's folder; the work folders go beside it."""
    render_sample(tmp_path / 'sample', SPECS[1:2])
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'sample' / 'test' / 'TINY-02'


@pytest.mark.slow
def test_refine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed last says where the tracks are."""
    main(['refine', f'{folder}/gt/gt.txt', str(folder), '--overlay', *TINY])
    said = capsys.readouterr().out
    root = Path('work_dirs/refine/TINY-02')
    for path in ('tracks/TINY-02.txt', 'tracks/TINY-02.json', 'overlays'):
        assert str(root / path) in said
        assert (root / path).exists()
    assert (root / 'overlays' / 'TINY-02.mp4').is_file()
    read = VideoTracks.read(root / 'tracks' / 'TINY-02.json')
    assert f'{len(read)} masks in 8 frames' in said


@pytest.mark.parametrize(('words', 'message'), [
    (['0=2', '9=1'], r'holds categories \[5\].* class map {0: 2, 9: 1}'),
    (['5=3'], 'id 4 is of class 3'),
])
def test_classes_of_a_file(
        words: list[str], message: str, folder: Path) -> None:
    """What a file's categories are called goes to who reads it."""
    Path('mine.json').write_text(json.dumps([dict(
        image_id=1, category_id=5, track_id=4, bbox=[9, 9, 20, 20],
        score=0.9)]))
    with pytest.raises(SystemExit, match=message):
        main(['refine', 'mine.json', str(folder), '--classes', *words, *TINY])


def test_classes_are_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """What is none is named."""
    with pytest.raises(SystemExit):
        main(['refine', 'mine.json', 'clip.mp4', '--classes', 'dog'])
    assert "'dog' is not THEIRS=OURS" in capsys.readouterr().err


@pytest.mark.slow
def test_track(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another config's detector: here one whose masks are in files."""
    Path('mine.py').write_text(
        f"_base_ = '{CONFIGS}/remots_plus_video.py'\n"
        "model = dict(detector=dict(sources=[dict("
        f"type='DetectionsFromFile', path='{folder}/det/*')]))\n")
    main(['track', str(folder / 'img1'), '--config', 'mine.py',
          '--work-dir', 'out', *TINY])
    assert 'out/tracks/TINY-02.txt' in capsys.readouterr().out
    stages = json.loads(Path('out/metrics.json').read_text())['stages']
    assert 'tracklet splitting' in stages


@pytest.mark.parametrize(('words', 'message'), [
    (['track', 'clip.mp4', *TINY], 'clip.mp4: no such video file'),
    (['refine', '/', 'clip.mp4', *TINY], 'clip.mp4: no such video file'),
    (['refine', 'tracks.txt', 'clip.mp4'], 'tracks.txt: no such tracks'),
    (['refine', 'a', 'b', '--config', 'nowhere.py'],
     'nowhere.py: no such config'),
    (['track', '/', '--cfg-options', 'test_cgf.report=False'],
     'a config has no test_cgf; did you mean test_cfg?'),
])
def test_a_mistake_is_one_line(
        words: list[str], message: str, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is downloaded or decoded."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(words)
    assert message in str(end.value.code)
    assert '\n' not in str(end.value.code)


def test_weights_of_another_detector() -> None:
    """Those that mmdet lists; a file may name its own."""
    address = published_weights(
        'mmdet::rtmdet/rtmdet-ins_s_8xb32-300e_coco.py')
    assert address.startswith('https://download.openmmlab.com/')
    assert address.endswith('.pth')
    assert published_weights('mine.py') is None
    with pytest.raises(ValueError, match='no weights are listed'):
        published_weights('mmdet::rtmdet/nothing.py')
