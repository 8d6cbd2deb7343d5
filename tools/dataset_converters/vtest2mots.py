"""A real, small, annotated set out of a video that OpenCV brings.

    python tools/dataset_converters/vtest2mots.py vtest.avi -o data/vtest

vtest.avi (768x576, 10 frames a second) lies in OpenCV's samples, in Debian's
package opencv-doc and at https://github.com/opencv/opencv in samples/data. It
is view 1 of S2.L1 of PETS 2009. Of its first 200 frames this makes a sequence
as MOTChallenge lays it out:

- ``det/hog.txt``: boxes of OpenCV's HOG people detector. They lie in
  vtest_hog.txt beside this file, as versions of OpenCV differ; with --detect
  they are found again, which takes minutes.
- ``gt/gt.txt``: nine people, annotated by eye in every tenth frame, and where
  they come, go or turn: vtest_people.txt. Between, boxes move in straight
  lines.

The camera stands still, so the pixels of a box are those that differ from the
background, the median of the video. **The masks of the annotation are derived
in the same way as those of the detections**: they tell who is where, not how
good a mask is.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mmremots.apis.command_line import one_line_errors
from mmremots.formats import write_detections, write_mots
from mmremots.structures import Observations
from mmremots.structures.classes import PEDESTRIAN
from mmremots.structures.masks import rle_bbox, rles_from_label_map

HERE = Path(__file__).parent
HOG, PEOPLE = HERE / 'vtest_hog.txt', HERE / 'vtest_people.txt'
NAME, NUM_FRAMES, FRAME_RATE = 'vtest', 200, 10
#: What is called different from the background, in grey levels.
_DIFFERENCE = 22
#: Pixels by which an annotated box may be off between two key frames.
_MARGIN = 4
#: A detection of which less is no background is one of the background.
_MIN_FILLED = 0.25


def read_video(path: Path) -> NDArray[np.uint8]:
    """All frames, (T, H, W, 3) BGR.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is another video.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such video')
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    if len(frames) != 795 or frames[0].shape != (576, 768, 3):
        size = frames[0].shape[1::-1] if frames else '-'
        raise ValueError(
            f'{path}: {len(frames)} frames of {size}, but vtest.avi has 795 '
            'of (768, 576)')
    return np.stack(frames)


def foreground(image: NDArray[np.uint8],
               background: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where an image differs from the background, (H, W)."""
    moved = cv2.GaussianBlur(cv2.absdiff(image, background), (5, 5), 0)
    mask = (moved.max(axis=2) > _DIFFERENCE).astype(np.uint8)
    for operation, size in ((cv2.MORPH_OPEN, 3), (cv2.MORPH_CLOSE, 7)):
        mask = cv2.morphologyEx(mask, operation, np.ones((size, size)))
    return mask > 0


def detect(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Rows of frame, x, y, width, height, score: what HOG finds.

    Of the window of the detector, which is larger than a person, the part
    where one is; the score is 1 - exp(-distance to the margin).
    """
    hog, rows = cv2.HOGDescriptor(), []
    hog.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())
    for frame, image in enumerate(images, 1):
        windows, margins = hog.detectMultiScale(
            cv2.resize(image, None, fx=2, fy=2), winStride=(8, 8),
            scale=1.05, groupThreshold=0)
        # OpenCV's threads find them in any order.
        found = np.column_stack([np.reshape(windows, (-1, 4)),
                                 np.ravel(margins)])
        found = found[np.lexsort(found.T[::-1])]
        boxes = (found[:, :4] / 2) @ np.array(
            [[1, 0, 0, 0], [0, 1, 0, 0], [.22, 0, .56, 0], [0, .11, 0, .78]])
        scores = 1 - np.exp(-found[:, 4])
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.25, 0.45)
        rows += [[frame, *boxes[k].round(), scores[k]]
                 for k in sorted(np.ravel(kept).astype(int))]
    return np.array(rows)


def people_of(keys: NDArray[np.float64], frame: int) -> NDArray[np.float64]:
    """Rows of id, x1, y1, x2, y2: who is there in a frame.

    Args:
        keys: Rows of frame, id, x1, y1, x2, y2; of each id the first is
            where it comes and the last where it goes.
        frame: The frame.
    """
    found = []
    for person in np.unique(keys[:, 1]):
        mine = keys[keys[:, 1] == person]
        if mine[0, 0] <= frame <= mine[-1, 0]:
            found.append([person, *(
                np.interp(frame, mine[:, 0], side) for side in mine[:, 2:].T)])
    return np.array(found).reshape(-1, 5)


