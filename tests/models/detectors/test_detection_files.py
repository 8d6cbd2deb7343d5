"""Detectors' files as people have them, read into the same detections."""
from __future__ import annotations

import gzip
import importlib.util
import json
import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmremots.datasets.sequences import read_sequence
from mmremots.formats import read_mots
from mmremots.models.detectors import DetectionsFromFile
from mmremots.structures.masks import decode_mask, encode_mask, rle_bbox
from mmremots.structures.video import Video

TOOLS = Path(__file__).resolve().parents[3] / 'tools'
SIZE = (48, 64)
#: Frame and box (x1, y1, x2, y2) of each detection, scores falling.
ROWS = [(2, (30, 5, 42, 40)), (2, (4, 2, 16, 36)), (3, (31, 5, 43, 40)),
        (5, (33, 6, 45, 41))]
SCORES = [0.9, 0.8, 0.75, 0.5]


def pixels(box):
    """An ellipse that fills its box."""
    mask = np.zeros(SIZE, np.uint8)
    x1, y1, x2, y2 = box
    y, x = np.mgrid[:SIZE[0], :SIZE[1]] + 0.5
    mask[np.hypot((x - (x1 + x2) / 2) / (x2 - x1),
                  (y - (y1 + y2) / 2) / (y2 - y1)) < 0.5] = 1
    return mask


MASKS = [encode_mask(pixels(box)) for _, box in ROWS]
TEXTS = [mask['counts'].decode() for mask in MASKS]


def video(folder, name='walk', numbers=(), names='{:06}.jpg', count=5):
    (folder / name / 'det').mkdir(parents=True, exist_ok=True)
    return Video(
        name, tuple(str(folder / name / 'img1' / names.format(k))
                    for k in numbers or range(1, count + 1)),
        *SIZE, 30.0, None, numbers)


@pytest.fixture
def sequence(tmp_path):
    """Five frames; of the first and the fourth nothing was found."""
    return video(tmp_path)


@pytest.fixture
def det(tmp_path, sequence):
    return tmp_path / 'walk' / 'det'


@pytest.fixture
def log():
    """What is logged, by level."""
    messages = {logging.INFO: [], logging.WARNING: []}

    class Listener(logging.Handler):

        def emit(self, record):
            messages.setdefault(record.levelno, []).append(
                record.getMessage())

    listener = Listener()
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    yield messages
    logger.removeHandler(listener)
    logger.setLevel(level)


def text(first=1, tail='', form='corners', gap=' ', scale=1):
    lines = []
    for (frame, (x1, y1, x2, y2)), score, rle in zip(
            ROWS, SCORES, TEXTS, strict=True):
        box = ((x1, y1, x2, y2) if form == 'corners'
               else (x1, y1, float(x2 - x1), float(y2 - y1)))
        lines.append(gap.join(map(str, [
            frame + first - 1, *box, score * scale, 2, *SIZE, rle])) + tail)
    return '\n'.join(lines) + '\n'


def results(first=1, masks=None, category=1, **changes):
    return [{'image_id': frame + first - 1, 'category_id': category,
             'bbox': [x1, y1, x2 - x1, y2 - y1], 'score': score,
             'segmentation': mask, **changes}
            for (frame, (x1, y1, x2, y2)), score, mask in zip(
                ROWS, SCORES, masks or rles(), strict=True)]


def rles(texts=TEXTS, size=SIZE):
    return [{'size': list(size), 'counts': counts} for counts in texts]


def dump(path, content):
    path.write_text(json.dumps(content))
    return path


def rows_of(source, sequence):
    """All rows, frame by frame."""
    source.check(sequence)
    return [source.detect(None, sequence, frame)
            for frame in range(1, sequence.num_frames + 1)]


def same(source, sequence):
    """The detections are those above; their boxes belong to the masks."""
    tables = rows_of(source, sequence)
    assert [frame for frame, table in enumerate(tables, 1)
            for _ in range(len(table))] == [frame for frame, _ in ROWS]
    found = [rle for table in tables for rle in table.rles]
    assert found == MASKS
    np.testing.assert_allclose(
        np.concatenate([table.scores for table in tables]), SCORES)
    np.testing.assert_allclose(
        np.concatenate([table.boxes for table in tables]),
        rle_bbox(MASKS), atol=1)
    assert all((table.labels == 2).all() for table in tables)


