"""The five stages on a tiny rendered sample, as a user runs them."""
from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from tiny_runs import files_of, run, tiny_config

from mmremots.formats import read_detections, read_mots, write_mots
from mmremots.registry import DATASETS

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    work_dir = tmp_path_factory.mktemp('run')
    metrics = run(tiny_config(tiny, work_dir))
    assert metrics['mots/sMOTSA'] > 0
    return work_dir


def test_writes_everything_that_a_run_leaves(finished: Path) -> None:
    """The layout of a run on disk is public."""
    names = files_of(finished)
    for name in ('TINY-02', 'TINY-03'):
        for kind in ('detections', 'tracklets', 'tracks'):
            assert f'{kind}/{name}.txt' in names
        statistics = json.loads(
            (finished / 'statistics' / f'{name}.json').read_text())
        tracks, ids = read_mots(finished / 'tracks' / f'{name}.txt')
        for section in ('short_term_tracking', 'merging'):
            found = statistics[section]
            assert found['observations'] == len(tracks)
            assert list(found['classes']) == ['2']
            assert found['classes']['2'].keys() == {
                'value', 'rule', 'note', 'different', 'same'}
        assert found['groups'] == len(np.unique(ids))
        for plot in ('theta_short_2', 'theta_merge_2', 'timeline'):
            assert f'statistics/{name}_{plot}.png' in names
    for name in ('intra', 'inter'):
        weights = torch.load(finished / f'encoder_{name}.pth',
                             weights_only=True)
        assert 'state_dict' in weights
        # What tools/analysis_tools/browse_triplets.py draws.
        config, = (finished / 'training' / name).glob('*.py')
        dataset = Config.fromfile(config).train_dataloader.dataset
        assert len(DATASETS.build(dataset)[0]['images']) == 16
    with zipfile.ZipFile(finished / 'submission.zip') as archive:
        assert sorted(archive.namelist()) == ['TINY-02.txt', 'TINY-03.txt']
    metrics = json.loads((finished / 'metrics.json').read_text())
    assert metrics['mots/sMOTSA'] == (
        metrics['stages']['ReMOTS']['mots/sMOTSA'])
    assert 'short-term tracking' in metrics['stages']


def test_every_fused_mask_is_in_the_result(finished: Path) -> None:
    """Invariants 1 and 2: disjoint, one id a frame, no tracklet split."""
    for name in ('TINY-02', 'TINY-03'):
        masks = read_detections(finished / 'detections' / f'{name}.txt')
        tracklets, short = read_mots(finished / 'tracklets' / f'{name}.txt')
        tracks, ids = read_mots(finished / 'tracks' / f'{name}.txt')
        assert len(masks) == len(tracklets) == len(tracks) > 0
        assert masks.rles == tracklets.rles == tracks.rles
        for table, numbers in ((tracklets, short), (tracks, ids)):
            pairs = set(zip(table.frames, numbers, strict=True))
            assert len(pairs) == len(table), 'an id twice in a frame'
        of_tracklet = set(zip(short, ids, strict=True))
        assert len(of_tracklet) == len(np.unique(short)), 'split'


def test_same_seed_same_bytes(finished: Path, tiny: Path,
                              tmp_path: Path) -> None:
    """Invariant 3, for all files of a run."""
    run(tiny_config(tiny, tmp_path))
    first, second = files_of(finished), files_of(tmp_path)
    assert first.keys() == second.keys()
    assert [n for n in first if first[n] != second[n]] == []


def test_resume_keeps_what_is_done(finished: Path, tiny: Path,
                                   tmp_path: Path) -> None:
    """Finished stages are not done again; a lost file is made again."""
    work_dir = tmp_path / 'run'
    shutil.copytree(finished, work_dir)
    before = files_of(work_dir)
    (work_dir / 'tracks' / 'TINY-03.txt').unlink()
    (work_dir / 'encoder_inter.pth').unlink()
    kept = work_dir / 'tracklets' / 'TINY-02.txt'
    time = kept.stat().st_mtime_ns
    run(tiny_config(tiny, work_dir, resume=True))
    assert kept.stat().st_mtime_ns == time
    assert files_of(work_dir) == before


