"""Files of the table, and what is wrong with bad ones."""
from __future__ import annotations

import json
import os

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmremots.formats.coco_results import read_coco_results
from mmremots.formats.observation_files import (
    read_detections,
    read_mots,
    write_detections,
    write_mots,
)
from mmremots.structures.masks import (
    decode_mask,
    encode_mask,
    rle_bbox,
    runs_to_rle,
)
from mmremots.structures.observations import Observations

SIZE = (4, 5)
RLE = encode_mask(np.eye(4, 5))
COUNTS = RLE['counts'].decode()
DETECTION = f'1 0.5 1 3 4 0.75 2 4 5 {COUNTS}'
TRACK = f'1 2001 2 4 5 {COUNTS}'


def table(frames):
    """Rows that tell where they came from by their score."""
    n = len(frames)
    return Observations(
        np.array(frames, np.int64), np.zeros((n, 4), np.float32),
        np.arange(n, dtype=np.float32), np.full(n, 2), [RLE] * n, SIZE)


def entry(**changes):
    """A COCO result; a change to None leaves the key out."""
    content = {
        'image_id': 1, 'category_id': 1, 'bbox': [0.5, 1, 2, 3],
        'score': 0.75, 'segmentation': {'size': [4, 5], 'counts': COUNTS},
        **changes}
    return {key: value for key, value in content.items() if value is not None}


def write(tmp_path, content):
    """A file of text, or of JSON."""
    if isinstance(content, str):
        path = tmp_path / 'some.txt'
        path.write_text(content, encoding='utf-8')
    else:
        path = tmp_path / 'some.json'
        path.write_text(json.dumps(content))
    return path


class TestReading:

    def test_detection(self, tmp_path):
        """Every column in its place, with its type."""
        rows = read_detections(write(tmp_path, DETECTION + '\n'))
        assert rows.frames.tolist() == [1]
        assert rows.boxes.tolist() == [[0.5, 1, 3, 4]]
        assert rows.scores.tolist() == [0.75]
        assert rows.labels.tolist() == [2]
        assert rows.rles == [RLE]
        assert rows.size == SIZE
        assert [c.dtype.name for c in (
            rows.frames, rows.boxes, rows.scores, rows.labels)] == [
                'int64', 'float32', 'float32', 'int64']

    def test_coco_is_the_same(self, tmp_path):
        """The same detection in COCO's format gives the same row."""
        rows = read_coco_results(
            write(tmp_path, [entry(bbox=[0.5, 1, 2.5, 3])]))
        same = read_detections(write(tmp_path, DETECTION))
        for name in ('frames', 'boxes', 'scores', 'labels'):
            np.testing.assert_array_equal(
                getattr(rows, name), getattr(same, name))
        assert rows.rles == same.rles
        assert rows.size == same.size

    def test_tracks(self, tmp_path):
        """Ids follow their rows when these are put in order by frame."""
        lines = [f'{frame} {number} 2 4 5 {COUNTS}'
                 for frame, number in [(3, 7), (1, 9), (3, 5), (2, 7)]]
        rows, ids = read_mots(write(tmp_path, '\n'.join(lines)))
        assert rows.frames.tolist() == [1, 2, 3, 3]
        assert ids.tolist() == [9, 7, 7, 5]
        assert rows.scores.tolist() == [1] * 4
        np.testing.assert_array_equal(rows.boxes, rle_bbox(rows.rles))

    def test_rows_are_stable_within_a_frame(self, tmp_path):
        """Detections of one frame stay in the order of the file."""
        lines = [DETECTION.replace('0.75', f'0.{k}').replace('1', frame, 1)
                 for k, frame in enumerate('23121', start=1)]
        rows = read_detections(write(tmp_path, '\n'.join(lines)))
        assert rows.scores.tolist() == pytest.approx([.3, .5, .1, .4, .2])

    @pytest.mark.parametrize('size', [None, SIZE])
    def test_empty_file(self, tmp_path, size):
        """No line is no detection, not an error."""
        path = write(tmp_path, '')
        assert len(read_detections(path, size)) == 0
        assert read_detections(path, size).size == size
        assert len(read_mots(path, size)[0]) == 0
        assert len(read_coco_results(write(tmp_path, []), size)) == 0

    def test_crlf(self, tmp_path):
        """Lines that Windows ended."""
        path = tmp_path / 'crlf.txt'
        path.write_bytes(f'{DETECTION}\r\n{DETECTION}\r\n'.encode())
        assert len(read_detections(path)) == 2

    def test_segmentations_of_coco(self, tmp_path):
        """Polygons, and RLEs that are not compressed; a box from the mask."""
        square = [1, 1, 3, 1, 3, 3, 1, 3]
        rows = read_coco_results(write(tmp_path, [
            entry(segmentation=[square], bbox=None),
            entry(segmentation={'size': [4, 5], 'counts': [0, 3, 17]}),
        ]), SIZE)
        assert decode_mask(rows.rles[0]).sum() == 4
        assert rows.boxes[0].tolist() == [1, 1, 3, 3]
        assert rows.rles[1] == runs_to_rle([0, 3, 17], SIZE)

    def test_categories(self, tmp_path):
        """What is not in the map is left out; None takes everything."""
        path = write(tmp_path, [entry(), entry(category_id=3)])
        assert read_coco_results(path).labels.tolist() == [2]
        assert read_coco_results(
            path, label_of_category={3: 1, 1: 2}).labels.tolist() == [2, 1]
        assert read_coco_results(
            path, label_of_category=None).labels.tolist() == [1, 3]

    def test_a_data_set_of_coco(self, tmp_path):
        """Ids count as they will: the images' names have the frames."""
        content = {'annotations': [entry(image_id=70), entry(image_id=90)],
                   'images': [{'id': 70, 'file_name': 'img1/000002.jpg'},
                              {'id': 90, 'file_name': 'img1/000001.jpg'}]}
        rows = read_coco_results(write(tmp_path, content), num_frames=2)
        assert rows.frames.tolist() == [1, 2]
        content['images'][1]['file_name'] = 'other/000002.jpg'
        with pytest.raises(ValueError, match='images of one number'):
            read_coco_results(write(tmp_path, content))

    def test_empty_runs_are_joined(self, tmp_path):
        """Pycocotools stops early at runs of no pixels: none is let in."""
        raw = coco_mask.frPyObjects(
            {'size': [4, 5], 'counts': [3, 0, 2, 5, 0, 0, 10]}, 4, 5)
        line = f'1 1 2 4 5 {raw["counts"].decode()}'
        rows, _ = read_mots(write(tmp_path, line))
        assert rows.rles == [runs_to_rle([5, 5, 10], SIZE)]