class TestText:

    @pytest.mark.parametrize('tail', ['', ' ' + ' '.join(['0.25'] * 128),
                                      ' ' + ' '.join(['-1e-3'] * 256)])
    def test_trackrcnn(self, sequence, det, log, tail):
        """Its own files have an embedding behind the mask."""
        (det / 'det.txt').write_text(text(tail=tail))
        same(DetectionsFromFile('det/det.txt'), sequence)
        line, = log[logging.INFO]
        assert 'walk: ' in line
        assert ('TrackR-CNN text, 1-based, 3 frames, classes pedestrian 4'
                in line)
        assert ('numbers left out' in line) == bool(tail)

    def test_embeddings_that_are_none(self, sequence, det):
        """A few numbers, or text: an error with file and line."""
        for tail, message in [(' 1 2', '12 columns'), (' x' * 128, "'x'")]:
            (det / 'det.txt').write_text(text() + text(tail=tail))
            with pytest.raises(ValueError, match=rf'det\.txt:5: .*{message}'):
                DetectionsFromFile('det/det.txt').check(sequence)

    def test_from_zero(self, sequence, det, log):
        """KITTI's files: as the option says, or as the images are."""
        (det / 'det.txt').write_text(text(0))
        same(DetectionsFromFile('det/det.txt', first_frame=0), sequence)
        assert '0-based' in log[logging.INFO][0]
        (det / 'det.txt').write_text(text(0) + text(-1))
        with pytest.raises(ValueError, match=r'frame 0, but the first is 1.*'
                                             'first_frame=0'):
            DetectionsFromFile('det/det.txt').check(sequence)

    def test_numbered_as_the_images_are(self, tmp_path):
        """From 0, from 101, and every fifth only."""
        for name, numbers, first in [
                ('k', (0, 1, 2, 3, 4), 0), ('h', (101, 102, 103, 104, 105),
                                            101)]:
            some = video(tmp_path, name, numbers)
            (tmp_path / name / 'det' / 'a.txt').write_text(text(first))
            same(DetectionsFromFile('det/a.txt'), some)
            (tmp_path / name / 'det' / 'b.txt').write_text(text(1))
            same(DetectionsFromFile('det/b.txt', first_frame=1), some)
        some = video(tmp_path, 'fifth', (5, 10, 15, 20, 25))
        lines = [line.split(' ', 1) for line in text().splitlines()]
        path = tmp_path / 'fifth' / 'det' / 'a.txt'
        path.write_text(''.join(
            f'{5 * int(frame)} {rest}\n' for frame, rest in lines))
        same(DetectionsFromFile('det/a.txt'), some)
        path.write_text('6 ' + lines[0][1])
        with pytest.raises(ValueError, match=r'a\.txt: frame 6, but no im'):
            DetectionsFromFile('det/a.txt').check(some)

    def test_public_detections(self, sequence, det, log):
        """MOTS20's: x, y, width, height in floats; it is said."""
        (det / 'det.txt').write_text(text(form='sides'))
        same(DetectionsFromFile('det/det.txt'), sequence)
        assert ('its boxes are x, y, width, height, not corners: taken from '
                'the masks' in log[logging.INFO][0])

    def test_a_box_inside_out(self, sequence, det):
        """One among good ones is an error, not another form."""
        (det / 'det.txt').write_text(
            text() + text().splitlines()[0].replace(' 30 5 42 ', ' 42 5 30 '))
        with pytest.raises(ValueError, match=r'det\.txt:5: box 42 5 30 40 is'):
            DetectionsFromFile('det/det.txt').check(sequence)

    @pytest.mark.parametrize('content', [
        text() + '\n', '\n\n' + text(), text(tail=' '), text(gap='\t'),
        text(gap='   '), '\ufeff' + text(), text(gap=', '), text(gap=','),
        text(tail=','), text().replace('\n', '\r\n'),
        text().replace(' 2 48', ' Person 48'), text().replace('0.', '0,'),
        text().replace('2 30', '2.0 30', 1), text().replace(' 48 ', ' 48.0 '),
        text().replace('\n', '\n \t \n')])
    def test_white_space(self, sequence, det, content):
        """Is white space; whole numbers are whole however written."""
        (det / 'det.txt').write_bytes(content.encode())
        same(DetectionsFromFile('det/det.txt'), sequence)

    def test_of_a_windows_shell(self, sequence, det):
        """Which writes UTF-16."""
        (det / 'det.txt').write_bytes(text().encode('utf-16'))
        same(DetectionsFromFile('det/det.txt'), sequence)

    def test_line_numbers_count_blank_lines(self, sequence, det):
        """Else an editor would show another line."""
        (det / 'det.txt').write_text('\n' + text() + '\n\n1 2 3\n')
        with pytest.raises(ValueError, match=r'det\.txt:8: 3 columns'):
            DetectionsFromFile('det/det.txt').check(sequence)

    @pytest.mark.parametrize('name', [
        'A.TXT', 'a.txt.gz', 'A.TXT.GZ', 'c.csv', 'd.TSV.gz',
        'b.json', 'B.JSON', 'b.json.gz', 'b.jsonl', 'b.ndjson.gz'])
    @pytest.mark.parametrize('pattern', ['det/*', None])
    def test_endings(self, sequence, det, name, pattern):
        """In capitals, and packed."""
        content = (json.dumps(results()) if name.lower()[0] == 'b'
                   else text()).encode()
        (det / name).write_bytes(
            gzip.compress(content) if name.lower().endswith('gz')
            else content)
        same(DetectionsFromFile(pattern or f'det/{name}'), sequence)

    @pytest.mark.parametrize('cut', [5, 40, -4])
    def test_a_broken_gz(self, sequence, det, cut):
        """Cut off in the download: named, no traceback."""
        (det / 'a.txt.gz').write_bytes(
            gzip.compress(text().encode() * 20)[:cut])
        with pytest.raises(ValueError, match=r'a\.txt\.gz.*broken'):
            DetectionsFromFile('det/*').check(sequence)

    def test_beyond_the_end(self, sequence, det):
        """A detection in frame 6 of 5."""
        (det / 'det.txt').write_text(text(2))
        with pytest.raises(ValueError, match=r'det\.txt:4: frame 6, but the '
                                             'last is 5'):
            DetectionsFromFile('det/det.txt').check(sequence)

    def test_boxes_without_masks(self, sequence, det, log):
        """MOT's det.txt beside masks is left out; alone it is the reason."""
        boxes = '1,-1,794.2,47.5,71.2,174.8,67.5,-1,-1,-1\n'
        (det / 'det.txt').write_text(boxes)
        for pattern in ('det/*', 'det/det.txt'):
            with pytest.raises(ValueError, match=r'det\.txt:1: boxes, no mas'):
                DetectionsFromFile(pattern).check(sequence)
        (det / 'masks.txt').write_text(text())
        dump(det / 'results.bbox.json', [
            {key: value for key, value in entry.items()
             if key != 'segmentation'} for entry in results()])
        same(DetectionsFromFile('det/*'), sequence)
        warned = ' '.join(log[logging.WARNING])
        assert 'det.txt:1: boxes, no masks (MOT text): left out' in warned
        assert 'results.bbox.json: boxes, no masks' in warned

    @pytest.mark.parametrize('line', [
        '1,1,10,20,30,40,1,1,0.9', '1 1 10 20 30 40 1',
        '1, 1, 10.5, 20, 30, 40, 0.5, -1, -1, -1'])
    def test_more_kinds_of_boxes(self, sequence, det, line):
        """Ground truth, short rows, spaces."""
        (det / 'det.txt').write_text(line)
        with pytest.raises(ValueError, match='boxes, no masks'):
            DetectionsFromFile('det/det.txt').check(sequence)


