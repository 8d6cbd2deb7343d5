"""A run's masks exported, and a run started from them."""
from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from mmremots.formats import read_detections, write_detections
from mmremots.models.detectors import MaskFusion
from mmremots.structures import Observations
from mmremots.structures.masks import encode_mask, rle_bbox
from mmremots.structures.video import Video

TOOL = (Path(__file__).resolve().parents[2]
        / 'tools/analysis_tools/export_detections.py')
SIZE = 20, 30
FRAMES = 4


def load():
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


export_detections = load()


def fused(seed: int) -> Observations:
    """Disjoint masks, as a run leaves them; a frame has none."""
    rng = np.random.default_rng(seed)
    tables = []
    for frame in (1, 2, 4):
        labels = rng.integers(0, 4, (SIZE[0] // 5, SIZE[1] // 5)).repeat(
            5, axis=0).repeat(5, axis=1)
        rles = [encode_mask(labels == k) for k in (1, 2, 3)]
        tables.append(Observations(
            np.full(3, frame), rle_bbox(rles).astype(np.float32),
            np.sort(rng.random(3))[::-1].astype(np.float32),
            np.array([2, 1, 2]), rles, SIZE))
    return Observations.concatenate(tables)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two sequences, and work in progress beside them."""
    folder = tmp_path / 'run'
    for seed, name in enumerate(('A', 'B')):
        write_detections(folder / 'detections' / f'{name}.txt', fused(seed))
    write_detections(
        folder / 'detections' / 'some-detector' / 'A.txt', fused(2))
    (folder / 'detections' / '.A.txt.partial').write_text('#\n')
    return folder


@pytest.mark.parametrize(('kind', 'suffix', 'classes'), [
    ('coco', 'json', {1: 2, 3: 1}), ('trackrcnn', 'txt', {1: 1, 2: 2})])
def test_a_run_from_what_was_exported(
        run: Path, tmp_path: Path, kind: str, suffix: str,
        classes: dict[int, int]) -> None:
    """Fusing them again gives the same bytes."""
    out = tmp_path / 'out'
    written = export_detections.export(run, out, kind)
    assert written == [out / f'{name}.{suffix}' for name in 'AB']
    fusion = MaskFusion([{
        'type': 'DetectionsFromFile', 'classes': classes,
        'path': str(out / f'{{sequence}}.{suffix}')}])
    for name in 'AB':
        video = Video(name, ('1', '2', '3', '4'), *SIZE, 30., None)
        fusion.check(video)
        write_detections(tmp_path / 'again.txt', Observations.concatenate([
            fusion.detect(None, video, frame)
            for frame in range(1, FRAMES + 1)]))
        assert (tmp_path / 'again.txt').read_bytes() == (
            run / 'detections' / f'{name}.txt').read_bytes()


def test_pycocotools_reads_it(run: Path, tmp_path: Path) -> None:
    """It is COCO's format in earnest."""
    from pycocotools.coco import COCO
    path, _ = export_detections.export(run, tmp_path / 'out', 'coco')
    table = read_detections(run / 'detections' / 'A.txt')
    truth = COCO()
    truth.dataset = {
        'images': [{'id': k, 'height': SIZE[0], 'width': SIZE[1]}
                   for k in range(1, FRAMES + 1)],
        'categories': [{'id': 1}, {'id': 3}], 'annotations': []}
    truth.createIndex()
    results = truth.loadRes(str(path))
    areas = [entry['area'] for entry in results.loadAnns(
        results.getAnnIds(catIds=[3]))]
    assert len(areas) == (table.labels == 1).sum()


def test_one_detector_before_fusion(run: Path, tmp_path: Path) -> None:
    """A folder of detection files will do."""
    written, = export_detections.export(
        run / 'detections' / 'some-detector', tmp_path / 'out', 'coco')
    assert len(json.loads(written.read_text())) == 9


def test_errors(run: Path, tmp_path: Path) -> None:
    """No detections; a class COCO has not; overwriting what is read."""
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='empty: no detections'):
        export_detections.export(tmp_path / 'empty', tmp_path, 'coco')
    with pytest.raises(ValueError, match='overwritten'):
        export_detections.export(run, run / 'detections', 'trackrcnn')
    path = run / 'detections' / 'A.txt'
    lines = path.read_text().splitlines()
    lines[0] = ' '.join([*lines[0].split()[:6], '7', *lines[0].split()[7:]])
    path.write_text('\n'.join(lines) + '\n')
    with pytest.raises(ValueError, match='class 7 is no category'):
        export_detections.export(run, tmp_path / 'out', 'coco')


def test_command(
        run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    """As a user calls it."""
    monkeypatch.setattr('sys.argv', [
        'export', str(run), '-o', str(tmp_path / 'o'), '--format', 'coco'])
    export_detections.main()
    assert capsys.readouterr().out.split() == [
        str(tmp_path / 'o' / 'A.json'), str(tmp_path / 'o' / 'B.json')]
