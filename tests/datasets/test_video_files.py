"""Video files and folders as targets: every frame, in order, once."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremots.datasets import VideoFiles, read_video, write_sequence
from mmremots.structures.video import read_frame

SIZE = (48, 64)


def grey(number: int) -> np.ndarray:
    """A frame that tells its number by its grey, through compression."""
    return np.full((*SIZE, 3), 20 * number, np.uint8)


def film(path: Path, count: int = 9, rate: float = 29.97) -> Path:
    """A video file of frames of growing grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*'mp4v'), rate, SIZE[::-1])
    if not writer.isOpened():
        pytest.skip('OpenCV here cannot encode mp4')
    for number in range(1, count + 1):
        writer.write(grey(number % 10))
    writer.release()
    return path


def images(folder: Path, count: int = 3) -> Path:
    """A folder of images, as any tool writes them."""
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        cv2.imwrite(str(folder / f'{number:06d}.png'), grey(number))
    return folder


def dataset(files: object, frames_dir: Path, **options: object) -> VideoFiles:
    return VideoFiles(files, frames_dir, test_mode=True, **options)


def test_a_video_file(tmp_path: Path) -> None:
    """Its frames, its rate, and what a decoder gives, without a loss."""
    path = film(tmp_path / 'my clip [1].mp4')
    video, = dataset(path, tmp_path / 'frames').sequences
    assert video.name == 'my clip [1]'
    assert (video.num_frames, video.size) == (9, SIZE)
    assert video.frame_rate == pytest.approx(29.97)
    decoded = list(read_video(path))
    for number, frame in enumerate(decoded, 1):
        assert abs(int(frame.mean()) - 20 * number) < 6
        assert (read_frame(video, number) == frame).all()


def test_decoded_once(tmp_path: Path) -> None:
    """Kept while the file is the same; made again for another."""
    path = film(tmp_path / 'clip.mp4')
    video, = dataset(path, tmp_path / 'frames').sequences
    first = Path(video.img_paths[0])
    before = first.stat().st_mtime_ns
    dataset([str(path)], tmp_path / 'frames')
    assert first.stat().st_mtime_ns == before
    film(path, count=4)
    video, = dataset(path, tmp_path / 'frames').sequences
    assert video.num_frames == 4
    video, = dataset(path, tmp_path / 'frames', frame_rate=10).sequences
    assert video.frame_rate == 10


def test_folders_are_linked(tmp_path: Path) -> None:
    """Nothing is copied, and what lies beside the images is found."""
    folder = images(tmp_path / 'walk' / 'img1')
    (tmp_path / 'walk' / 'gt').mkdir()
    (tmp_path / 'walk' / 'gt' / 'gt.txt').write_text('')
    for source in (folder, tmp_path / 'walk'):
        for rate in (None, 12.5):
            video, = dataset(
                source, tmp_path / 'frames', frame_rate=rate).sequences
            assert (video.name, video.num_frames) == ('walk', 3)
            assert video.frame_rate == (rate or 30)
            assert video.gt_path is not None
            assert Path(video.img_paths[0]).resolve().parent == folder
    assert len(list(folder.iterdir())) == 3


def test_nothing_else_is_removed(tmp_path: Path) -> None:
    """Frames are to go where a user's own folder is."""
    folder = images(tmp_path / 'frames' / 'walk')
    with pytest.raises(ValueError, match='something else is here'):
        dataset(folder, tmp_path / 'frames')
    with pytest.raises(ValueError, match='something else is here'):
        write_sequence(folder, lambda: [grey(1)], 30)
    assert len(list(folder.iterdir())) == 3


def test_a_stop_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """What is not whole is not taken for a video."""
    def frames():
        yield grey(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sequence(tmp_path / 'v', frames, 30)
    assert not (tmp_path / 'v').exists()
    write_sequence(tmp_path / 'v', lambda: [grey(1), grey(2)], 30)
    assert len(list((tmp_path / 'v' / 'img1').iterdir())) == 2


@pytest.mark.parametrize(('frames', 'message'), [
    ([], 'v: no frames'),
    ([grey(1), np.zeros((4, 4, 3), np.uint8)], 'frame 2 is 4x4'),
    ([np.zeros(SIZE)], 'frame 1 is float64'),
    ([np.zeros((*SIZE, 4), np.uint8)], r'frame 1 .*not \(H, W, 3\)'),
])
def test_frames_that_are_none(
        tmp_path: Path, frames: list, message: str) -> None:
    """Said of the first one."""
    with pytest.raises(ValueError, match=message):
        write_sequence(tmp_path / 'v', lambda: frames, 30)


def test_a_film_of_a_phone(tmp_path: Path) -> None:
    """Is stored lying on its side, and says so: people stand upright."""
    path = film(tmp_path / 'clip.mp4', count=2)
    content = bytearray(path.read_bytes())
    turn = np.array([0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30], '>i4')
    at = content.index(b'tkhd') + 44  # The track's matrix.
    content[at:at + 36] = turn.tobytes()
    path.write_bytes(content)
    video, = dataset(path, tmp_path / 'frames').sequences
    assert video.size == SIZE[::-1]


@pytest.mark.parametrize('rate', [0, -5, float('nan'), float('inf'), '25'])
def test_frame_rates_that_are_none(tmp_path: Path, rate: object) -> None:
    """Said at once; 0 is not the same as not to know."""
    with pytest.raises(ValueError, match=f'frame_rate is {rate!r}, no num'):
        dataset(images(tmp_path / 'walk'), tmp_path / 'frames',
                frame_rate=rate)
    video, = dataset(tmp_path / 'walk', tmp_path / 'frames',
                     frame_rate=np.float32(12.5)).sequences
    assert video.frame_rate == 12.5


def test_files_that_are_no_videos(tmp_path: Path) -> None:
    """Named; two of one name would be one sequence."""
    with pytest.raises(FileNotFoundError, match=r'none\.mp4: no such'):
        dataset(tmp_path / 'none.mp4', tmp_path / 'frames')
    text = tmp_path / 'text.mp4'
    text.write_text('no video')
    with pytest.raises(ValueError, match=r'text\.mp4: OpenCV cannot'):
        dataset(text, tmp_path / 'frames')
    image = images(tmp_path / 'walk') / '000001.png'
    (tmp_path / 'gt').mkdir()
    (tmp_path / 'gt' / 'gt.txt').write_text('1 1 2\n' * 100)
    with pytest.raises(FileNotFoundError, match='/gt: no images in it'):
        VideoFiles(tmp_path / 'gt', tmp_path / 'frames')
    # FFmpeg draws the letters.
    with pytest.raises(ValueError, match=r'gt\.txt: text; a video'):
        VideoFiles(tmp_path / 'gt' / 'gt.txt', tmp_path / 'frames')
    with pytest.raises(ValueError, match=r'000001\.png: an image; a video'):
        dataset(image, tmp_path / 'frames')
    paths = [film(tmp_path / name / 'clip.mp4') for name in 'ab']
    with pytest.raises(ValueError, match='two videos are called clip'):
        dataset(paths, tmp_path / 'frames')


def test_a_film_that_breaks_off(tmp_path: Path) -> None:
    """What can be decoded is a video, and a warning says what is missing."""
    path = film(tmp_path / 'clip.avi', count=40)
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) * 2 // 3])
    try:
        video, = dataset(path, tmp_path / 'frames').sequences
    except ValueError as error:  # this OpenCV reads none of it
        assert 'clip' in str(error)  # noqa: PT017
        return
    assert 0 < video.num_frames < 40