class TestOtherTools:
    """What other tools call images and classes, and how they draw masks."""

    @pytest.mark.parametrize('change', [
        {'category_id': '1'}, {'category_id': 'person'},
        {'category_id': ' Person'}])
    def test_classes(self, sequence, det, change):
        """By numbers as text, and by names."""
        dump(det / 'a.json', results(**change))
        same(DetectionsFromFile('det/*'), sequence)
        other = dict(change, category_id=3 if change == {
            'category_id': '1'} else 'dog')
        dump(det / 'a.json', [*results(**change), *results(**other)])
        same(DetectionsFromFile('det/*'), sequence)

    def test_pixels(self, sequence, det):
        """A list a row, which is no polygon of ones and zeros."""
        dump(det / 'a.json', results(masks=[
            decode_mask(mask).tolist() for mask in MASKS], bbox=None))
        same(DetectionsFromFile('det/*'), sequence)
        dump(det / 'a.json', results(masks=[
            decode_mask(mask)[::2].tolist() for mask in MASKS], bbox=None))
        with pytest.raises(ValueError, match='entry 0: mask of 24 rows of 64'):
            DetectionsFromFile('det/*').check(sequence)

    @pytest.mark.parametrize(('name', 'category'), [
        ('{0:06}_jpg.rf.3b2a{0}.jpg', {'id': '1', 'name': 'Person '}),
        ('walk_{0:06}.png', {'id': 1, 'name': 'pedestrian'})])
    def test_a_data_set(self, sequence, det, name, category):
        """Roboflow puts a digest behind a name, which may end in a digit."""
        content = {
            'images': [{'id': k, 'file_name': name.format(k)}
                       for k in range(1, 6)],
            'annotations': results(), 'categories': [category]}
        dump(det / 'a.json', content)
        same(DetectionsFromFile('det/*'), sequence)

    @pytest.mark.parametrize(('changes', 'message'), [
        ({'images': [{'id': 1, 'file_name': f'{k:06}.jpg'} for k in (1, 2)]},
         r'a\.json: two images have the id 1'),
        ({'images': [{'id': 1, 'file_name': 'frame_000000.PNG'}]},
         r'a\.json: none of 1 images is of walk, whose images are 000001'),
        ({'categories': [{'id': 1, 'name': 'human'}]},
         r'holds classes \[1\].*classes={.human.: 2} takes human for ped')])
    def test_what_is_not_known(self, sequence, det, changes, message):
        """Two of one id, other names, other words: file, value, remedy."""
        dump(det / 'a.json', {
            'images': [{'id': k, 'file_name': f'{k:06}.jpg'}
                       for k in range(1, 6)],
            'annotations': results(), 'categories': None, **changes})
        with pytest.raises(ValueError, match=message):
            DetectionsFromFile('det/*').check(sequence)


