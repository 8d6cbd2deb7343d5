"""Tracks of any tracker: each form gives the same table."""
from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from mmremots.formats import read_mots, write_instance_pngs, write_mots
from mmremots.formats.row_tables import ReadingOptions
from mmremots.formats.track_files import read_tracks
from mmremots.structures.masks import encode_mask, resolve_overlaps
from mmremots.structures.observations import Observations

SIZE = (12, 16)
#: Frame, id, and box (x1, y1, x2, y2) of each mask; frame 3 of 4 is empty.
ROWS = [(1, 7, (0, 0, 4, 6)), (1, 9, (8, 2, 12, 9)), (2, 7, (1, 0, 5, 6)),
        (4, 9, (9, 2, 13, 9)), (4, 7, (3, 0, 7, 6))]


def box_mask(box):
    mask = np.zeros(SIZE, np.uint8)
    x1, y1, x2, y2 = box
    mask[y1:y2, x1:x2] = 1
    return encode_mask(mask)


def text_rle(mask):
    return {'size': list(mask['size']), 'counts': mask['counts'].decode()}


TABLE = Observations(
    np.array([frame for frame, *_ in ROWS]),
    np.array([box for *_, box in ROWS], np.float32),
    np.ones(len(ROWS), np.float32), np.full(len(ROWS), 2),
    [box_mask(box) for *_, box in ROWS], SIZE)
IDS = np.array([number for _, number, _ in ROWS])


def same(found, order_of_ids=True):
    """The table as it was, perhaps with other ids for the same objects."""
    table, ids, _ = found
    key = [(int(frame), rle['counts']) for frame, rle in zip(
        TABLE.frames, TABLE.rles, strict=True)]
    ours = {(int(frame), rle['counts']): number for frame, rle, number in zip(
        table.frames, table.rles, ids, strict=True)}
    assert sorted(ours) == sorted(key)
    assert table.labels.tolist() == [2] * len(ROWS)
    names = [ours[k] for k in key]
    if order_of_ids:
        assert names == IDS.tolist()
    else:
        assert len(set(zip(names, IDS.tolist(), strict=True))) == 2


def mots(path, first=1):
    path.write_text(''.join(
        f'{frame + first - 1} {number} 2 12 16 {rle["counts"].decode()}\n'
        for (frame, number, _), rle in zip(ROWS, TABLE.rles, strict=True)))
    return path


def mot(path, first=1, tail=',1,-1,-1,-1'):
    path.write_text(''.join(
        f'{frame + first - 1},{number},{x1},{y1},{x2 - x1}.0,{y2 - y1}{tail}\n'
        for frame, number, (x1, y1, x2, y2) in ROWS))
    return path


def dump(path, content):
    path.write_text(json.dumps(content))
    return path


def cocovid(masks=True, ids='track_id', others=True):
    """Two videos of four frames; ours is the second, frames from 0."""
    images = [{'id': 10 * video + k, 'video_id': video, 'frame_id': k,
               'file_name': f'v{video}/img1/{k + 1:06}.jpg'}
              for video in (1, 2) for k in range(4)]
    annotations = [{
        'id': k, 'image_id': 20 + frame - 1, 'video_id': 2, ids: number,
        'category_id': 5, 'bbox': [x1, y1, x2 - x1, y2 - y1],
        **({'segmentation': text_rle(rle)} if masks else {})}
        for k, ((frame, number, (x1, y1, x2, y2)), rle) in enumerate(
            zip(ROWS, TABLE.rles, strict=True))]
    if others:
        annotations.append({**annotations[0], 'image_id': 10, 'video_id': 1})
    return {
        'videos': [{'id': 1, 'name': 'v1'}, {'id': 2, 'name': 'train/v2'}],
        'images': images, 'annotations': annotations,
        'categories': [{'id': 5, 'name': 'Person'}, {'id': 6, 'name': 'dog'}]}


def youtube_vis(video_id=2):
    results = []
    for number in (7, 9):
        masks = [None] * 4
        for (frame, other, _), rle in zip(ROWS, TABLE.rles, strict=True):
            if other == number:
                masks[frame - 1] = text_rle(rle)
        results.append({'video_id': video_id, 'category_id': 1, 'score': 0.5,
                        'segmentations': masks})
    return results