def test_training_resumes_where_it_stopped(finished: Path, tiny: Path,
                                           tmp_path: Path) -> None:
    """Invariant 4: stopped after a checkpoint, the same weights result."""
    work_dir = tmp_path / 'run'
    stopped(finished, work_dir)
    before = files_of(finished)
    run(tiny_config(tiny, work_dir, resume=True, **{
        'test_cfg.training.default_hooks.logger.interval': 1}))
    logs = ''.join(p.read_text() for p in work_dir.rglob('*.log'))
    assert 'resumed epoch: 0, iter: 2' in logs
    assert re.search(r'Iter\(train\) +\[4/4\]', logs), 'it can still log'
    assert files_of(work_dir) == before


def stopped(finished: Path, work_dir: Path) -> Path:
    """The finished run as though it was stopped in its first training."""
    shutil.copytree(finished, work_dir)
    (work_dir / 'encoder_intra.pth').unlink()
    training = work_dir / 'training' / 'intra'
    (training / 'iter_4.pth').unlink()
    (training / 'last_checkpoint').write_text(str(training / 'iter_2.pth'))
    return training / 'iter_2.pth'


def without_a_weight(checkpoint: dict[str, Any], marker: Path) -> None:
    """A part of the weights is gone."""
    checkpoint['state_dict'].popitem()


def without_an_optimizer(checkpoint: dict[str, Any], marker: Path) -> None:
    """The optimizer would begin anew, in the middle."""
    del checkpoint['optimizer']


def of_another_iteration(checkpoint: dict[str, Any], marker: Path) -> None:
    """Longer than the training is."""
    checkpoint['meta']['iter'] = 99


def with_code_for_a_config(checkpoint: dict[str, Any], marker: Path) -> None:
    """Mmengine runs the config of a checkpoint that it resumes from."""
    checkpoint['meta']['config'] = f'open({str(marker)!r}, "w").close()'