class TestScores:

    @pytest.mark.parametrize('name', ['a.txt', 'a.json'])
    def test_percent(self, sequence, det, name):
        """Every mask would pass a threshold of 0.5: said, and by option."""
        if name == 'a.txt':
            (det / name).write_text(text(scale=100))
        else:
            dump(det / name, [{**entry, 'score': 100 * entry['score']}
                              for entry in results()])
        with pytest.raises(ValueError, match=rf'{name}: scores go up to 90.*'
                                             'score_scale=100'):
            DetectionsFromFile('det/*', 0.5).check(sequence)
        same(DetectionsFromFile('det/*', 0.5, score_scale=100), sequence)
        source = DetectionsFromFile('det/*', 80, score_scale=1)
        assert sum(map(len, rows_of(source, sequence))) == 2

    def test_logits(self, sequence, det, log):
        """Above 1 they are no shares, which a threshold may know."""
        (det / 'a.txt').write_text(text(scale=4))
        source = DetectionsFromFile('det/*', 2.5)
        assert sum(map(len, rows_of(source, sequence))) == 3
        assert 'scores go up to 3.6, not 1' in log[logging.WARNING][0]

    def test_bad_scale(self):
        """Nothing to divide by."""
        with pytest.raises(ValueError, match='score_scale is 0'):
            DetectionsFromFile('det/*', score_scale=0)