@pytest.mark.parametrize(('first', 'what'), [
    (1, 'MOTS text, 1-based, 3 frames, classes pedestrian 2'),
    (0, 'KITTI MOTS text, 0-based, 3 frames, classes pedestrian 2')])
def test_mots(tmp_path, first, what):
    """Of MOTSChallenge and of KITTI, told apart by a frame 0."""
    found = read_tracks(mots(tmp_path / 't.txt', first), SIZE, 4)
    same(found)
    assert found[2] == what
    same(read_tracks(tmp_path / 't.txt', SIZE, 4, first))


def test_first_frame_is_told(tmp_path):
    """Nothing is guessed where it is said; a file from 101 needs it."""
    mots(tmp_path / 't.txt', 101)
    same(read_tracks(tmp_path / 't.txt', SIZE, 4, 101))
    with pytest.raises(ValueError, match=r't\.txt:1: frame 101, but the la'):
        read_tracks(tmp_path / 't.txt', SIZE, 4)
    mots(tmp_path / 'k.txt', 0)
    with pytest.raises(ValueError, match=r'k\.txt:1: frame 0.*first_frame=0'):
        read_tracks(tmp_path / 'k.txt', SIZE, 4, 1)


@pytest.mark.parametrize('tail', [
    ',1,-1,-1,-1', ',0.5,-1,-1,-1', ',1,1,1.0', ',-1,-1,-1,-1', ''])
@pytest.mark.parametrize('first', [0, 1])
def test_mot(tmp_path, tail, first):
    """Boxes are masks, and it is said; with all the tails there are."""
    found = read_tracks(mot(tmp_path / 't.txt', first, tail), SIZE, 4)
    same(found)
    assert found[2].startswith(f'MOT text, {first}-based')
    assert 'boxes, no masks: the mask is the box' in found[2]
    assert found[0].scores[0] == (0.5 if tail.startswith(',0.5') else 1)


def test_mot_boxes_at_the_border(tmp_path):
    """Cut at the image's edge; one outside, or of no size, is left out."""
    (tmp_path / 't.txt').write_text(
        '1,1,-3,-2,5,5,1,-1,-1,-1\n1,2,100,1,5,5,1,-1,-1,-1\n'
        '1,3,1,1,0,5,1,-1,-1,-1\n1,4,2.4,3.6,2,2,1,-1,-1,-1\n')
    table, ids, what = read_tracks(tmp_path / 't.txt', SIZE, 4)
    assert ids.tolist() == [1, 4]
    assert table.rles == [box_mask((0, 0, 2, 3)), box_mask((2, 4, 4, 6))]
    assert '2 boxes without a pixel left out' in what


def test_classes_of_mot_boxes(tmp_path):
    """As told: a car's rows are one; without a column they cannot be."""
    (tmp_path / 't.txt').write_text(
        '1,1,1,1,5,5,1,3,1\n1,2,8,1,5,5,1,1,1\n1,3,1,6,3,3,1,car,1\n')
    table, ids, _ = read_tracks(tmp_path / 't.txt', SIZE, 4,
                                classes={3: 1, 1: 1})
    assert (ids.tolist(), table.labels.tolist()) == ([1, 2, 3], [1, 1, 1])
    _, ids, _ = read_tracks(tmp_path / 't.txt', SIZE, 4, classes={3: 2})
    assert ids.tolist() == [1]
    with pytest.raises(ValueError, match=r't\.txt:1: .*no column has them'):
        read_tracks(mot(tmp_path / 't.txt', 1, ',1,-1,-1,-1'), SIZE, 4,
                    classes={1: 2})