class TestErrors:

    @pytest.mark.parametrize(('line', 'message'), [
        ('x', '1 columns'),
        (DETECTION.replace(' ', ';'), '1 columns'),
        (DETECTION.replace(' 2 ', ',,'), "class ''"),
        (DETECTION + ' 0.5', '11 columns, not 10, or these and an embed'),
        (DETECTION + ' 0.5' * 127 + ' x', "number of an embedding 'x'"),
        (TRACK, '6 columns'),
        (DETECTION.replace('1', '0', 1), 'frame 0, but the first is 1'),
        (DETECTION.replace('1', '9', 1), 'frame 9, but the last is 8'),
        (DETECTION.replace('1', '-1', 1), "frame '-1'"),
        (DETECTION.replace('1', '1.5', 1), "frame '1.5'"),
        (DETECTION.replace('1', '٣', 1), 'frame'),
        (DETECTION.replace('1', '9' * 30, 1), 'frame'),
        (DETECTION.replace('0.75', 'nan'), "score 'nan'"),
        (DETECTION.replace('0.75', 'high'), "score 'high'"),
        (DETECTION.replace('0.75', '1e300'), "score '1e300'"),
        (DETECTION.replace('0.5', 'inf'), "box coordinate 'inf'"),
        (DETECTION.replace('0.5', '3.5'), 'box 3.5 1 3 4 is inside out'),
        (DETECTION.replace(' 2 ', ' x '), "class 'x'"),
        (DETECTION.replace(' 4 5 ', ' 5 4 '), r'\(5, 4\) is not that'),
        (DETECTION.replace(' 4 5 ', ' 0 5 '), 'impossible size'),
        (DETECTION.replace(COUNTS, '3'), '3 pixels long'),
        (DETECTION.replace(COUNTS, COUNTS[:-1]), 'RLE'),
        (DETECTION.replace(COUNTS, '4é'), 'character'),
    ])
    def test_detection_line(self, tmp_path, line, message):
        """The third line is bad: file and line are named, and the value."""
        lines = [DETECTION, DETECTION, line, 'and this is never reached']
        path = write(tmp_path, '\n'.join(lines))
        with pytest.raises(ValueError, match=message) as error:
            read_detections(path, SIZE, 8)
        assert str(error.value).startswith(f'{path}:3: ')
        assert '\n' not in str(error.value)

    @pytest.mark.parametrize(('line', 'message'), [
        ('1 2 2 4 5', '5 columns'),
        (f'1 2001 2 4 5 {COUNTS}', 'id 2001 stands twice in frame 1'),
        (f'1 -5 2 4 5 {COUNTS}', "id '-5'"),
        (f'1 5.1 2 4 5 {COUNTS}', "id '5.1'"),
        (f'1 5 2 4 6 {COUNTS}', r'\(4, 6\)'),
        ('1 5 2 4 5 0', '0 pixels long'),
    ])
    def test_mots_line(self, tmp_path, line, message):
        """The same for tracks; an id stands once in a frame."""
        path = write(tmp_path, f'{TRACK}\n{line}\n')
        with pytest.raises(ValueError, match=message) as error:
            read_mots(path)
        assert str(error.value).startswith(f'{path}:2: ')

    def test_the_first_bad_line_is_named(self, tmp_path):
        """Masks are checked in bulk, yet before a later line's error."""
        bad = [DETECTION] * 300
        bad[100] = bad[200] = DETECTION.replace(COUNTS, '3')
        bad[250] = 'nonsense'
        path = write(tmp_path, '\n'.join(bad))
        with pytest.raises(ValueError, match=':101: RLE is 3 pixels'):
            read_detections(path)

    @pytest.mark.parametrize(('changes', 'message'), [
        ({'image_id': 0}, 'frame 0'),
        ({'image_id': 9}, 'frame 9, but the last is 8'),
        ({'image_id': 'one.jpg'}, "image_id 'one.jpg' names no frame"),
        ({'image_id': None}, 'image_id None'),
        ({'image_id': 10**30}, 'image_id'),
        ({'category_id': None}, 'category_id None'),
        ({'score': None}, 'score None'),
        ({'score': float('nan')}, 'score nan'),
        ({'bbox': [1, 2, 3]}, 'bbox'),
        ({'bbox': [1, 2, -3, 4]}, 'negative size'),
        ({'bbox': [1, 2, 3, 'x']}, "bbox 'x'"),
        ({'segmentation': None}, 'neither an RLE nor polygons'),
        ({'segmentation': []}, 'neither an RLE nor polygons'),
        ({'segmentation': [[1, 1, 2, 2, 3]]}, '6 or more numbers'),
        ({'segmentation': [{}]}, '6 or more numbers'),
        ({'segmentation': [[0, 0, 1e9, 0, 1e9, 1e9]]},
         'reaches to 1e[+]09, out of the image by more than its size'),
        ({'segmentation': [[0, 0, 10**18, 0, 9, 9]]}, 'reaches to 1e[+]18'),
        ({'segmentation': [[0, 0, -10**400, 0, 9, 9]]}, 'reaches to inf'),
        ({'segmentation': [[0, 0, float('nan'), 0, 9, 9]]},
         'reaches to nan'),
        ({'segmentation': [[0, 0, 10, 0] * 60000] * 2},
         'outlines of 2400000 pixels, more than 1000000'),
        ({'segmentation': {'counts': COUNTS}}, 'without a size'),
        ({'segmentation': {'size': [4, 6], 'counts': [24]}}, r'\(4, 6\)'),
        ({'segmentation': {'size': [4, 5], 'counts': [3, 4]}}, '7 pixels'),
        ({'segmentation': {'size': [4, 5], 'counts': ['a']}}, 'integers'),
        ({'segmentation': {'size': [4, 5], 'counts': '3'}}, '3 pixels'),
        ({'segmentation': {'size': [4, 5], 'counts': None}}, 'compressed'),
    ])
    def test_coco_entry(self, tmp_path, changes, message):
        """The second entry is bad: file and entry are named."""
        path = write(tmp_path, [entry(), entry(**changes)])
        with pytest.raises(ValueError, match=message) as error:
            read_coco_results(path, SIZE, 8)
        assert str(error.value).startswith(f'{path}: entry 1: ')

    @pytest.mark.parametrize('text', [
        '', '[', '{}', 'null', '[' * 100000, '\x00', '[1]', '[null]'])
    def test_not_coco(self, tmp_path, text):
        """Whatever else a .json may hold."""
        path = tmp_path / 'some.json'
        path.write_text(text)
        with pytest.raises(ValueError, match=r'some\.json: '):
            read_coco_results(path)

    def test_polygons_without_a_size(self, tmp_path):
        """An image without a size cannot be painted on."""
        path = write(tmp_path, [entry(segmentation=[[1, 1, 3, 1, 3, 3]])])
        with pytest.raises(ValueError, match='need the size'):
            read_coco_results(path)

    @pytest.mark.parametrize(
        'read', [read_detections, read_mots, read_coco_results])
    def test_no_file(self, tmp_path, read):
        """The system's own error, with the path in it."""
        with pytest.raises(FileNotFoundError, match='absent'):
            read(tmp_path / 'absent')

    @pytest.mark.parametrize(
        'read', [read_detections, read_mots, read_coco_results])
    def test_a_pipe(self, tmp_path, read):
        """Refused, not waited for."""
        os.mkfifo(tmp_path / 'pipe')
        with pytest.raises(ValueError, match='pipe: a folder, pipe or'):
            read(tmp_path / 'pipe')

    def test_binary(self, tmp_path):
        """An image, say, in place of text."""
        path = tmp_path / 'some.txt'
        path.write_bytes(bytes(range(256)) * 10)
        with pytest.raises(ValueError, match=r'some\.txt:1: '):
            read_detections(path)