class TestImageIds:

    @pytest.mark.parametrize('form', [
        '{}', '{:06}', '{:06}.jpg', '{:06}.png', 'img1/{:06}.jpg',
        'walk/img1/{:06}.jpg', 'data/train/walk/img1/{:06}.jpg',
        r'walk\img1\{:06}.jpg', 'walk_{:06}.jpg', 'walk-{}'])
    def test_names(self, sequence, det, form):
        """Text, padded or not, or the name of the image's file."""
        dump(det / 'a.json', [{
            **entry, 'image_id': form.format(entry['image_id'])}
            for entry in results()])
        same(DetectionsFromFile('det/*'), sequence)

    def test_whole_floats(self, sequence, det):
        """As pandas writes them."""
        dump(det / 'a.json', [{**entry, 'image_id': float(entry['image_id'])}
                              for entry in results()])
        same(DetectionsFromFile('det/*'), sequence)

    def test_from_zero(self, sequence, det, log):
        """By option; else an entry of image 0 tells, or the log says."""
        dump(det / 'a.json', results(0))
        same(DetectionsFromFile('det/*', first_frame=0), sequence)
        DetectionsFromFile('det/*').check(sequence)
        assert 'COCO results, 0-based' in log[logging.INFO][0]
        assert 'COCO results, 1-based, 3 frames, classes person 4' in (
            log[logging.INFO][-1])
        dump(det / 'a.json', [*results(0), results(-1)[0]])
        with pytest.raises(ValueError, match='entry 4: frame 0, but the firs'):
            DetectionsFromFile('det/*').check(sequence)

    @pytest.mark.parametrize('image_id', [
        'none.jpg', '000009.jpg', 'walk/img1/000009.jpg', True, None, [1]])
    def test_names_of_no_frame(self, sequence, det, image_id):
        """Named with file and entry."""
        dump(det / 'a.json', [*results(), *results(image_id=image_id)])
        with pytest.raises(ValueError, match=r'a\.json: entry 4: '):
            DetectionsFromFile('det/*').check(sequence)

    def test_names_of_another_sequence(self, sequence, det, log):
        """One file for all: those of others are passed over."""
        dump(det / 'a.json', [
            {**entry, 'image_id': f'{name}/img1/{entry["image_id"]:06}.jpg'}
            for entry in results() for name in ('run', 'walk')])
        same(DetectionsFromFile('det/*'), sequence)
        assert '4 entries of other sequences passed over' in (
            log[logging.INFO][0])
        dump(det / 'a.json', results(image_id='run/img1/000001.jpg'))
        with pytest.raises(ValueError, match='none of 4 entries is of walk'):
            DetectionsFromFile('det/*').check(sequence)

    def test_a_list_of_all_images(self, tmp_path, sequence, det, log):
        """image_id counts over all sequences: ann_file=, beside, inside."""
        other = video(tmp_path, 'run')
        images = [{'id': 5 * v + k, 'file_name': f'{name}/img1/{k:06}.jpg'}
                  for v, name in enumerate(['run', 'walk']) for k in range(
                      1, 6)]
        lists = {'images': images, 'categories': [
            {'id': 1, 'name': 'pedestrian'}, {'id': 2, 'name': 'car'}]}
        found = results(6) + results(1)
        path = dump(tmp_path / 'all.json', found)
        with pytest.raises(ValueError, match=r'frame 7.*ann_file= names'):
            DetectionsFromFile(str(path)).check(sequence)
        ann_file = dump(tmp_path / 'train.json', lists)
        both = DetectionsFromFile(str(path), ann_file=str(ann_file))
        same(both, sequence)
        assert 'frames by the list of images' in log[logging.INFO][0]
        assert '4 entries of other sequences' in log[logging.INFO][0]
        assert 'classes pedestrian 4' in log[logging.INFO][0]
        same(both, other)
        assert both.fingerprint(sequence) != (
            DetectionsFromFile(str(path)).fingerprint(sequence))

        dump(det / 'results.json', found)
        dump(det / 'images.json', lists)
        same(DetectionsFromFile('det/*'), sequence)
        inside = dump(tmp_path / 'inside.json', {
            **lists, 'annotations': found})
        same(DetectionsFromFile(str(inside)), sequence)

    @pytest.mark.parametrize('shift', [-1, 1])
    def test_off_by_one_against_the_list(self, tmp_path, sequence, shift):
        """An id that no image has is an error, not another frame."""
        lists = dump(tmp_path / 'images.json', {'images': [
            {'id': k, 'file_name': f'{k:06}.jpg'} for k in range(1, 6)]})
        path = dump(tmp_path / 'all.json', [
            {**results()[0], 'image_id': k + shift} for k in range(1, 6)])
        with pytest.raises(ValueError, match=r'image_id . is none of the 5'):
            DetectionsFromFile(str(path), ann_file=str(lists)).check(sequence)

    @pytest.mark.parametrize(('images', 'message'), [
        ([{'id': 1, 'file_name': 'run/img1/000001.jpg'}], 'none of 1 images'),
        ([{'id': 1, 'file_name': 'walk/000009.jpg'}], "'walk/000009.jpg' is"),
        ([{'id': 1}], 'no file_name'), ([{}], 'no id'),
        ([{'id': k, 'file_name': '000001.jpg'} for k in (1, 2)], 'both fram')])
    def test_bad_lists(self, tmp_path, sequence, images, message):
        """A list that does not know the sequence."""
        lists = dump(tmp_path / 'images.json', {'images': images})
        path = dump(tmp_path / 'all.json', results())
        with pytest.raises(ValueError, match=message):
            DetectionsFromFile(str(path), ann_file=str(lists)).check(sequence)
        dump(tmp_path / 'no.json', results())
        with pytest.raises(ValueError, match=r'no\.json: no list of images'):
            DetectionsFromFile(
                str(path), ann_file=str(tmp_path / 'no.json')).check(sequence)
        with pytest.raises(FileNotFoundError, match='no such ann_file'):
            DetectionsFromFile(str(path), ann_file='gone.json').check(sequence)