@pytest.mark.parametrize('palette', [False, True])
def test_pngs_of_ids(tmp_path, palette):
    """As DAVIS and SAM 2 have them: a pixel is an object's number."""
    pixels = np.zeros(SIZE, np.uint8)
    pixels[1:5, 2:6], pixels[6:9, 8:12] = 1, 7
    for frame in range(4):
        image = Image.fromarray(pixels)
        if palette:
            image.putpalette([5 * k % 256 for k in range(768)])
        image.save(tmp_path / f'{frame:05d}.png')
    table, ids, line = read_tracks(tmp_path, SIZE, 4)
    assert ids.tolist() == [2001, 2007] * 4
    assert table.rles[:2] == [
        box_mask((2, 1, 6, 5)), box_mask((8, 6, 12, 9))]
    assert line == ('PNGs of ids, 0-based, 4 frames, classes pedestrian 2; '
                    '8 bits a pixel have no class: all are pedestrians')
    assert set(read_tracks(tmp_path, SIZE, 4, classes={2: 1}
                           )[0].labels.tolist()) == {1}
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(
        tmp_path / '00000.png')
    with pytest.raises(ValueError, match=r'00000\.png: 8 bits, coloured'):
        read_tracks(tmp_path, SIZE, 4)


def test_mot_ground_truth(tmp_path):
    """Of a data set, rows not to be considered are no tracks."""
    (tmp_path / 't.txt').write_text(
        '1,1,1,1,4,4,1,1,0.9\n1,2,6,1,4,4,0,1,1\n1,3,6,1,4,4,1,7,1\n')
    _, ids, what = read_tracks(tmp_path / 't.txt', SIZE, 4)
    assert ids.tolist() == [1]
    assert '2 rows not to be considered left out' in what


def test_detections_are_no_tracks(tmp_path):
    """MOT's own detections have the id -1; COCO results have none."""
    (tmp_path / 't.txt').write_text('1,-1,1,1,4,4,0.9,-1,-1,-1\n')
    with pytest.raises(ValueError, match=r't\.txt:1: id -1: detections'):
        read_tracks(tmp_path / 't.txt', SIZE)
    with pytest.raises(ValueError, match='entry 0: neither track_id nor'):
        read_tracks(dump(tmp_path / 't.json', [{
            'image_id': 1, 'category_id': 1, 'score': 1,
            'segmentation': text_rle(TABLE.rles[0])}]), SIZE)


@pytest.mark.parametrize('ids', ['track_id', 'instance_id'])
def test_cocovid(tmp_path, ids):
    """The video by its name; frames by the list of images."""
    path = dump(tmp_path / 't.json', cocovid(ids=ids))
    found = read_tracks(path, SIZE, 4, sequence='v2')
    same(found)
    assert 'video train/v2' in found[2]
    assert 'classes pedestrian 2' in found[2]
    with pytest.raises(ValueError, match=r"2 videos, v1, train/v2; .*'v3'"):
        read_tracks(path, SIZE, 4, sequence='v3')


def test_cocovid_of_one_video(tmp_path):
    """Then its name does not matter, but it is in the line."""
    content = cocovid(others=False)
    content['videos'] = content['videos'][1:]
    content['images'] = content['images'][4:]
    path = dump(tmp_path / 't.json', content)
    found = read_tracks(path, SIZE, 4, sequence='clip')
    same(found)
    assert 'video train/v2' in found[2]


def test_some_images_are_listed(tmp_path):
    """A list of annotated images alone: frame_id tells, or their names."""
    content = cocovid(others=False)
    content['images'] = [
        image for image in content['images'] if image['id'] != 22]
    path = dump(tmp_path / 't.json', content)
    same(read_tracks(path, SIZE, 4, sequence='v2'))
    for image in content['images']:
        del image['frame_id']
    path = dump(tmp_path / 'u.json', content)
    same(read_tracks(path, SIZE, 4, sequence='v2', img_paths=[
        f'/data/v2/img1/{k:06}.jpg' for k in (1, 2, 3, 4)]))
    with pytest.raises(ValueError, match='3 images for 4 frames'):
        read_tracks(path, SIZE, 4, sequence='v2')


def test_boxes_in_json(tmp_path):
    """Entries without masks: the box, and it is said."""
    found = read_tracks(dump(tmp_path / 't.json', cocovid(masks=False)),
                        SIZE, 4, sequence='v2')
    same(found)
    assert 'boxes, no masks: the mask is the box' in found[2]


@pytest.mark.parametrize('sequence', ['2', None, 'clip'])
def test_youtube_vis(tmp_path, sequence):
    """A list of objects; one video alone, or by its id."""
    path = dump(tmp_path / 't.json', youtube_vis())
    found = read_tracks(path, SIZE, 4, sequence=sequence)
    same(found, order_of_ids=False)
    assert found[2].startswith('YouTube-VIS tracks, 3 frames')
    assert found[0].scores.tolist() == [0.5] * len(ROWS)