class TestWriting:

    def test_detections(self, tmp_path):
        """Whole numbers stay whole, others keep what float32 has."""
        rows = table([1, 2])
        rows.boxes[:] = [[173, 91.25, 248, 0.1], [-3.5, 0, 1e6, 33.333333]]
        rows.scores[:] = [0.82421, 1]
        path = tmp_path / 'some.txt'
        write_detections(path, rows)
        assert path.read_text() == (
            f'1 173 91.25 248 0.1 0.8242 2 4 5 {COUNTS}\n'
            f'2 -3.5 0 1000000 33.333332 1.0000 2 4 5 {COUNTS}\n')

    def test_text_counts(self, tmp_path):
        """Masks whose counts are str are written as well."""
        rows = table([1])
        rows.rles[0] = {'size': [4, 5], 'counts': COUNTS}
        write_mots(tmp_path / 'some.txt', rows, [7])
        assert (tmp_path / 'some.txt').read_text() == (
            f'1 7 2 4 5 {COUNTS}\n')

    @pytest.mark.parametrize('ids', [[1], [1, -1], [1, 1], [[1, 2]]])
    def test_bad_ids(self, tmp_path, ids):
        """One id a row, not negative, once in a frame; else no file."""
        with pytest.raises(ValueError, match='id'):
            write_mots(tmp_path / 'some.txt', table([3, 3]), ids)
        assert not list(tmp_path.iterdir())

    def test_nothing(self, tmp_path):
        """A sequence without detections has a file, an empty one."""
        write_detections(tmp_path / 'a.txt', Observations.empty())
        write_mots(tmp_path / 'b.txt', Observations.empty(), [])
        assert (tmp_path / 'a.txt').read_bytes() == b''
        assert (tmp_path / 'b.txt').read_bytes() == b''