class TestForms:

    def test_youtube_vis(self, sequence, det, log):
        """An object with a mask a frame, or none."""
        objects = [{'video_id': 1, 'category_id': 1, 'score': score,
                    'segmentations': [mask if frame == k else None
                                      for k in range(1, 6)]}
                   for (frame, _), score, mask in zip(
                       ROWS, SCORES, rles(), strict=True)]
        dump(det / 'a.json', objects)
        same(DetectionsFromFile('det/*'), sequence)
        assert 'YouTube-VIS results, 3 frames' in log[logging.INFO][0]
        dump(det / 'a.json', [{**objects[0], 'video_id': 2}, *objects])
        with pytest.raises(ValueError, match=r"2 videos, 2, 1; .* 'walk'"):
            DetectionsFromFile('det/*').check(sequence)
        lists = dump(det.parent / 'videos.json', {'videos': [
            {'id': 1, 'name': 'walk'}, {'id': 2, 'name': 'run'}]})
        same(DetectionsFromFile('det/*', ann_file='videos.json'), sequence)
        assert lists.exists()

    def test_cocovid(self, sequence, det):
        """Images by the video and the frame_id, from 0."""
        dump(det / 'a.json', {
            'videos': [{'id': 1, 'name': 'run'}, {'id': 2, 'name': 'walk'}],
            'images': [{'id': 10 * v + k, 'video_id': v, 'frame_id': k - 1}
                       for v in (1, 2) for k in range(1, 6)],
            'annotations': results(21)})
        same(DetectionsFromFile('det/*'), sequence)

    @pytest.mark.parametrize('end', ['\n', '', '\n\n'])
    def test_json_lines(self, sequence, det, end):
        """An entry a line; errors name the line."""
        lines = '\n'.join(map(json.dumps, results()))
        (det / 'a.json').write_text(lines + end)
        same(DetectionsFromFile('det/*'), sequence)
        (det / 'a.json').write_text(lines + '\n{"image_id": 1\n')
        with pytest.raises(ValueError, match=r'a\.json:5: not JSON'):
            DetectionsFromFile('det/*').check(sequence)
        (det / 'a.json').write_text(lines + '\n{"image_id": 1}\n')
        with pytest.raises(ValueError, match=r'a\.json:5: category_id'):
            DetectionsFromFile('det/*').check(sequence)

    def test_a_mark_in_front(self, sequence, det):
        """Of the byte order."""
        (det / 'a.json').write_text('\ufeff' + json.dumps(results()))
        same(DetectionsFromFile('det/*'), sequence)

    def test_classes_by_name(self, sequence, det):
        """Where the file has names; where it has none that is said."""
        names = {'categories': [{'id': 7, 'name': 'Rider'}], 'images': [
            {'id': k, 'file_name': f'{k:06}.jpg'} for k in range(1, 6)]}
        dump(det / 'a.json', {**names, 'annotations': results(category=7)})
        same(DetectionsFromFile('det/*', classes={'rider': 2}), sequence)
        with pytest.raises(ValueError, match=r'holds classes \[7\]'):
            DetectionsFromFile('det/*').check(sequence)
        with pytest.raises(ValueError, match="'bus' is none of 'Rider'"):
            DetectionsFromFile('det/*', classes={'bus': 1}).check(sequence)

    def test_a_data_set_without_scores(self, sequence, det, log):
        """Annotations for detections: all are sure, crowds are none."""
        entries = [{k: v for k, v in entry.items() if k != 'score'}
                   for entry in results()]
        dump(det / 'a.json', {
            'images': [{'id': k, 'file_name': f'{k:06}.jpg'}
                       for k in range(1, 6)],
            'annotations': [*entries, {**entries[0], 'iscrowd': 1}]})
        tables = rows_of(DetectionsFromFile('det/*'), sequence)
        assert [s for table in tables for s in table.scores] == [1] * 4
        assert 'without scores' in log[logging.INFO][0]
        assert '1 crowds left out' in log[logging.INFO][0]