def test_youtube_vis_of_several(tmp_path):
    """By the id, or by the name that another file has for it."""
    path = dump(tmp_path / 't.json', youtube_vis(1)[:1] + youtube_vis())
    lists = dump(tmp_path / 'a.json', {'videos': [
        {'id': 1, 'name': 'walk'}, {'id': 2, 'name': 'run'}]})
    same(read_tracks(path, SIZE, 4, sequence='2'), order_of_ids=False)
    same(read_tracks(path, SIZE, 4, sequence='run', ann_file=lists),
         order_of_ids=False)
    with pytest.raises(ValueError, match="which one is 'run' is not said"):
        read_tracks(path, SIZE, 4, sequence='run')


def test_youtube_vis_data_set(tmp_path):
    """Annotations of videos, not results."""
    found = read_tracks(dump(tmp_path / 't.json', {
        'videos': [{'id': 2, 'name': 'v2', 'length': 4}], 'categories': [
            {'id': 1, 'name': 'person'}],
        'annotations': youtube_vis()}), SIZE, 4, sequence='v2')
    same(found, order_of_ids=False)


@pytest.mark.parametrize('first', [0, 1])
@pytest.mark.parametrize('lines', [False, True])
def test_results_with_ids(tmp_path, first, lines):
    """A list, or JSON lines; image_id is the frame."""
    entries = [{
        'image_id': frame + first - 1, 'category_id': 1, 'track_id': number,
        'score': 0.5, 'segmentation': text_rle(rle)}
        for (frame, number, _), rle in zip(ROWS, TABLE.rles, strict=True)]
    path = tmp_path / 't.json'
    path.write_text('\n'.join(map(json.dumps, entries)) if lines
                    else json.dumps(entries))
    found = read_tracks(path, SIZE, 4)
    same(found)
    assert f'{first}-based' in found[2]


@pytest.mark.parametrize(('category', 'classes', 'labels', 'says'), [
    (1, None, 2, ''), (3, None, 1, ''),
    (26, None, 2, 'category 26 taken for pedestrians'), (26, {26: 1}, 1, '')])
def test_categories(tmp_path, category, classes, labels, says):
    """COCO's person and car; a single one of another number; or as told."""
    results = youtube_vis()
    for entry in results:
        entry['category_id'] = category
    table, _, what = read_tracks(
        dump(tmp_path / 't.json', results), SIZE, 4, classes=classes)
    assert set(table.labels.tolist()) == {labels}
    assert says in what
    results[0]['category_id'] = 77
    if category == 26 and classes is None:
        with pytest.raises(ValueError, match=r'categories \[26, 77\]'):
            read_tracks(dump(tmp_path / 't.json', results), SIZE, 4)


def test_pngs(tmp_path):
    """A folder of instance PNGs, from 0 or from 1."""
    for first in (0, 1):
        folder = tmp_path / str(first)
        write_instance_pngs(folder, TABLE, IDS + 2000, 4, first)
        found = read_tracks(folder, SIZE, 4)
        same((found[0], found[1] - 2000, found[2]))
        assert f'instance PNGs, {first}-based' in found[2]


def test_packed_with_a_mark_and_tabs(tmp_path):
    """As it comes from other machines."""
    text = mots(tmp_path / 't.txt').read_text()
    path = tmp_path / 'T.TXT.GZ'
    path.write_bytes(gzip.compress(
        ('\ufeff\n' + text.replace(' ', ' \t') + '\n\n').encode()))
    same(read_tracks(path, SIZE, 4))


def test_regions_to_ignore(tmp_path):
    """Class 10 is no track."""
    path = mots(tmp_path / 't.txt')
    with path.open('a') as file:
        file.write('4 10000 10 12 16 ' + box_mask(
            (0, 10, 16, 12))['counts'].decode() + '\n')
    found = read_tracks(path, SIZE, 4)
    same(found)
    assert '1 regions to ignore left out' in found[2]