def fill(boxes: NDArray[np.float64],
         mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The pixels of each box x1, y1, x2, y2 that are in the mask."""
    filled = []
    for x1, y1, x2, y2 in np.rint(np.clip(boxes, 0, None)).astype(int):
        one = np.zeros_like(mask)
        one[y1:y2, x1:x2] = mask[y1:y2, x1:x2]
        filled.append(one)
    return filled


def table(found: list[tuple[int, float, NDArray[np.bool_]]],
          size: tuple[int, int]) -> Observations:
    """A table of frame, score and mask of people."""
    frames, scores, masks = zip(*found, strict=True)
    rles = [rles_from_label_map(mask.astype(np.uint8), 1)[0]
            for mask in masks]
    return Observations(
        np.array(frames, np.int64), rle_bbox(rles).astype(np.float32),
        np.array(scores, np.float32),
        np.full(len(rles), PEDESTRIAN, np.int64), rles, size)


def convert(video: Path, out: Path, again: bool = False) -> None:
    """Write the sequence.

    Args:
        video: vtest.avi.
        out: The data root to make.
        again: Whether to run the detector, and to take what it finds
            (vtest_hog.txt in ``out``) in place of ``HOG``.
    """
    frames = read_video(video)
    some = frames[::5]
    background = np.partition(some, len(some) // 2, axis=0)[len(some) // 2]
    images = frames[:NUM_FRAMES]
    hog = HOG
    if again:
        out.mkdir(parents=True, exist_ok=True)
        hog = out / HOG.name
        np.savetxt(hog, detect(images), fmt='%d %d %d %d %d %.4f')
    boxes, keys = np.loadtxt(hog), np.loadtxt(PEOPLE)
    boxes[:, 3:5] += boxes[:, 1:3]
    folder = out / NAME
    for part in ('img1', 'det', 'gt'):
        (folder / part).mkdir(parents=True, exist_ok=True)
    detected, people, ids = [], [], []
    for frame, image in enumerate(images, 1):
        cv2.imwrite(str(folder / 'img1' / f'{frame:06d}.png'), image)
        mask = foreground(image, background)
        mine = boxes[boxes[:, 0] == frame]
        for box, one in zip(mine, fill(mine[:, 1:5], mask), strict=True):
            x1, y1, x2, y2 = np.clip(box[1:5], 0, None).astype(int)
            if one.any() and mask[y1:y2, x1:x2].mean() >= _MIN_FILLED:
                detected.append((frame, box[5], one))
        here = people_of(keys, frame)
        # Of two people the one whose feet are lower stands in front.
        free = mask.copy()
        here = here[np.argsort(-here[:, 4])]
        wide = here[:, 1:] + [-_MARGIN, -_MARGIN, _MARGIN, _MARGIN]
        for person, box in zip(here[:, 0], wide, strict=True):
            one = fill(box[None], free)[0]
            free &= ~one
            if one.any():
                people.append((frame, 1.0, one))
                ids.append(int(person))
    size = images.shape[1:3]
    write_detections(folder / 'det' / 'hog.txt', table(detected, size))
    write_mots(folder / 'gt' / 'gt.txt', table(people, size), ids)
    (folder / 'seqinfo.ini').write_text(
        f'[Sequence]\nname={NAME}\nimDir=img1\nframeRate={FRAME_RATE}\n'
        f'seqLength={NUM_FRAMES}\nimWidth={size[1]}\nimHeight={size[0]}\n'
        'imExt=.png\n')
    print(f'{folder}: {NUM_FRAMES} frames, {len(detected)} detections, '
          f'{len(set(ids))} people in {len(people)} masks')


def main() -> None:
    """Convert."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('video', type=Path)
    parser.add_argument('-o', '--out', type=Path, default=Path('data/vtest'))
    parser.add_argument('--detect', action='store_true',
                        help='find the detections again')
    args = parser.parse_args()
    convert(args.video, args.out, args.detect)


if __name__ == '__main__':
    with one_line_errors():
        main()
