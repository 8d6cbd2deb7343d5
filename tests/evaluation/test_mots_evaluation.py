"""Scores are TrackEval's; what would hang or mislead it is refused."""
from __future__ import annotations

import contextlib
import io
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trackeval

from mmremots.datasets import find_sequences
from mmremots.evaluation import (
    COMBINED,
    evaluate_mots,
    format_tables,
    write_submission,
)
from mmremots.formats import read_mots, write_instance_pngs, write_mots
from mmremots.formats.ground_truth import read_truth
from mmremots.structures.masks import encode_mask
from mmremots.structures.video import Video

SIZE = (12, 16)


def rle_of(x1, y1, x2, y2, size=SIZE):
    mask = np.zeros(size, np.uint8)
    mask[y1:y2, x1:x2] = 1
    return encode_mask(mask)['counts'].decode()


def line(frame, number, box, class_id=2, size=SIZE):
    return f'{frame} {number} {class_id} {size[0]} {size[1]} ' + rle_of(
        *box, size=size)


def make_sequence(folder: Path, lines, name='A', num_frames=3) -> Video:
    gt_path = folder / f'{name}-gt.txt'
    gt_path.write_text(''.join(f'{text}\n' for text in lines))
    return Video(name, ('',) * num_frames, *SIZE, 30.0, str(gt_path))


@pytest.fixture
def truth(tmp_path):
    """Two people in three frames and an ignore region."""
    return make_sequence(tmp_path, [
        line(t, 2000 + k, (6 * k, 0, 6 * k + 4, 8))
        for t in (1, 2, 3) for k in (1, 2)
    ] + [line(2, 10000, (0, 0, 5, 12), class_id=10)])


def score(truth, tmp_path, lines):
    tracks = tmp_path / 'tracks'
    tracks.mkdir(exist_ok=True)
    (tracks / f'{truth.name}.txt').write_text(
        ''.join(f'{text}\n' for text in lines))
    return evaluate_mots([truth], tracks)


def test_perfect(truth, tmp_path):
    """The truth itself scores 100; ignore regions are nothing to find."""
    scores = score(truth, tmp_path, [
        line(t, k, (6 * k, 0, 6 * k + 4, 8))
        for t in (1, 2, 3) for k in (1, 2)])
    assert scores['A'] == scores[COMBINED]
    for name in ('sMOTSA', 'IDF1', 'MOTSA', 'MOTSP', 'MODSA', 'HOTA', 'DetA',
                 'AssA', 'Rcll', 'Prcn', 'IDP', 'IDR'):
        assert scores['A'][name] == pytest.approx(100)
    assert scores['A']['TP'] == 6
    assert scores['A']['MT'] == 2
    assert scores['A']['FP'] == scores['A']['FN'] == 0


def test_values_by_hand(truth, tmp_path):
    """One switch, one miss, one false mask, one in the ignore region."""
    scores = score(truth, tmp_path, [
        line(1, 1, (6, 0, 10, 8)), line(1, 2, (12, 0, 16, 8)),
        line(2, 1, (6, 0, 10, 8)), line(2, 5, (0, 0, 4, 8)),  # ignored
        line(3, 1, (6, 0, 10, 6)),                     # IoU 6 / 8
        line(3, 3, (12, 0, 16, 8)),                    # a switch: 2 -> 3
        line(3, 9, (0, 9, 3, 12)),                     # false
    ])['A']
    assert (scores['TP'], scores['FP'], scores['FN']) == (5, 1, 1)
    assert scores['IDSW'] == 1
    assert scores['MOTSP'] == pytest.approx(100 * 4.75 / 5)
    assert scores['sMOTSA'] == pytest.approx(100 * (4.75 - 1 - 1) / 6)
    assert scores['MOTSA'] == pytest.approx(100 * (5 - 1 - 1) / 6)
    assert scores['MODSA'] == pytest.approx(100 * (5 - 1) / 6)
    # Ids 1 and 2 (or 3) are right in 3 + 1 of 6 masks, 6 were predicted.
    assert scores['IDF1'] == pytest.approx(100 * 2 * 4 / (6 + 6))
    assert (scores['MT'], scores['PT'], scores['ML']) == (1, 1, 0)


def test_empty_result(truth, tmp_path):
    """An empty file is a result: everything is missed."""
    scores = score(truth, tmp_path, [])['A']
    assert scores['FN'] == 6
    assert scores['ML'] == 2
    assert scores['sMOTSA'] == 0


