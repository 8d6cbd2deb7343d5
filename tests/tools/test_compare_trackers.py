"""Other trackers on fused masks: what leads an id back to its mask."""
from __future__ import annotations

import importlib.util
import sysconfig
import venv
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask
from mmremots.structures.video import Video

TOOL = Path(__file__).parents[2] / 'tools/benchmarks/compare_trackers.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location('compare_trackers', TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def two_walkers(frames: int = 8) -> tuple[Observations, np.ndarray]:
    """Two people far apart, the order of their rows changing, and a look."""
    boxes, people = [], []
    for t in range(frames):
        pair = [(0, 10 + 3 * t), (1, 200 - 3 * t)]
        for person, x in pair if t % 2 else pair[::-1]:
            boxes.append([x, 20, x + 30, 110])
            people.append(person)
    n = len(boxes)
    mask = encode_mask(np.ones((120, 240), np.uint8))
    table = Observations(
        np.repeat(np.arange(1, frames + 1), 2),
        np.array(boxes, np.float32), np.full(n, 0.9, np.float32),
        np.full(n, 2), [mask] * n, (120, 240))
    return table, np.array(people)


@pytest.mark.parametrize('name', ['SORT', 'DeepSORT', 'ByteTrack', 'OC-SORT'])
def test_each_mask_gets_the_id_of_its_box(tool: ModuleType,
                                          name: str) -> None:
    """However a tracker reorders boxes."""
    if name in ('ByteTrack', 'OC-SORT'):
        pytest.importorskip('lap')
    table, people = two_walkers()
    video = Video('walk', ('',) * 8, 120, 240, 25.0, None)
    ids, seconds = tool.track(
        name, video, table, np.eye(2, dtype=np.float32)[people])
    assert seconds > 0
    assert (ids > 0).all()
    assert len(set(zip(people.tolist(), ids.tolist(), strict=True))) == 2


def test_masks_that_share_a_box(tool: ModuleType) -> None:
    """Each of them gets a row of its own."""
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [0, 0, 2, 2]], np.float32)
    carried = tool.Carried(boxes, np.eye(3))
    assert carried.rows(torch.from_numpy(boxes[[1, 0, 0]])) == [1, 0, 2]


def test_aflink_leads_back_to_masks(tool: ModuleType) -> None:
    """With weights that link nothing, all stays as it was."""
    table, people = two_walkers()
    ids = people + 1
    ids[:2] = 0
    assert tool.link(table, ids, '').tolist() == ids.tolist()


#: What bot_sort.py asks of its packages. People are told apart by the edge
#: they are nearer to; in the first frame no track is confirmed.
STAND_INS = {
    'supervision': """
class Detections:
    def __init__(self, xyxy, confidence, data):
        self.xyxy, self.confidence, self.data = xyxy, confidence, data

    def __len__(self):
        return len(self.xyxy)

    def __getitem__(self, rows):
        return Detections(self.xyxy[rows], self.confidence[rows],
                          {'row': self.data['row'][rows]})
""",
    'trackers': """
import numpy as np

class BoTSORTTracker:
    frame = 0

    def update(self, detections, image):
        assert (image == 10 * self.frame).all()
        self.frame += 1
        sure = np.flatnonzero(detections.confidence > 0.5)
        found = detections[sure[::-1]]
        if not len(found):
            found.data = {}
        right = (found.xyxy[:, 0] > image.shape[1] / 2).astype(int)
        found.tracker_id = right if self.frame > 1 else right * 0 - 1
        return found
""",
}


@pytest.fixture(scope='module')
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The python of an environment with a stand-in for the package."""
    root = tmp_path_factory.mktemp('bot_sort')
    venv.create(root, symlinks=True)
    packages, = root.glob('lib/python*/site-packages')
    ours = sysconfig.get_paths()
    (packages / 'ours.pth').write_text(
        f'{ours["purelib"]}\n{ours["platlib"]}\n')
    for name, text in STAND_INS.items():
        (packages / f'{name}.py').write_text(text)
    (packages / 'trackers-9.9.dist-info').mkdir()
    (packages / 'trackers-9.9.dist-info' / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: trackers\nVersion: 9.9\n')
    return str(root / 'bin' / 'python')


def filmed(folder: Path, frames: int = 8) -> Video:
    """A video of grey images, each lighter than the one before."""
    paths = [str(folder / f'{t}.png') for t in range(frames)]
    for t, path in enumerate(paths):
        cv2.imwrite(path, np.full((120, 240, 3), 10 * t, np.uint8))
    return Video('walk', tuple(paths), 120, 240, 25.0, None)


def test_ids_come_from_another_environment(
        tool: ModuleType, python: str, tmp_path: Path) -> None:
    """Each on its row; none without a track, nor in an empty frame."""
    table, _ = two_walkers()
    table.scores[4] = 0.2
    keep = np.flatnonzero(table.frames != 5)
    ids, seconds = tool.track_by_bot_sort(
        python, filmed(tmp_path), table.take(keep))
    right = table.boxes[:, 0] > 120
    wanted = np.where(table.frames == 1, 0, right + 1)
    wanted[4] = 0
    assert ids.tolist() == wanted[keep].tolist()
    assert seconds > 0


def test_bot_sort_is_a_method_where_it_is_given(
        tool: ModuleType, python: str, tmp_path: Path) -> None:
    """Its masks are those that got an id."""
    names = [name for name, _ in tool.methods([], tmp_path, None, None)]
    assert tool.BOT_SORT not in names
    method = dict(tool.methods([], tmp_path, None, python))[tool.BOT_SORT]
    table, _ = two_walkers()
    found, ids, seconds = method(filmed(tmp_path), table, None)
    assert found.frames.tolist() == table.frames[2:].tolist()
    assert set(ids) == {1, 2}
    assert seconds > 0


def test_an_image_that_is_gone_is_named(
        tool: ModuleType, python: str, tmp_path: Path) -> None:
    """Going on would leave out the motion of the camera."""
    video = filmed(tmp_path)
    Path(video.img_paths[3]).unlink()
    with pytest.raises(ValueError, match=r'3\.png: not an image'):
        tool.track_by_bot_sort(python, video, two_walkers()[0])


@pytest.mark.parametrize('there', [True, False])
def test_no_bot_sort_is_said_first(
        tool: ModuleType, tmp_path: Path, there: bool,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with what to install, before anything is read."""
    if there:  # the python, but not the package
        venv.create(tmp_path, symlinks=True)
    monkeypatch.setattr('sys.argv', [
        'compare_trackers.py', 'none.py', 'none', '--bot-sort',
        str(tmp_path / 'bin' / 'python')])
    with pytest.raises(ValueError, match='pip install') as error:
        tool.main()
    said = str(error.value)
    assert '\n' not in said
    assert str(tmp_path) in said
    assert ('No module' if there else 'No such file') in said


def test_the_output_says_whose_bot_sort_it_is(
        tool: ModuleType, python: str, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    """And that there is none where it is not given."""
    monkeypatch.setattr(tool, 'compare', lambda *_: {})
    config = tmp_path / 'empty.py'
    config.touch()
    argv = ['compare_trackers.py', str(config), str(tmp_path)]
    monkeypatch.setattr('sys.argv', argv)
    tool.main()
    assert f'{tool.BOT_SORT} is left out' in capsys.readouterr().out
    monkeypatch.setattr('sys.argv', [*argv, '--bot-sort', python])
    tool.main()
    assert f'{tool.BOT_SORT} is that of trackers 9.9' in (
        capsys.readouterr().out)
