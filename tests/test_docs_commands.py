"""README and docs: every command runs, or says what it needs."""
from __future__ import annotations

import re
import shlex
import sys
import textwrap
from importlib import import_module
from pathlib import Path

import pytest
from test_docs import PAGES, commands
from tiny_runs import ROOT
from tiny_world import WEIGHTS, make_world

import mmremots
from mmremots.cli import main

#: What runs in tests of its own: how it begins, the file, and a word there.
ELSEWHERE = {
    'make ': ('.ci/run', 'make demo'),
    'bash .ci/run': ('.github/workflows/ci.yml', 'bash .ci/run'),
    'mmremots demo': ('tests/test_packaging.py', "'demo'"),
    'pip wheel --no-deps .': ('tests/test_packaging.py', "'wheel'"),
    'pip install dist/mmremots': ('tests/test_packaging.py', '*.whl'),
    'python -m mmremots.compat.mmtrack': (
        'tests/compat/test_mmtrack.py', 'mmremots.compat.mmtrack'),
    'python tools/model_converters/detectron2_cascade2mmdet.py': (
        'tests/tools/test_detectron2_cascade2mmdet.py', 'main('),
    'python tools/model_converters/seresnext2mmremots.py': (
        'tests/tools/test_model_converters.py', 'seresnext2mmremots'),
    'python tools/train.py configs/detectors/mask-rcnn_r18_sample.py': (
        'tests/configs/test_detector_training.py', 'mask-rcnn_r18_sample'),
    'python tools/train.py configs/detectors/cascade-mask-rcnn_r18_sample': (
        'tests/configs/test_detector_training.py', 'cascade-mask-rcnn_r18'),
    # These two need what the trainings leave.
    'python tools/test.py configs/remots_sample_live.py': (
        'tests/configs/test_detector_training.py', 'remots_sample_live.py'),
    'python tools/benchmarks/fusion_table.py configs/remots_sample_live': (
        'tests/tools/test_fusion_table.py', 'fusion_table.measure'),
}
#: Benchmarks that would take minutes here, too: each has a test of its own.
ELSEWHERE |= {
    f'python tools/benchmarks/{name}.py': (
        f'tests/tools/test_{name}.py', f'{name}.py')
    for name in (
        'check_detectors', 'comparison', 'encoder_trainings', 'frame_rates',
        'memory', 'merging_ceiling', 'missing_masks', 'plus_options',
        'score_thresholds', 'tracklet_purity')}
#: What is written of each command in another way to make it tiny.
INSTEAD = {
    r'^\S+/bin/mmremots': 'mmremots',
    r'^python tools/(test|train)\.py': r'mmremots \1',
    r' TRACKS FRAMES': ' bytetrack.txt clip.mp4',
}
#: What is added to it.
MORE = {
    'tools/benchmarks/flow_choices.py': '--draws 2',
    'tools/benchmarks/encoder.py': '--batch-size 2 --iterations 1 --crops 2',
    'tools/benchmarks/processes.py': (
        '--processes 1 --detector '
        'mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py'),
    'tools/benchmarks/mask_fusion.py': '--masks 6 --height 90 --width 160',
    'tools/benchmarks/association.py': '--masks 6 --height 90 --width 160',
    'tools/benchmarks/merging.py': '--tracklets 40 80 --dims 8',
    'tools/benchmarks/mask_only_kitti.py': '--seeds 2',
    'tools/benchmarks/refine.py': '--trackers SORT',
    'mmremots refine bytetrack.txt clip.mp4': '--encoder osnet.pth',
    'mmremots track clip.mp4': '--config video.py --encoder osnet.pth',
}
#: What a page takes for granted.
BEFORE = {
    'report.md': (
        'python tools/test.py configs/remots_plus_sample.py',
        'python tools/test.py configs/remots_plus_pedestrians.py '
        '--work-dir RUN')}
VIDEO = '''
_base_ = 'mmremots::remots/remots_plus_video.py'
model = dict(detector=dict(sources=[dict(
    type='DetectionsFromFile', path='dets/clip.txt')]))
'''


def runs(page: Path) -> list[str]:
    """Those that are run here."""
    return [found.text for found in commands(page) if not found.marked
            and not found.text.startswith(tuple(ELSEWHERE))]


def test_what_runs_elsewhere_is_there() -> None:
    """Nothing is passed over for a test that is gone, or for no command."""
    texts = [text for page in PAGES for text, _ in commands(page)]
    for begin, (file, word) in ELSEWHERE.items():
        assert word in (ROOT / file).read_text(), file
        assert any(text.startswith(begin) for text in texts), begin
    for part in MORE:
        assert any(part in text for text in texts), part


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkout with tiny data beside it."""
    mmremots.register_all_modules()
    return make_world(tmp_path_factory.mktemp('world'))


@pytest.mark.slow
@pytest.mark.parametrize(
    'page', [page for page in PAGES if runs(page)],
    ids=lambda page: page.name)
def test_commands_run(page: Path, world: Path,
                      monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, as a reader types them."""
    monkeypatch.chdir(world)
    Path('video.py').write_text(VIDEO)
    walk = (ROOT / 'docs' / 'first_run.md').read_text()
    own = re.search(r'```python\n(.*?)```', walk, re.DOTALL)
    Path('own.py').write_text(textwrap.dedent(own[1]))
    for text in (*BEFORE.get(page.name, ()), *runs(page)):
        words = tiny(text)
        if not WEIGHTS.is_file() and {
                WEIGHTS.name, 'tools/benchmarks/refine.py'} & {*words}:
            continue  # They are not everywhere.
        monkeypatch.setattr(sys, 'argv', words[1:])
        try:
            if words[0] == 'mmremots':
                main(words[1:])
            else:
                # As a module, once: it may register parts, or be pickled.
                assert words[0] == 'python', text
                tool = ROOT / words[1]
                monkeypatch.syspath_prepend(tool.parent)
                import_module(tool.stem).main()
        except SystemExit as end:
            # 1 is a benchmark's own judgement: of what is tiny, nothing.
            if end.code and not (end.code == 1 and '/benchmarks/' in text):
                pytest.fail(f'{text}: {end.code}')


def tiny(text: str) -> list[str]:
    """The words of a command in its tiny form."""
    for pattern, replacement in INSTEAD.items():
        text = re.sub(pattern, replacement, text)
    for part, more in MORE.items():
        if part in text:
            text = f'{text} {more}'
    return shlex.split(text)