@pytest.mark.parametrize('class_id', [1, 10])
def test_other_classes_do_not_count(truth, tmp_path, class_id):
    """Cars and ignore regions in a result are neither right nor wrong."""
    scores = score(truth, tmp_path, [
        line(1, 1, (6, 0, 10, 8), class_id=class_id)])['A']
    assert (scores['TP'], scores['FP'], scores['FN']) == (0, 0, 6)


RLE = rle_of(0, 0, 4, 4)
BAD_TRACKS = {
    'overlap': (
        [line(1, 1, (0, 0, 4, 8)), line(2, 1, (0, 0, 4, 8)),
         line(2, 2, (3, 7, 9, 9))],
        ':3: the mask of id 2 overlaps that of id 1 .line 2. in frame 2'),
    'overlap, another class': (
        [line(2, 2, (3, 7, 9, 9)), line(1, 1, (0, 0, 4, 8)),
         line(2, 1, (0, 0, 4, 8), class_id=1)],
        ':3: the mask of id 1 overlaps that of id 2 .line 1. in frame 2'),
    'id twice': (
        [line(1, 1, (0, 0, 4, 8)), line(1, 1, (5, 0, 9, 8))],
        r':2: .*\bid 1\b'),
    'id twice, another class': (
        [line(1, 1, (0, 0, 4, 8)), line(1, 1, (5, 0, 9, 8), class_id=1)],
        r':2: .*\bid 1\b'),
    'frame 0': ([line(0, 1, (0, 0, 4, 8))], ':1: .*frame 0'),
    'frame after the end': (
        [line(3, 1, (0, 0, 4, 8)), line(4, 1, (0, 0, 4, 8))],
        ':2: .*frame 4'),
    '5 columns': ([f'1 1 2 12 {RLE}'], ':1: .*columns'),
    'fraction of an id': ([f'1 1.5 2 12 16 {RLE}'], ":1: .*id '1.5'"),
    'negative id': ([f'1 -1 2 12 16 {RLE}'], ":1: .*id '-1'"),
    'unknown class': ([f'1 1 3 12 16 {RLE}'], ':1: class 3'),
    'another size': (
        [line(1, 1, (0, 0, 4, 8), size=(16, 12))], r':1: .*16\D+12'),
    'twice as large': (
        [line(1, 1, (0, 0, 4, 8), size=(24, 32))], r':1: .*24\D+32'),
}


@pytest.mark.parametrize('case', BAD_TRACKS)
def test_bad_tracks(truth, tmp_path, case):
    """Each way to go wrong is one error that names file and line."""
    lines, message = BAD_TRACKS[case]
    with pytest.raises(ValueError, match=r'tracks/A\.txt' + message):
        score(truth, tmp_path, lines)


@pytest.mark.parametrize('change', [
    lambda text: text.replace(' ', ','), lambda text: text.replace(' ', '\t'),
    lambda text: f'\n{text}  \n', lambda text: text.replace(' 1 ', ' 1.0 ')],
    ids=['commas', 'tabs', 'blank lines', 'float id'])
def test_columns_as_other_tools_write_them(truth, tmp_path, change):
    """TrackEval would stop; it is given a copy in its own form."""
    lines = [line(t, 1, (6, 0, 10, 8)) for t in (1, 2, 3)]
    expected = score(truth, tmp_path, lines)
    assert score(truth, tmp_path, list(map(change, lines))) == expected
    assert expected['A']['TP'] == 3


@pytest.mark.parametrize('counts', [
    '0', RLE[:-1], RLE + '1', RLE + RLE, 'PPPPPPP0', '!!', 'n'])
def test_wrong_rle_length(truth, tmp_path, counts):
    """Two such masks in a frame make TrackEval loop for ever."""
    start = time.monotonic()
    for lines in ([f'1 1 2 12 16 {counts}', line(1, 2, (5, 0, 9, 8))],
                  [line(1, 2, (5, 0, 9, 8)), f'1 1 2 12 16 {counts}']):
        with pytest.raises(ValueError, match=r'tracks/A\.txt:[12]: '):
            score(truth, tmp_path, lines)
    assert time.monotonic() - start < 1


def test_bad_ground_truth(tmp_path):
    """Ground truth is held to the same rules."""
    truth = make_sequence(tmp_path, [
        line(1, 2001, (0, 0, 4, 8)),
        line(1, 10000, (3, 0, 9, 8), class_id=10)])
    with pytest.raises(ValueError, match=r'A-gt\.txt:2: .*10000 overlaps'):
        score(truth, tmp_path, [])
    truth = make_sequence(tmp_path, [line(1, 2001, (0, 0, 4, 8))[:-1]])
    with pytest.raises(ValueError, match=r'A-gt\.txt:1: '):
        score(truth, tmp_path, [])


