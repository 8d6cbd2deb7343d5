"""Tracks go out in every form, and come back as they were."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.formats.tracks import VideoTracks
from mmremots.structures.masks import encode_mask, rles_from_label_map
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video

SIZE = (6, 9)


@st.composite
def videos(draw: st.DrawFn) -> VideoTracks:
    """Tracks with disjoint masks, an id a frame, in some frames none."""
    num_frames = draw(st.integers(1, 4))
    frames, ids, labels, masks = [], [], [], []
    class_of: dict[int, int] = {}
    for frame in range(1, num_frames + 1):
        pixels = np.array(draw(st.lists(
            st.integers(0, 3), min_size=54, max_size=54))).reshape(SIZE)
        numbers = draw(st.permutations(range(1, 6)))
        for k, mask in enumerate(rles_from_label_map(pixels, 3)):
            if (pixels == k + 1).any():
                frames.append(frame)
                masks.append(mask)
                ids.append(numbers[k])
                labels.append(class_of.setdefault(
                    numbers[k], draw(st.sampled_from([1, 2]))))
    scores = draw(st.lists(
        st.floats(0, 1, width=32), min_size=len(ids), max_size=len(ids)))
    return VideoTracks.from_arrays(
        frames, ids, masks, num_frames, labels, scores, size=SIZE,
        frame_rate=draw(st.sampled_from([25.0, 30000 / 1001])), name='a b',
        thresholds={'merging': {'2': {'value': .5, 'rule': 'crossing'}}})


def rows(tracks: VideoTracks, *, scored: bool = True) -> list:
    """What tracks hold, in an order of their own."""
    return sorted(
        (frame, number, label, mask['counts'], tuple(mask['size']), *(
            [score, *box] if scored else []))
        for frame, number, label, mask, score, box in zip(
            tracks.frames.tolist(), tracks.ids.tolist(),
            tracks.labels.tolist(), tracks.masks, tracks.scores.tolist(),
            tracks.boxes.tolist(), strict=True))


def same(found: VideoTracks, tracks: VideoTracks) -> None:
    """All of it, but for the images."""
    assert rows(found) == rows(tracks)
    for name in ('num_frames', 'frame_rate', 'name', 'thresholds', 'size'):
        assert getattr(found, name) == getattr(tracks, name), name


@settings(max_examples=25)
@given(videos())
def test_text_comes_back(tracks: VideoTracks) -> None:
    """Frames, ids, classes and masks, whatever the first frame is called."""
    path = Path('tracks.txt')
    for write, first in ((tracks.to_mots_txt, 1), (tracks.to_kitti_txt, 0)):
        write(path)
        found = VideoTracks.read(path, SIZE, tracks.num_frames, first)
        assert rows(found, scored=False) == rows(tracks, scored=False)


@settings(max_examples=25)
@given(videos())
def test_pngs_come_back(tracks: VideoTracks) -> None:
    """Ids are then class * 1000 + id, as in the MOTS format."""
    tracks.to_pngs('pngs')
    found = VideoTracks.read('pngs', SIZE, tracks.num_frames, 0)
    numbered = replace(tracks, ids=tracks.labels * 1000 + tracks.ids)
    assert rows(found, scored=False) == rows(numbered, scored=False)
    for path in Path('pngs').iterdir():
        path.unlink()


@settings(max_examples=25)
@given(videos())
def test_coco_comes_back(tracks: VideoTracks) -> None:
    """Scores, boxes, frame rate and thresholds, too; no size is needed."""
    tracks.to_coco('tracks.json')
    same(VideoTracks.read('tracks.json'), tracks)


@settings(max_examples=25)
@given(videos())
def test_dataframe_comes_back(tracks: VideoTracks) -> None:
    """All of it."""
    pytest.importorskip('pandas')
    same(VideoTracks.from_dataframe(tracks.to_dataframe()), tracks)


@settings(max_examples=25)
@given(videos())
def test_supervision_comes_back(tracks: VideoTracks) -> None:
    """All that supervision has: no frame rate, no name."""
    pytest.importorskip('supervision')
    frames = list(tracks.to_supervision())
    assert len(frames) == tracks.num_frames
    assert rows(VideoTracks.from_supervision(frames, SIZE)) == rows(tracks)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def one(**about: object) -> VideoTracks:
    mask = np.zeros(SIZE, bool)
    mask[1:4, 2:5] = True
    return VideoTracks.from_arrays(
        [2, 1], [7, 7], [mask, mask], num_frames=3, **about)


def test_arrays_in_any_order() -> None:
    """Boxes, scores and labels as asked for, or as anybody would expect."""
    tracks = one(scores=[.25, .5])
    assert tracks.frames.tolist() == [1, 2]
    assert tracks.scores.tolist() == [.5, .25]
    assert tracks.labels.tolist() == [2, 2]
    assert tracks.boxes.tolist() == [[2, 1, 5, 4]] * 2
    assert repr(tracks) == 'VideoTracks(video: 1 tracks, 2 masks, 3 frames)'


def test_csv(tmp_path: Path) -> None:
    """A table survives where its attrs do not."""
    pandas = pytest.importorskip('pandas')
    one().to_dataframe().to_csv('tracks.csv', index=False)
    found = VideoTracks.from_dataframe(
        pandas.read_csv('tracks.csv'), num_frames=3)
    assert rows(found) == rows(one())
    table = one().to_dataframe()
    table['rle'] = [text.encode() for text in table['rle']]  # pycocotools'.
    assert rows(VideoTracks.from_dataframe(table)) == rows(one())


def test_boxes_of_supervision() -> None:
    """Without masks the mask is the box; classes are mapped."""
    sv = pytest.importorskip('supervision')
    found = sv.Detections(
        xyxy=np.array([[2., 1, 5, 4], [0, 0, 9, 6]]),
        class_id=np.array([0, 5]), tracker_id=np.array([7, 8]))
    tracks = VideoTracks.from_supervision(
        [sv.Detections.empty(), found], SIZE, {0: 2}, frame_rate=10)
    assert (tracks.num_frames, tracks.frame_rate) == (2, 10)
    assert rows(tracks) == rows(replace(
        one(), table=one().table.take([1]), ids=np.array([7])))
    found.tracker_id = None
    with pytest.raises(ValueError, match='frame 1: no tracker_id'):
        VideoTracks.from_supervision([found], SIZE)


def test_draw() -> None:
    """Over the image given, or that of the video."""
    image = np.full((*SIZE, 3), 9, np.uint8)
    drawing = one().draw(1, image)
    assert (drawing != image).any()
    assert (one().draw(3, image) == image).all()
    with pytest.raises(ValueError, match='images are not there'):
        one().draw(1)
    with pytest.raises(IndexError, match='no frame 4'):
        one().draw(4, image)
    video = Video('video', ('missing.png', ), *SIZE, 30.0, None)
    with pytest.raises(FileNotFoundError):
        one(video=video).draw(1)


@pytest.mark.parametrize(('frames', 'ids', 'message'), [
    ([1, 1], [3, 3], 'id 3 twice in frame 1'),
    ([1, 4], [3, 3], 'frames 1 to 4, but those of the video are 1 to 3'),
    ([0, 1], [3, 3], 'frames 0 to 1'),
    ([1, 2], [3, -1], 'not one id >= 0'),
    ([1, 2], [3], '2 frames, 2 masks, 1 ids'),
])
def test_what_is_no_tracks(frames: list, ids: list, message: str) -> None:
    """Found when the object is made, not when it is written."""
    masks = [encode_mask(np.ones(SIZE))] * 2
    with pytest.raises(ValueError, match=message):
        VideoTracks.from_arrays(frames, ids, masks, num_frames=3)


def test_no_size() -> None:
    """No masks, and nobody says what size the images have."""
    with pytest.raises(ValueError, match='no size'):
        VideoTracks(Observations.empty(), np.zeros(0, np.int64), 3)
    one().to_mots_txt('tracks.txt')
    with pytest.raises(ValueError, match=r'tracks\.txt: say the size'):
        VideoTracks.read('tracks.txt')


def test_same_scores_in_either_form(tmp_path: Path) -> None:
    """TrackEval sees the same result, from whichever form it came."""
    from mmremots.datasets.sample.build import render_sample
    from mmremots.datasets.sample.render import SequenceSpec
    from mmremots.datasets.sequences import find_sequences
    from mmremots.evaluation.mots_evaluation import evaluate_mots

    render_sample(tmp_path / 'data', [SequenceSpec(
        'TINY', 'test', seed=102, num_frames=6, num_people=4)])
    video, = find_sequences(tmp_path / 'data' / 'test')
    truth = VideoTracks.read(video.gt_path, video.size, video.num_frames)
    rng = np.random.default_rng(0)
    kept = rng.random(len(truth)) < .8
    tracks = VideoTracks(
        truth.table.take(kept), truth.ids[kept] + (truth.frames[kept] > 3),
        video.num_frames, name='TINY', video=video)
    tracks.to_coco('t.json')
    tracks.to_kitti_txt('k.txt')
    tracks.to_pngs('pngs')
    about = dict(size=video.size, num_frames=video.num_frames)
    forms = [tracks, VideoTracks.read('t.json'),
             VideoTracks.read('k.txt', first_frame=0, **about),
             VideoTracks.read('pngs', first_frame=0, **about)]
    for module, name in (('pandas', 'dataframe'),
                         ('supervision', 'supervision')):
        try:
            __import__(module)
        except ImportError:
            continue
        out = getattr(tracks, f'to_{name}')()
        forms.append(getattr(VideoTracks, f'from_{name}')(
            out, **({'size': video.size} if name == 'supervision' else {})))
    scores = []
    for form in forms:
        form.to_mots_txt('out/TINY.txt')
        scores.append(evaluate_mots([video], 'out'))
    assert scores[0]
    assert all(str(other) == str(scores[0]) for other in scores[1:])