def test_parts_of_a_mask(tmp_path):
    """One id in two lines of a frame: refused, or joined if asked for."""
    path = mots(tmp_path / 't.txt')
    with path.open('a') as file:
        file.write('1 7 2 12 16 ' + box_mask(
            (4, 0, 6, 6))['counts'].decode() + '\n')
    with pytest.raises(ValueError, match=r':6: id 7 stands twice.*join_par'):
        read_tracks(path, SIZE, 4)
    table, ids, what = read_tracks(
        path, SIZE, 4, options=ReadingOptions(join_parts=True))
    assert len(ids) == len(ROWS)
    assert table.rles[0] == box_mask((0, 0, 6, 6))
    assert table.boxes[0].tolist() == [0, 0, 6, 6]
    assert '1 parts joined' in what


@pytest.mark.parametrize(('content', 'message'), [
    ('1 2 3', r't\.txt:1: 3 columns'),
    ('{}', r't\.txt: COCO'), ('[{]', r't\.txt: not JSON'),
    ('1 1 2 12 16 0o', r't\.txt:1: RLE breaks off'),
    ('1,1,1,1,4,4,1,-1,-1,-1\n1,2,1', r't\.txt:2: 3 columns'),
    ('1,1,1,1,4,4,1,-1,-1,-1\n1,2.5,1,1,1,1', r"t\.txt:2: id '2\.5'")])
def test_what_is_wrong(tmp_path, content, message):
    """One error, with the file and where."""
    (tmp_path / 't.txt').write_text(content)
    with pytest.raises(ValueError, match=message):
        read_tracks(tmp_path / 't.txt', SIZE, 4)


def entries(**changes):
    """A data set with ids of one video, each annotation changed."""
    content = cocovid(others=False)
    content['annotations'] = [
        {key: change(entry) if callable(change) else change
         for key, change in {**entry, **changes}.items()
         if change is not None} for entry in content['annotations']]
    return content


def images_called(name):
    """The same, where images have other names and no frame_id."""
    content = cocovid(others=False)
    content['images'] = sorted((
        {'id': image['id'], 'video_id': image['video_id'],
         'file_name': name.format(image['frame_id'] + 1)}
        for image in content['images']), key=lambda image: str(image['id']))
    return content


@pytest.mark.parametrize('content', [
    entries(track_id=lambda entry: str(entry['track_id'])),
    entries(track_id=None, attributes=lambda entry: {
        'occluded': False, 'track_id': entry['track_id']}),
    entries(video_id='2'), entries(category_id='5'),
    entries(category_id='person'),
    {**cocovid(others=False), 'categories': [{'id': '5', 'name': 'Person '}]},
    images_called('img_{:05}.png'), images_called('f{}.jpg'),
    images_called('{0:06}_jpg.rf.3b2a{0}.jpg')])
def test_ids_and_names_in_json(tmp_path, content):
    """Numbers as text, names in place of numbers, and of other tools."""
    paths = [f'/data/v2/img1/{k:06}.jpg' for k in range(1, 5)]
    same(read_tracks(dump(tmp_path / 't.json', content), SIZE, 4,
                     sequence='v2', img_paths=paths))


BOXES = [(1, 7, 2, 1, 8, 6), (2, 7, 3, 1, 9, 6), (3, 7, 7, 4, 15, 11)]


def box_text(form, tail='1,-1,-1,-1', head=''):
    return head + ''.join(
        f'{frame},{number},{",".join(map(str, form(*box)))},{tail}\n'
        for frame, number, *box in BOXES)


def sides(x1, y1, x2, y2):
    return x1, y1, x2 - x1, y2 - y1


@pytest.mark.parametrize('content', [
    box_text(sides, '1,person,1'),
    box_text(sides, head='frame,id,x,y,w,h,conf,x,y,z\n')])
def test_mot_of_tools(tmp_path, content):
    """CVAT names the class, others the columns."""
    (tmp_path / 't.txt').write_text(content)
    table, ids, line = read_tracks(tmp_path / 't.txt', SIZE, 4)
    assert table.boxes.tolist() == [list(box) for _, _, *box in BOXES]
    assert ids.tolist() == [7, 7, 7]
    assert line.startswith('MOT text, 1-based, 3 frames')


def as_json(form):
    return json.dumps([{
        'image_id': frame, 'track_id': number, 'category_id': 1,
        'score': 0.5, 'bbox': form(*box)} for frame, number, *box in BOXES])


def corners(*box):
    return box