def test_missing_files(truth, tmp_path):
    """A result that is not there is not a result of nothing."""
    (tmp_path / 'tracks').mkdir()
    with pytest.raises(FileNotFoundError,
                       match=r'tracks/A\.txt: no tracks of sequence A'):
        evaluate_mots([truth], tmp_path / 'tracks')


def test_huge_ids_and_empty_runs(truth, tmp_path):
    """TrackEval would take 75 GB for this id; runs of 0 pixels mislead."""
    # 4 columns of 8: the runs 0 8 | 4 8 ... written with a run of 0 inside.
    split = (f'1 9999999999 2 {SIZE[0]} {SIZE[1]} '
             + _counts_of([72, 3, 0, 5, 4, 8, 4, 8, 4, 8, 76]))
    scores = score(truth, tmp_path, [
        split, line(1, 1, (12, 0, 16, 8))])['A']
    assert scores['TP'] == 2
    assert scores['MOTSP'] == pytest.approx(100)


def _counts_of(runs) -> str:
    """COCO's compressed string of runs, one character chain at a time."""
    text = ''
    for index, run in enumerate(runs):
        value = run - (runs[index - 2] if index > 2 else 0)
        more = True
        while more:
            character = value & 31
            value >>= 5
            more = value != (-1 if character & 16 else 0)
            text += chr((character | 32 if more else character) + 48)
    return text


def test_sequences_without_truth(truth, tmp_path):
    """They are left out, wherever they stand; none at all gives {}."""
    other = replace(truth, name='B', gt_path=None)
    tracks = tmp_path / 'tracks'
    tracks.mkdir()
    (tracks / 'A.txt').write_text('')
    scores = evaluate_mots([other, truth], tracks)
    assert list(scores) == [COMBINED, 'A']
    assert evaluate_mots([other], tmp_path / 'nowhere') == {}


def test_same_name_twice(truth, tmp_path):
    """Two sequences of one name would share one file of tracks."""
    with pytest.raises(ValueError, match='two sequences named A'):
        evaluate_mots([truth, truth], tmp_path)


def test_prints_nothing_writes_nothing(truth, tmp_path, capfd):
    """TrackEval's tables, plots and logs stay away."""
    score(truth, tmp_path, [line(1, 1, (6, 0, 10, 8))])
    assert capfd.readouterr() == ('', '')
    assert sorted(p.name for p in tmp_path.rglob('*') if p.is_file()) == [
        'A-gt.txt', 'A.txt']


def trackeval_by_hand(data_root: Path, tracks: Path, lengths):
    """TrackEval on the files themselves, in its own words."""
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = trackeval.datasets.MOTSChallenge({
            'GT_FOLDER': str(data_root),
            'TRACKERS_FOLDER': str(tracks.parent),
            'TRACKERS_TO_EVAL': [tracks.name],
            'TRACKER_SUB_FOLDER': '', 'SKIP_SPLIT_FOL': True,
            'SEQ_INFO': dict(lengths)})
        evaluator = trackeval.Evaluator({
            'PLOT_CURVES': False, 'OUTPUT_SUMMARY': False,
            'OUTPUT_DETAILED': False, 'LOG_ON_ERROR': None})
        results, _ = evaluator.evaluate([dataset], [
            trackeval.metrics.CLEAR(), trackeval.metrics.Identity(),
            trackeval.metrics.HOTA()])
    return results['MOTSChallenge'][tracks.name]