class Payload:
    """Would call a method of the log while it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (HistoryBuffer, 'register_statistics')


def with_a_payload(checkpoint: dict[str, Any], marker: Path) -> None:
    """Made of what mmengine holds to be safe."""
    checkpoint['payload'] = Payload()


@pytest.mark.parametrize(('change', 'resumes'), [
    (without_a_weight, False), (without_an_optimizer, False),
    (of_another_iteration, False), (with_code_for_a_config, True),
    (with_a_payload, True)])
def test_a_checkpoint_that_was_changed(
        finished: Path, tiny: Path, tmp_path: Path,
        change: Callable[[dict[str, Any], Path], None],
        resumes: bool) -> None:
    """Nothing in it is run, and what is not whole is not gone on with."""
    path = stopped(finished, tmp_path / 'run')
    before = files_of(finished)
    checkpoint = torch.load(path, weights_only=False)
    change(checkpoint, tmp_path / 'marker')
    torch.save(checkpoint, path)
    run(tiny_config(tiny, tmp_path / 'run', resume=True))
    assert not (tmp_path / 'marker').exists()
    logs = ''.join(p.read_text() for p in (tmp_path / 'run').rglob('*.log'))
    assert ('resumed epoch: 0, iter: 2' in logs) == resumes
    assert files_of(tmp_path / 'run') == before


@pytest.mark.parametrize('place', [0.3, 0.5, 0.7, 0.999])
def test_a_checkpoint_with_a_changed_byte(
        finished: Path, tiny: Path, tmp_path: Path, place: float) -> None:
    """PyTorch reads other weights then, without a word."""
    path = stopped(finished, tmp_path / 'run')
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 4
    path.write_bytes(content)
    run(tiny_config(tiny, tmp_path / 'run', resume=True))
    assert files_of(tmp_path / 'run') == files_of(finished)


def test_a_moved_run_resumes_from_its_own_checkpoint(
        finished: Path, tiny: Path, tmp_path: Path) -> None:
    """The last one is known by name; where it was written is no matter."""
    path = stopped(finished, tmp_path / 'run')
    (path.parent / 'last_checkpoint').write_text(
        str(tmp_path / 'elsewhere' / path.name))
    run(tiny_config(tiny, tmp_path / 'run', resume=True))
    logs = ''.join(p.read_text() for p in (tmp_path / 'run').rglob('*.log'))
    assert 'resumed epoch: 0, iter: 2' in logs
    assert files_of(tmp_path / 'run') == files_of(finished)


def test_replaced_tracklets(finished: Path, tiny: Path, tmp_path: Path,
                            capfd: pytest.CaptureFixture[str]) -> None:
    """A file from elsewhere takes the place of a stage, not of its output.

    Listed, the stage makes its own file again; left out, the file is used.
    """
    work_dir = tmp_path / 'run'
    shutil.copytree(finished, work_dir)
    before = files_of(work_dir)
    path = work_dir / 'tracklets' / 'TINY-02.txt'
    table, _ = read_mots(path)
    # The first mask of each frame is one tracklet, the second another, ...
    others = np.concatenate([
        np.arange(1, rows.stop - rows.start + 1)
        for _, rows in table.frame_slices()])
    assert len(np.unique(others)) > 1

    def pieces() -> int:
        _, ids = read_mots(work_dir / 'tracks' / 'TINY-02.txt')
        return len(set(zip(ids, others, strict=True)))

    assert pieces() > len(np.unique(others))
    write_mots(path, table, others)
    text = path.read_text()
    cfg = tiny_config(tiny, work_dir, resume=True)
    run(cfg)
    assert files_of(work_dir) == before
    assert ('tracklets/TINY-02.txt is not what was written'
            in capfd.readouterr().out)
    path.write_text(text)
    cfg.test_cfg.stages = [stage for stage in cfg.test_cfg.stages
                           if stage.type != 'ShortTermTracking']
    run(cfg)
    assert path.read_text() == text
    assert pieces() == len(np.unique(others))


def test_without_a_stage_that_makes_tracks(
        finished: Path, tiny: Path, tmp_path: Path,
        capfd: pytest.CaptureFixture[str]) -> None:
    """Tracks of an earlier run are not scored as those of this one."""
    work_dir = tmp_path / 'run'
    shutil.copytree(finished, work_dir)
    cfg = tiny_config(tiny, work_dir, resume=True)
    cfg.test_cfg.stages = cfg.test_cfg.stages[:-1]
    assert run(cfg) == {}
    assert 'no stage makes tracks' in capfd.readouterr().out
    assert not (work_dir / 'submission.zip').exists()


def test_more_than_one_round(tiny: Path, tmp_path: Path) -> None:
    """Stages may be listed again; later rounds have files of their own."""
    stages = [dict(type=name) for name in (
        'MaskGeneration', 'IntraFrameTraining', 'ShortTermTracking',
        'InterTrackletTraining', 'ShortTermTracking',
        'InterTrackletTraining', 'Merging')]
    run(tiny_config(tiny, tmp_path, **{'test_cfg.stages': stages,
                                       'test_cfg.training.max_iters': 2}))
    assert (tmp_path / 'encoder_inter_2.pth').is_file()
    assert (tmp_path / 'tracklets_2' / 'TINY-02.txt').is_file()
    assert (tmp_path / 'tracks' / 'TINY-02.txt').is_file()


def test_a_run_that_cuts_tracklets_resumes(
        tiny: Path, tmp_path: Path) -> None:
    """Cut, learned from, cut again: what is lost is made as it was."""
    options = {'test_cfg.stages': [dict(type=name) for name in (
        'MaskGeneration', 'IntraFrameTraining', 'ShortTermTracking',
        'TrackletSplitting', 'InterTrackletTraining', 'TrackletSplitting',
        'Merging')], 'test_cfg.training.max_iters': 2,
        'model.tracker.sure_only': True}
    run(tiny_config(tiny, tmp_path, **options))
    before = files_of(tmp_path)
    for folder in ('tracklets', 'tracklets_split', 'tracklets_split_2'):
        assert f'{folder}/TINY-02.txt' in before
    statistics = json.loads(before['statistics/TINY-02.json'])
    for section in ('tracklet_splitting', 'tracklet_splitting_2'):
        assert list(statistics[section]['classes']) == ['2']
    for plot in ('theta_split_2', 'theta_split_2_2'):
        assert f'statistics/TINY-02_{plot}.png' in before
    scores = json.loads(before['metrics.json'])['stages']
    assert scores.keys() == {
        'short-term tracking', 'tracklet splitting', 'tracklet splitting_2',
        'ReMOTS'}
    for lost in ('tracklets_split/TINY-02.txt', 'encoder_inter.pth',
                 'tracklets_split_2/TINY-03.txt', 'tracks/TINY-03.txt'):
        (tmp_path / lost).unlink()
    kept = tmp_path / 'tracklets_split' / 'TINY-03.txt'
    time = kept.stat().st_mtime_ns
    run(tiny_config(tiny, tmp_path, resume=True, **options))
    assert kept.stat().st_mtime_ns == time
    assert files_of(tmp_path) == before


def copy_with_detections(tiny: Path, folder: Path, text: str | None) -> Path:
    """The tiny sample with other detections in one target."""
    shutil.copytree(tiny, folder)
    det = folder / 'test' / 'TINY-02' / 'det'
    shutil.rmtree(det)
    if text is not None:
        det.mkdir()
        (det / 'det.txt').write_text(text)
    return folder


def test_a_sequence_without_detections_completes(
        tiny: Path, tmp_path: Path) -> None:
    """No one there: a warning, an empty result, and the run goes on."""
    data = copy_with_detections(tiny, tmp_path / 'data', '')
    run(tiny_config(data, tmp_path / 'run'))
    log = ''.join(p.read_text() for p in (tmp_path / 'run').glob('*/*.log'))
    assert re.search(r'WARNING - .*det\.txt: .*TINY-02', log)
    assert (tmp_path / 'run' / 'tracks' / 'TINY-02.txt').read_text() == ''
    assert (tmp_path / 'run' / 'tracks' / 'TINY-03.txt').stat().st_size > 0


def test_one_person_in_one_frame_completes(
        tiny: Path, tmp_path: Path) -> None:
    """Nothing to learn from and nothing to link is no error."""
    data = copy_with_detections(tiny, tmp_path / 'data', None)
    shutil.rmtree(data / 'test' / 'TINY-03')
    sequence = data / 'test' / 'TINY-02'
    for path in sorted((sequence / 'img1').iterdir())[1:]:
        path.unlink()
    ini = sequence / 'seqinfo.ini'
    ini.write_text(ini.read_text().replace('seqLength=8', 'seqLength=1'))
    gt = sequence / 'gt' / 'gt.txt'
    first = [line for line in gt.read_text().splitlines()
             if line.startswith('1 ')]
    gt.write_text('\n'.join(first) + '\n')
    (sequence / 'det').mkdir()
    frame, _, _, height, width, rle = first[0].split(' ')
    (sequence / 'det' / 'det.txt').write_text(
        f'{frame} 0 0 1 1 0.9 2 {height} {width} {rle}\n')
    run(tiny_config(data, tmp_path / 'run'))
    lines = (tmp_path / 'run' / 'tracks' / 'TINY-02.txt').read_text()
    assert len(lines.splitlines()) == 1


@pytest.mark.parametrize(('text', 'message'), [
    (None, r'det.*TINY-02'),
    ('1 0 0 1 1 0.9 2 240 320\n', r'det\.txt:1: '),
    ('1 0 0 1 1 0.9 2 288 384 PPP\n', r'det\.txt:1: '),
    ('99 0 0 1 1 0.9 2 288 384 PP\n', r'det\.txt:1: '),
])
def test_bad_detections_stop_a_run_before_any_work(
        tiny: Path, tmp_path: Path, text: str | None, message: str) -> None:
    """The error names file and line, and nothing has been written."""
    data = copy_with_detections(tiny, tmp_path / 'data', text)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(tiny_config(data, tmp_path / 'run'))
    assert files_of(tmp_path / 'run') == {}


@pytest.mark.parametrize(('name', 'value'), [
    ('start_share', 2), ('max_views', 0)])
def test_settings_that_make_no_sense(
        tiny: Path, tmp_path: Path, name: str, value: float) -> None:
    """Said before the first stage, not after a training."""
    with pytest.raises(
            ValueError, match=rf'test_cfg\.training\.{name}={value} is not'):
        run(tiny_config(tiny, tmp_path / 'run', **{
            f'test_cfg.training.{name}': value}))
    assert files_of(tmp_path / 'run') == {}


def test_few_crops_are_not_learned_by_heart(
        tiny: Path, tmp_path: Path) -> None:
    """A training ends when each target crop has been seen often enough."""
    root = tmp_path / 'run'
    run(tiny_config(tiny, root, **{
        'test_cfg.training.max_iters': 50,
        'test_cfg.training.max_views': 1,
        'test_cfg.stages': [dict(type='LabelledTraining', max_iters=3),
                            dict(type='MaskGeneration'),
                            dict(type='IntraFrameTraining')]}))
    crops = every = 0
    for path in root.glob('detections/*.txt'):
        in_frame = np.bincount(read_detections(path).frames)
        every += in_frame.sum()
        # No group can be made of a frame with one mask.
        crops += in_frame[in_frame > 1].sum()
    assert 0 < crops < every
    length = -(-crops // 8)  # 8 target crops in a batch.
    assert length < -(-every // 8)
    assert 1 < length < 50
    for name, expected in (('labelled', 3), ('intra', length)):
        last = (root / 'training' / name / 'last_checkpoint').read_text()
        assert last.endswith(f'iter_{expected}.pth')


def test_each_training_has_its_own_curves(
        tiny: Path, tmp_path: Path) -> None:
    """The visualizer of the config, even a named one, is not shared."""
    for folder in ('first', 'second'):
        run(tiny_config(tiny, tmp_path / folder, **{
            'visualizer.name': 'visualizer',
            'test_cfg.training.default_hooks.logger.interval': 1,
            'test_cfg.training.max_iters': 2}))
    for folder in ('first', 'second'):
        for name in ('intra', 'inter'):
            path, = (tmp_path / folder / 'training' / name).glob(
                '*/vis_data/scalars.json')
            steps = [json.loads(line)['step']
                     for line in path.read_text().splitlines()]
            assert steps == [1, 2], path
        # The run's own, which a training within must not take over.
        log, = (tmp_path / folder).glob('*/*.log')
        assert 'intra-frame training' in log.read_text()
        assert log.read_text().count('loss_triplet: ') == 4


def test_mmengines_own_runner(tiny: Path, finished: Path,
                              tmp_path: Path) -> None:
    """It runs a loop that is new; what it would resume by itself it may not.

    It would unpickle more than weights of the work folder.
    """
    cfg = tiny_config(tiny, tmp_path / 'run', **{
        'test_cfg.stages': [dict(type='MaskGeneration')]})
    start = finished / 'encoder_inter.pth'
    cfg.load_from = str(start)
    runner = Runner.from_cfg(cfg)
    runner.test()
    weights = torch.load(start, weights_only=True)['state_dict']
    assert torch.equal(runner.model.reid.backbone.conv1.weight,
                       weights['backbone.conv1.weight'])
    (tmp_path / 'run' / 'last_checkpoint').write_text('any.pth')
    cfg.resume = True
    with pytest.raises(ValueError, match=r"runner_type='mmremots\.ReMOTS"):
        Runner.from_cfg(cfg).test()


def test_labelled_training_keeps_nothing(tiny: Path, tmp_path: Path) -> None:
    """A share for the other trainings does not mix random weights in."""
    written = []
    for name, share in (('none', 0.0), ('half', 0.5)):
        run(tiny_config(tiny, tmp_path / name, **{
            'test_cfg.training.start_share': share,
            'test_cfg.stages': [dict(type='LabelledTraining')]}))
        written.append(
            (tmp_path / name / 'encoder_labelled.pth').read_bytes())
    assert written[0] == written[1]


def test_labelled_sequence_without_labels(tiny: Path,
                                          tmp_path: Path) -> None:
    """Said before the first stage, not in the second."""
    data = tmp_path / 'data'
    shutil.copytree(tiny, data)
    shutil.rmtree(data / 'train' / 'TINY-01' / 'gt')
    with pytest.raises(FileNotFoundError, match=r'TINY-01.*gt/gt\.txt'):
        run(tiny_config(data, tmp_path / 'run'))
    assert files_of(tmp_path / 'run') == {}


def test_nothing_to_show(tiny: Path, tmp_path: Path) -> None:
    """Said before the masks are made, not after."""
    with pytest.raises(ValueError, match=r'show_dir.*no stage makes tracks'):
        run(tiny_config(tiny, tmp_path / 'run', **{
            'test_cfg.stages': [dict(type='MaskGeneration')],
            'test_cfg.show_dir': str(tmp_path / 'show')}))
    assert files_of(tmp_path / 'run') == {}


def test_the_start_of_the_config(finished: Path, tiny: Path,
                                 tmp_path: Path) -> None:
    """model.reid.init_cfg is what the encoder starts from."""
    start = shutil.copy(finished / 'encoder_inter.pth', tmp_path / 'w.pth')
    options = {'model.reid.init_cfg': dict(
        type='Pretrained', checkpoint=str(start)), 'load_from': None,
        'test_cfg.stages': [dict(type='MaskGeneration')]}
    run(tiny_config(tiny, tmp_path / 'run', **options))
    given = torch.load(start, weights_only=True)['state_dict']
    found = torch.load(tmp_path / 'run' / 'encoder_start.pth',
                       weights_only=True)['state_dict']
    shared = [name for name in found if 'classifier' not in name
              and 'loss_center' not in name]
    assert shared
    assert all(torch.equal(found[name], given[name]) for name in shared)
    start.unlink()
    with pytest.raises(FileNotFoundError, match=r'w\.pth: no such'):
        run(tiny_config(tiny, tmp_path / 'other', **options))
    assert files_of(tmp_path / 'other') == {}


def test_only_the_labelled_classes_are_learned_from(
        tiny: Path, tmp_path: Path) -> None:
    """Cars of the labelled videos are no people to tell apart."""
    shutil.copytree(tiny / 'train', tmp_path / 'train')
    truth = tmp_path / 'train' / 'TINY-01' / 'gt' / 'gt.txt'
    lines = truth.read_text().splitlines()
    first = lines[0].split()[1]
    truth.write_text(''.join(
        line.replace(f' {first} 2 ', f' {first} 1 ') + '\n'
        for line in lines))
    cars = sum(line.split()[1] == first for line in lines)
    counts = []
    for name, classes in (('people', {2: 0}), ('both', {1: 0, 2: 0})):
        cfg = tiny_config(tiny, tmp_path / name, **{
            'test_cfg.training.max_iters': 1,
            'test_cfg.stages': [dict(type='LabelledTraining')]})
        cfg.test_cfg.labelled.data_root = str(tmp_path / 'train')
        cfg.test_cfg.labelled.class_ids = classes
        run(cfg)
        counts.append(len(np.load(
            tmp_path / name / 'crops' / 'labelled' / 'TINY-01'
            / 'frames.npy')))
    assert counts == [len(lines) - cars, len(lines)]