def shares(x1, y1, x2, y2):
    return x1 / 16, y1 / 12, (x2 - x1) / 16, (y2 - y1) / 12


LINE = '{} {} {} 12 16 ' + TABLE.rles[0]['counts'].decode()


@pytest.mark.parametrize(('content', 'message'), [
    (box_text(corners), '1 of 3 boxes reach out.*x1, y1, x2, y2, where'),
    (as_json(corners), '1 of 3 boxes reach out.*x1, y1, x2, y2, where'),
    (box_text(shares), 'none of 3 boxes has more than a pixel.*16x12'),
    (as_json(shares), 'none of 3 boxes has more than a pixel.*16x12'),
    (box_text(sides, '1,3,1'), 'no tracks of people: 3 rows not to be'),
    (box_text(sides, 'nan,-1,-1,-1'), ":1: score 'nan' is not a finite"),
    (LINE.format(1, 2, 2001), ':1: class 2001: is it the id'),
    (LINE.format(1, 9 * 10**10, 2), ":1: id '90+' is larger than 10000000000"),
    (LINE.format('1' * 400, 7, 2), r':1: frame .{,60}$'),
    (LINE.format(1, 7, 0), 'id 7 is of class 0.*classes={0: 2} takes it for'),
    (LINE.format(1, 7, 1) + '\n' + LINE.format(2, 7, 2),
     'id 7 is of class 1, but in frame 2 of class 2'),
    (json.dumps([{'image_id': 1, 'track_id': 1}]), 'entry 0: category_id'),
    (json.dumps({**cocovid(), 'images': cocovid()['images'] * 2}),
     'two images have the id 10')])
def test_what_would_be_another_result(tmp_path, content, message):
    """Said before work begins, not taken for something it is not."""
    path = tmp_path / 't.txt'
    path.write_text(content)
    with pytest.raises(ValueError, match=rf't\.txt.*({message})'):
        read_tracks(path, SIZE, 4, sequence='v2')


def test_classes_of_a_text(tmp_path):
    """A tracker's own numbers, as the caller knows them."""
    path = mots(tmp_path / 't.txt')
    path.write_text(path.read_text().replace(' 2 12 ', ' 0 12 '))
    same(read_tracks(path, SIZE, 4, classes={0: 2}))


def test_no_tracks(tmp_path):
    """An empty file is a table without rows."""
    (tmp_path / 't.txt').write_text('')
    table, ids, what = read_tracks(tmp_path / 't.txt', SIZE, 4)
    assert (len(table), len(ids), table.size) == (0, 0, SIZE)
    assert 'no masks' in what
    with pytest.raises(FileNotFoundError):
        read_tracks(tmp_path / 'u.txt', SIZE, 4)


def test_real_files(shared_data, tmp_path):
    """KITTI's, and pedestrians as their boxes alone."""
    found = read_tracks(shared_data / 'kitti_mots' / '0002.txt', (375, 1242))
    table, ids = read_mots(
        shared_data / 'kitti_mots' / '0002.txt', first_frame=0)
    objects = table.labels != 10
    assert found[0].rles == table.take(objects).rles
    assert found[1].tolist() == ids[objects].tolist()
    assert found[2].startswith('KITTI MOTS text, 0-based, ')

    table, ids = read_mots(
        shared_data / 'pedestrians' / 'TUD-Campus' / 'gt' / 'gt.txt')
    sides = table.boxes.copy()
    sides[:, 2:] -= sides[:, :2]
    np.savetxt(tmp_path / 'mot.txt', np.column_stack(
        [table.frames, ids, sides, np.ones((len(ids), 1)),
         -np.ones((len(ids), 3))]), delimiter=',')
    boxes, of_boxes, _ = read_tracks(tmp_path / 'mot.txt', table.size, 71)
    np.testing.assert_array_equal(boxes.boxes, table.boxes)
    np.testing.assert_array_equal(of_boxes, ids)
    disjoint = resolve_overlaps(
        boxes.rles[:5], np.arange(5))  # Boxes overlap; masks of a run do not.
    assert len(disjoint) == 5
    write_mots(tmp_path / 'again.txt', table, ids)
    again = read_tracks(tmp_path / 'again.txt', table.size, 71)
    assert again[0].rles == table.rles