def test_real_sequences_as_trackeval(pedestrians, tmp_path):
    """On real files: the truth scores 100, a worse one as TrackEval says."""
    sequences = find_sequences(pedestrians, ['TUD-Campus', 'TUD-Stadtmitte'])
    tracks = tmp_path / 'tracks'
    rng = np.random.default_rng(0)
    truths = {s.name: read_mots(s.gt_path) for s in sequences}
    for name, (table, ids) in truths.items():
        write_mots(tracks / f'{name}.txt', table, ids)
    perfect = evaluate_mots(sequences[:1], tracks)[COMBINED]
    assert perfect['sMOTSA'] == perfect['IDF1'] == pytest.approx(100)

    for name, (table, ids) in truths.items():
        # Lose masks; give the rest shifted masks or new ids now and then.
        kept = np.flatnonzero(rng.random(len(table)) < 0.9)
        worse = table.take(kept)
        worse_ids = ids[kept] + 100 * (worse.frames // 40)
        write_mots(tracks / f'{name}.txt', worse, worse_ids)
    scores = evaluate_mots(sequences, tracks)
    expected = trackeval_by_hand(
        pedestrians, tracks, [(s.name, s.num_frames) for s in sequences])
    for name, key in ((COMBINED, 'COMBINED_SEQ'), ('TUD-Campus',) * 2,
                      ('TUD-Stadtmitte',) * 2):
        hand = expected[key]['pedestrian']
        row = scores[name]
        assert row['sMOTSA'] == 100 * hand['CLEAR']['sMOTA'] < 95
        assert row['MOTSA'] == 100 * hand['CLEAR']['MOTA']
        assert row['MOTSP'] == 100 * hand['CLEAR']['MOTP']
        assert row['MODSA'] == 100 * hand['CLEAR']['MODA']
        assert row['Rcll'] == 100 * hand['CLEAR']['CLR_Re']
        assert row['Prcn'] == 100 * hand['CLEAR']['CLR_Pr']
        assert row['IDF1'] == 100 * hand['Identity']['IDF1'] < 95
        assert row['IDP'] == 100 * hand['Identity']['IDP']
        assert row['IDR'] == 100 * hand['Identity']['IDR']
        assert row['HOTA'] == 100 * hand['HOTA']['HOTA'].mean()
        assert row['DetA'] == 100 * hand['HOTA']['DetA'].mean()
        assert row['AssA'] == 100 * hand['HOTA']['AssA'].mean()
        for ours, field in (('TP', 'CLR_TP'), ('FP', 'CLR_FP'),
                            ('FN', 'CLR_FN'), ('IDSW', 'IDSW'),
                            ('Frag', 'Frag'), ('MT', 'MT'), ('PT', 'PT'),
                            ('ML', 'ML')):
            assert row[ours] == hand['CLEAR'][field]


def kitti_by_hand(root, tracks, lengths):
    """TrackEval's KittiMOTS on the files themselves."""
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = trackeval.datasets.KittiMOTS({
            'GT_FOLDER': str(root),
            'GT_LOC_FORMAT': '{gt_folder}/{seq}.txt',
            'TRACKERS_FOLDER': str(tracks.parent),
            'TRACKERS_TO_EVAL': [tracks.name], 'TRACKER_SUB_FOLDER': '',
            'SEQ_INFO': dict(lengths)})
        evaluator = trackeval.Evaluator({
            'PLOT_CURVES': False, 'OUTPUT_SUMMARY': False,
            'OUTPUT_DETAILED': False, 'LOG_ON_ERROR': None})
        results, _ = evaluator.evaluate([dataset], [
            trackeval.metrics.CLEAR(), trackeval.metrics.Identity()])
    return results['KittiMOTS'][tracks.name]


@pytest.fixture
def kitti(shared_data, tmp_path):
    """Thirty frames of two real sequences of KITTI MOTS."""
    (tmp_path / 'gt').mkdir()
    videos = []
    for name in ('0015', '0016'):
        table, ids = read_mots(
            shared_data / 'kitti_mots' / f'{name}.txt', first_frame=0)
        rows = np.flatnonzero(table.frames <= 30)
        path = tmp_path / 'gt' / f'{name}.txt'
        write_mots(path, table.take(rows), ids[rows], first_frame=0)
        videos.append(Video(
            name, ('',) * 30, *table.size, 10.0, str(path),
            tuple(range(30))))
    return videos


def test_kitti_as_trackeval(kitti, tmp_path):
    """Each class as KittiMOTS says, by text and by PNG, also of the zip."""
    rng = np.random.default_rng(0)
    for video in kitti:
        table, ids = read_truth(video)
        kept = np.flatnonzero(
            (rng.random(len(table)) < 0.8) & (table.labels != 10))
        write_mots(tmp_path / 'tracks' / f'{video.name}.txt',
                   table.take(kept), ids[kept])
        write_instance_pngs(tmp_path / 'pngs' / video.name, table, ids, 30,
                            first_frame=0)
    scores = evaluate_mots(kitti, tmp_path / 'tracks', 'KittiMOTS')
    write_submission(tmp_path / 'tracks', kitti, tmp_path / 'sub.zip')
    with zipfile.ZipFile(tmp_path / 'sub.zip') as archive:
        assert archive.namelist() == ['0015.txt', '0016.txt']
        archive.extractall(tmp_path / 'theirs' / 'tracks')
    expected = kitti_by_hand(
        tmp_path / 'gt', tmp_path / 'theirs' / 'tracks',
        [(video.name, 30) for video in kitti])
    for name, key in ((COMBINED, 'COMBINED_SEQ'), ('0015',) * 2,
                      ('0016',) * 2):
        for title in ('car', 'pedestrian'):
            hand = expected[key][title]
            row = scores[name]
            assert row[f'{title}_sMOTSA'] == 100 * hand['CLEAR']['sMOTA']
            assert row[f'{title}_IDF1'] == 100 * hand['Identity']['IDF1']
            assert row[f'{title}_FN'] == hand['CLEAR']['CLR_FN'] > 0
    by_png = [replace(video, gt_path=str(tmp_path / 'pngs' / video.name))
              for video in kitti]
    assert evaluate_mots(by_png, tmp_path / 'tracks', 'KittiMOTS') == scores
    with pytest.raises(ValueError, match="'KITTI' is none of MOTSChallenge"):
        evaluate_mots(kitti, tmp_path / 'tracks', 'KITTI')


@pytest.mark.parametrize('class_id', [1, 10, None])
def test_nothing_to_score(tmp_path, told, class_id):
    """Cars or ignore regions alone, or nothing: '-', not -6900."""
    lines = [] if class_id is None else [
        line(t, 1000 * class_id, (0, 0, 4, 8), class_id=class_id)
        for t in (1, 2)]
    truth = make_sequence(tmp_path, lines)
    scores = score(truth, tmp_path, [
        line(t, 1, (8, 0, 12, 8)) for t in (1, 2, 3)])
    assert told[-1] == (
        'A: its ground truth has no pedestrian: nothing to score')
    for name in ('A', COMBINED):
        assert 'sMOTSA' not in scores[name]
        assert 'IDF1' not in scores[name]
        assert (scores[name]['TP'], scores[name]['FP']) == (0, 3)
    text = format_tables({'ReMOTS': {
        f'mots/{name}': value for name, value in scores[COMBINED].items()}})
    assert text.splitlines()[-1].split() == [
        'ReMOTS', *'-----', '0', '0', '0', '-']


def test_one_class_of_two_has_nothing_to_score(truth, tmp_path, told):
    """KITTI has sequences without a car."""
    (tmp_path / 'tracks').mkdir()
    (tmp_path / 'tracks' / 'A.txt').write_text('')
    scores = evaluate_mots([truth], tmp_path / 'tracks', 'KittiMOTS')['A']
    assert scores['pedestrian_FN'] == 6
    assert scores['pedestrian_sMOTSA'] == 0
    assert 'car_sMOTSA' not in scores
    assert told[-1] == 'A: its ground truth has no car: nothing to score'


def test_tables_of_classes():
    """A row for each class of a method."""
    text = format_tables({'ReMOTS': {
        'mots/car_sMOTSA': 61.0, 'mots/pedestrian_sMOTSA': 7.0,
        'mots/0002/car_sMOTSA': 5.0}})
    rows = [line.split('  ')[0] for line in text.splitlines()]
    assert rows[2:4] == ['ReMOTS, car', 'ReMOTS, pedestrian']
    assert '0002      ReMOTS, car     5.0' in text


def test_tables():
    """The paper's two tables: methods, then sequences by method."""
    row = {'sMOTSA': 69.94, 'IDF1': 75, 'MOTSA': 83.9, 'MOTSP': 84.0,
           'MODSA': 85.1, 'MT': 248.0, 'ML': 12.0, 'IDSW': 3.0, 'HOTA': 60.0}
    text = format_tables({
        'short-term tracking': {f'mots/{k}': v for k, v in row.items()},
        'ReMOTS': {f'mots/{k}': v for k, v in row.items()} | {
            'mots/MOTS20-01/sMOTSA': 5.0, 'mots/MOTS20-01/FP': 3.0}})
    assert text == '''\
Method               sMOTSA  IDF1  MOTSA  MOTSP  MODSA   MT  ML  IDSW  HOTA
-------------------  ------  ----  -----  -----  -----  ---  --  ----  ----
short-term tracking    69.9  75.0   83.9   84.0   85.1  248  12     3  60.0
ReMOTS                 69.9  75.0   83.9   84.0   85.1  248  12     3  60.0

Sequence   Method  sMOTSA  IDF1  MOTSA  MOTSP  MODSA  MT  ML  IDSW  HOTA
---------  ------  ------  ----  -----  -----  -----  --  --  ----  ----
MOTS20-01  ReMOTS     5.0     -      -      -      -   -   -     -     -'''