class TestMasks:

    @pytest.mark.parametrize('pairs', [False, True])
    def test_polygons(self, sequence, det, log, pairs):
        """As pairs, and with parts that are none."""
        corners = [[x1, y1, x2, y1, x2, y2, x1, y2]
                   for _, (x1, y1, x2, y2) in ROWS]
        parts = [[np.reshape(c, (-1, 2)).tolist() if pairs else c, [4, 4, 5,
                                                                    5]]
                 for c in corners]
        dump(det / 'a.json', [
            *results(masks=parts), results(masks=[[[1, 1]]] * 4)[0]])
        source = DetectionsFromFile('det/*')
        tables = rows_of(source, sequence)
        boxes = np.concatenate([rle_bbox(table.rles) for table in tables])
        assert boxes.tolist() == [list(box) for _, box in ROWS]
        line = log[logging.INFO][0]
        assert '4 polygons of fewer than 3 corners left out' in line
        assert '1 entries without a polygon of 3 corners left out' in line
        with pytest.raises(ValueError, match='entry 0: a polygon is not 6'):
            DetectionsFromFile('det/*', strict=True).check(sequence)

    def test_polygons_in_shares(self, sequence, det):
        """Of the image's size: refused, with and without boxes."""
        height, width = SIZE
        shares = [[[x1 / width, y1 / height, x2 / width, y1 / height,
                    x2 / width, y2 / height]]
                  for _, (x1, y1, x2, y2) in ROWS]
        for changes in ({}, {'bbox': None}):
            dump(det / 'a.json', results(masks=shares, **changes))
            with pytest.raises(ValueError, match='4 of 4 polygons lie in 0 '):
                DetectionsFromFile('det/*').check(sequence)

    @pytest.mark.parametrize(('spoil', 'guess'), [
        (lambda mask: mask.ravel().reshape(SIZE[::-1]).T, 'along the rows'),
        (lambda mask: mask[::-1, ::-1], ''),
        (lambda mask: np.pad(mask[:, :48].T, ((0, 0), (0, 16))),
         'x and y were swapped')])
    @pytest.mark.parametrize('name', ['a.txt', 'a.json'])
    def test_masks_that_are_not_in_their_boxes(
            self, sequence, det, spoil, guess, name):
        """Row-major order, transposed, turned round: refused, by file."""
        spoilt = [encode_mask(np.ascontiguousarray(spoil(decode_mask(mask))))
                  for mask in MASKS]
        texts = [mask['counts'].decode() for mask in spoilt]
        if name == 'a.json':
            dump(det / name, results(masks=rles(texts)))
        else:
            lines = text()
            for old, new in zip(TEXTS, texts, strict=True):
                lines = lines.replace(old, new)
            (det / name).write_text(lines)
        with pytest.raises(
                ValueError, match=rf'{name}.*the mask is not where its box '
                rf'is, and so it is with . of 4 masks.*{guess}'):
            DetectionsFromFile('det/*').check(sequence)

    def test_a_few_such_masks(self, sequence, det, log):
        """Are a warning, and stay."""
        masks = rles()
        masks[1] = rles([encode_mask(np.ascontiguousarray(decode_mask(
            MASKS[1])[:, ::-1]))['counts'].decode()])[0]
        dump(det / 'a.json', results(masks=masks))
        tables = rows_of(DetectionsFromFile('det/*'), sequence)
        assert sum(map(len, tables)) == 4
        assert 'entry 1: the mask is not where its box is' in (
            log[logging.WARNING][0])

    @pytest.mark.parametrize('box', [[0, 0, 0, 0], [0, 0, 1, 1], None])
    def test_boxes_that_stand_for_none(self, sequence, det, log, box):
        """Detectors without boxes write zeros."""
        dump(det / 'a.json', results(bbox=box))
        tables = rows_of(DetectionsFromFile('det/*'), sequence)
        assert sum(map(len, tables)) == 4
        assert log[logging.WARNING] == []

    def test_boxes_as_corners_in_json(self, sequence, det, log):
        """Where COCO has width and height."""
        entries = results()
        for entry, (_, box) in zip(entries, ROWS, strict=True):
            entry['bbox'] = list(box)
        dump(det / 'a.json', entries)
        same(DetectionsFromFile('det/*'), sequence)
        assert 'its boxes are corners, not x, y' in log[logging.INFO][0]

    def test_half_size(self, sequence, det, log):
        """An error that names the option, which scales masks."""
        small = [encode_mask(decode_mask(mask)[::2, ::2]) for mask in MASKS]
        dump(det / 'a.json', results(masks=rles(
            [mask['counts'].decode() for mask in small], (24, 32))))
        with pytest.raises(ValueError, match=r'\(24, 32\) is not that of the '
                                             r'images.*resize_masks=True'):
            DetectionsFromFile('det/*').check(sequence)
        tables = rows_of(
            DetectionsFromFile('det/*', resize_masks=True), sequence)
        boxes = np.concatenate([table.boxes for table in tables])
        np.testing.assert_allclose(boxes, rle_bbox(MASKS), atol=2)
        assert '4 masks scaled to the size' in log[logging.INFO][0]

    def test_polygons_of_resized_images(self, tmp_path, sequence):
        """The list of images tells; polygons alone do not."""
        lists = dump(tmp_path / 'images.json', {'images': [
            {'id': k, 'file_name': f'{k:06}.jpg', 'height': 24, 'width': 32}
            for k in range(1, 6)]})
        halves = [np.array(box) / 2 for _, box in ROWS]
        polygons = [[[x1, y1, x2, y1, x2, y2, x1, y2]]
                    for x1, y1, x2, y2 in halves]
        path = dump(tmp_path / 'all.json', [
            {**entry, 'bbox': [*box[:2], *(box[2:] - box[:2])]}
            for entry, box in zip(
                results(masks=polygons), halves, strict=True)])
        options = dict(ann_file=str(lists))
        with pytest.raises(ValueError, match=r'entry 0: .*\(24, 32\).*resize'):
            DetectionsFromFile(str(path), **options).check(sequence)
        tables = rows_of(DetectionsFromFile(
            str(path), resize_masks=True, **options), sequence)
        boxes = np.concatenate([table.boxes for table in tables])
        np.testing.assert_allclose(boxes, rle_bbox(MASKS), atol=2)

    def test_masks_without_a_pixel(self, sequence, det, log):
        """In boxes of a person's size: a few are a warning, half are not."""
        nothing = encode_mask(np.zeros(SIZE))['counts'].decode()
        masks = [*rles()[:3], *rles([nothing])]
        dump(det / 'a.json', results(masks=masks))
        DetectionsFromFile('det/*').check(sequence)
        assert 'it has no pixel' in log[logging.WARNING][0]
        dump(det / 'a.json', results(masks=rles([nothing] * 4)))
        with pytest.raises(ValueError, match='so it is with 4 of 4 masks; it '
                                             'has no pixel'):
            DetectionsFromFile('det/*').check(sequence)

    @pytest.mark.parametrize(('spoil', 'looks'), [
        (lambda counts: str(counts.encode()), "Python's bytes"),
        (lambda counts: counts.replace('\\', '\\\\'), 'backslash was doubl')])
    @pytest.mark.parametrize('name', ['a.txt', 'a.json'])
    def test_counts_that_were_spoilt(self, sequence, det, spoil, looks,
                                     name, log):
        """Said what they look like; read by option."""
        assert any('\\' in counts for counts in TEXTS)
        if name == 'a.json':
            dump(det / name, results(masks=rles(list(map(spoil, TEXTS)))))
        else:
            lines = text()
            for counts in TEXTS:
                lines = lines.replace(counts, spoil(counts))
            (det / name).write_text(lines)
        with pytest.raises(ValueError, match=rf'{looks}.*fix_counts=True'):
            DetectionsFromFile('det/*').check(sequence)
        same(DetectionsFromFile('det/*', fix_counts=True), sequence)
        assert 'spoilt RLEs mended' in log[logging.INFO][0]