class TestRealFiles:

    @pytest.mark.parametrize('name', ['TUD-Campus', 'TUD-Stadtmitte'])
    def test_detections_survive(self, pedestrians, tmp_path, name):
        """Reading and writing gives the bytes that were there."""
        path = pedestrians / name / 'det' / 'ssd.txt'
        write_detections(tmp_path / 'again.txt', read_detections(path))
        assert (tmp_path / 'again.txt').read_bytes() == path.read_bytes()

    def test_ground_truth_survives(self, pedestrians, tmp_path):
        """The same for tracks."""
        path = pedestrians / 'TUD-Campus' / 'gt' / 'gt.txt'
        write_mots(tmp_path / 'again.txt', *read_mots(path, (480, 640), 71))
        assert (tmp_path / 'again.txt').read_bytes() == path.read_bytes()

    def test_coco(self, pedestrians):
        """All entries, with boxes around their masks."""
        path = pedestrians / 'TUD-Campus' / 'det' / 'hog.json'
        rows = read_coco_results(path, (480, 640), 71)
        assert len(rows) == len(json.loads(path.read_text()))
        tight = rle_bbox(rows.rles)
        inside = ((tight[:, :2] >= rows.boxes[:, :2] - 1)
                  & (tight[:, 2:] <= rows.boxes[:, 2:] + 1))
        assert inside.all(axis=1).mean() > 0.9

    def test_kitti_counts_from_zero(self, shared_data):
        """KITTI's frame 0 is the table's frame 1, and an error elsewhere."""
        path = shared_data / 'kitti_mots' / '0002.txt'
        rows, ids = read_mots(path, first_frame=0)
        assert rows.frames[0] == 1
        assert set(rows.labels.tolist()) <= {1, 2, 10}
        cars = rows.labels == 1
        assert (ids[cars] // 1000 == 1).all()
        with pytest.raises(ValueError, match=r'0002\.txt:1: frame 0'):
            read_mots(path)