def test_results_on_the_json_of_our_converter(
        pedestrians, tmp_path, monkeypatch):
    """A detector's results on what mots2coco wrote; with ann_file= alone.

    The path of one file for all is from where the command runs.
    """
    spec = importlib.util.spec_from_file_location(
        'mots2coco', TOOLS / 'dataset_converters' / 'mots2coco.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.chdir(tmp_path)
    names = ['TUD-Campus', 'TUD-Stadtmitte']
    monkeypatch.setattr(sys, 'argv', [
        'mots2coco', str(pedestrians), '-o', 'train.json', '--sequences',
        *names])
    tool.main()
    content = json.loads((tmp_path / 'train.json').read_text())
    dump(tmp_path / 'results.segm.json', [{
        'image_id': a['image_id'], 'category_id': a['category_id'],
        'bbox': a['bbox'], 'segmentation': a['segmentation'], 'score': 0.9}
        for a in content['annotations']])
    for name in names:
        video = read_sequence(pedestrians / name)
        source = DetectionsFromFile(
            'results.segm.json', ann_file='train.json')
        truth, _ = read_mots(video.gt_path, video.size)
        tables = rows_of(source, video)
        assert sum(map(len, tables)) == len(truth)
        for frame, table in enumerate(tables, 1):
            assert sorted(rle['counts'] for rle in table.rles) == sorted(
                rle['counts']
                for rle in truth.take(truth.of_frame(frame)).rles)


def test_real_files_belong_together(pedestrians, log):
    """Boxes and masks of every real file; nothing to warn of."""
    for name, path in [('TUD-Campus', 'det/*'), ('TUD-Stadtmitte', 'det/*'),
                       ('TUD-Campus', 'det_seg/*')]:
        if not list((pedestrians / name).glob(path)):
            continue
        DetectionsFromFile(path).check(read_sequence(pedestrians / name))
    assert log[logging.WARNING] == []
    assert any('TrackR-CNN text, 1-based' in line
               for line in log[logging.INFO])
