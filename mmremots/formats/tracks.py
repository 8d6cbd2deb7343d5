"""The tracks of a video as one object, and the forms they go out in."""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.structures.classes import PEDESTRIAN
from mmremots.structures.drawing import draw_masks
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import RLE, rle_bbox
from mmremots.structures.observations import Observations
from mmremots.structures.video import DEFAULT_FRAME_RATE, Video, read_frame

from .given_arrays import mask_rle, whole_numbers
from .instance_pngs import write_instance_pngs
from .observation_files import write_mots
from .track_files import read_tracks
from .tracks_elsewhere import (
    coco_of,
    columns_of_frame,
    frame_of,
    header_of_coco,
    supervision_of,
    tracked_detections,
)

if TYPE_CHECKING:
    import pandas
    import supervision

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class VideoTracks:
    """The tracks of one video: a row is one object in one frame.

    Files hold what their format has: text and PNGs frames, ids, classes and
    masks; COCO, a DataFrame and ``supervision`` scores and boxes, too; COCO
    and a DataFrame (in its ``attrs``) all of it but ``video``.

    Attributes:
        table: N rows, ordered by frame; their ``size`` is that of the images.
        ids: (N,) int64 >= 0, each once in a frame.
        num_frames: Number of frames of the video.
        frame_rate: Frames a second.
        name: Name of the video.
        thresholds: Where tracks are a run's: each threshold, by stage and
            class, with the rule that it came from.
        video: The images, while they are there; :meth:`draw` reads them.

    Raises:
        ValueError: There is not one id >= 0 a row, one stands twice in a
            frame, a frame lies outside of the video, or nobody says what
            size the images have.
    """

    table: Observations
    ids: NDArray[np.int64]
    num_frames: int
    frame_rate: float = DEFAULT_FRAME_RATE
    name: str = 'video'
    thresholds: dict[str, Any] = field(default_factory=dict)
    video: Video | None = None

    def __post_init__(self) -> None:
        if self.table.size is None:
            raise ValueError(f'{self.name}: no size of the images is given')
        if self.ids.shape != (len(self.table),) or (self.ids < 0).any():
            raise ValueError(f'{self.name}: not one id >= 0 for each mask')
        pairs = np.stack([self.frames, self.ids], axis=1)
        unique, times = np.unique(pairs, axis=0, return_counts=True)
        if (times > 1).any():
            frame, number = unique[np.argmax(times > 1)]
            raise ValueError(
                f'{self.name}: id {number} twice in frame {frame}')
        if len(pairs) and not 1 <= pairs[0, 0] <= pairs[-1, 0] <= (
                self.num_frames):
            raise ValueError(
                f'{self.name}: frames {pairs[0, 0]} to {pairs[-1, 0]}, but '
                f'those of the video are 1 to {self.num_frames}')

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return (f'VideoTracks({self.name}: {len(set(self.ids.tolist()))} '
                f'tracks, {len(self)} masks, {self.num_frames} frames)')

    @property
    def size(self) -> tuple[int, int]:
        """Size of the images as (height, width) in pixels."""
        assert self.table.size is not None  # checked
        return self.table.size

    @property
    def frames(self) -> NDArray[np.int64]:
        """(N,) frame of each row, from 1."""
        return self.table.frames

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) MOTS class: 1 car, 2 pedestrian."""
        return self.table.labels

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(N, 4) x1, y1, x2, y2 in pixels."""
        return self.table.boxes

    @property
    def scores(self) -> NDArray[np.float32]:
        """(N,) scores."""
        return self.table.scores

    @property
    def masks(self) -> list[RLE]:
        """N masks as COCO's compressed RLEs."""
        return self.table.rles

    @classmethod
    def from_arrays(
            cls, frames: ArrayLike, ids: ArrayLike,
            masks: Sequence[RLE] | NDArray, num_frames: int,
            labels: ArrayLike = PEDESTRIAN, scores: ArrayLike = 1.0,
            boxes: ArrayLike | None = None,
            size: Sequence[int] | None = None,
            **about: Any) -> VideoTracks:
        """Tracks from plain arrays, in any order.

        Args:
            frames: (N,) frame of each row, from 1.
            ids: (N,) integers >= 0.
            masks: N RLEs, or (N, H, W) of 0 and 1, arrays or tensors.
            num_frames: Number of frames of the video.
            labels: (N,) MOTS classes, or one for all.
            scores: (N,) scores, or one for all.
            boxes: (N, 4) x1, y1, x2, y2; default: those of the masks.
            size: (height, width) of the images; default: the masks'.
            **about: ``frame_rate``, ``name``, ``thresholds``, ``video``.

        Raises:
            ValueError: Lengths or sizes differ, numbers are not whole, a
                mask is of other numbers than 0 and 1, or see the class.
        """
        rles = [mask_rle(mask) for mask in masks]
        sizes = {tuple(rle['size']) for rle in rles}
        if size is not None:
            sizes.add((int(size[0]), int(size[1])))
        if len(sizes) > 1:
            raise ValueError(f'masks or images of several sizes: {sizes}')
        times = whole_numbers(frames, 'frames').reshape(-1)
        if boxes is None:
            boxes = rle_bbox(rles)
        numbers = whole_numbers(ids, 'ids').reshape(-1)
        corners = np.asarray(boxes, np.float32).reshape(-1, 4)
        if not (corners[:, 2:] >= corners[:, :2]).all():  # Nor NaN.
            raise ValueError('a box that is not x1, y1, x2, y2 in this order')
        if not np.isfinite(np.asarray(scores, np.float64)).all():
            raise ValueError('a score is not a finite number')
        lengths = {len(rles), len(numbers), len(corners), len(times)}
        if len(lengths) > 1:
            raise ValueError(
                f'{len(times)} frames, {len(rles)} masks, {len(numbers)} '
                f'ids, {len(corners)} boxes')
        order = np.argsort(times, kind='stable')

        def column(values: ArrayLike, dtype: type) -> NDArray:
            return np.broadcast_to(
                np.asarray(values, dtype), times.shape)[order]

        table = Observations(
            times[order], corners[order], column(scores, np.float32),
            column(whole_numbers(labels, 'labels'), np.int64),
            [rles[k] for k in order], next(iter(sizes), None))
        return cls(table, numbers[order],
                   int(whole_numbers(num_frames, 'num_frames')), **about)

    def to_mots_txt(self, path: PathLike) -> None:
        """Write MOTS text, frames from 1, atomically."""
        write_mots(path, self.table, self.ids)

    def to_kitti_txt(self, path: PathLike) -> None:
        """Write KITTI MOTS text: the same, frames from 0."""
        write_mots(path, self.table, self.ids, first_frame=0)

    def to_pngs(self, folder: PathLike, first_frame: int = 0) -> None:
        """Write 16-bit PNGs of ``class * 1000 + id``, one a frame.

        Args:
            folder: Made where it is missing.
            first_frame: What the first one is called: 0 in KITTI MOTS.

        Raises:
            ValueError: Masks overlap, or a class has more than 1000 ids.
        """
        write_instance_pngs(
            folder, self.table, self.ids, self.num_frames, first_frame)

    def to_coco(self, path: PathLike | None = None) -> dict[str, Any]:
        """COCO video JSON (CocoVID), as mmdet reads it.

        Args:
            path: Where to write it; None for nowhere.

        Returns:
            ``videos``, ``images``, ``annotations`` (``track_id``, ``score``,
            compressed RLE), ``categories`` (MOTS classes), and in ``info``
            frame rate and thresholds.
        """
        content = coco_of(
            self.table, self.ids, self.num_frames, self.frame_rate, self.name,
            self.thresholds, self.video.img_paths if self.video else ())
        if path is not None:
            with atomic_path(path) as temporary:
                temporary.write_text(json.dumps(content) + '\n')
        return content

    def to_dataframe(self) -> pandas.DataFrame:
        """A row an object and frame; needs pandas.

        Columns frame, id, label, x1, y1, x2, y2, score, height, width, rle;
        ``attrs`` has the rest.
        """
        return frame_of(self.table, self.ids, dict(
            num_frames=self.num_frames, frame_rate=self.frame_rate,
            name=self.name, thresholds=self.thresholds,
            size=list(self.size)))

    def to_supervision(self) -> Iterator[supervision.Detections]:
        """``supervision.Detections`` of each frame; needs supervision.

        Yields:
            For frame 1, 2, ...: boxes, masks as (n, H, W) booleans, scores,
            classes, ids. One frame at a time, since those masks are large.
        """
        return supervision_of(self.table, self.ids, self.num_frames)

    def draw(self, frame: int,
             image: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Draw the tracks over a frame.

        Args:
            frame: From 1.
            image: (H, W, 3) uint8 BGR; default: that of ``video``.

        Returns:
            The drawing, (H, W, 3) uint8 BGR.

        Raises:
            ValueError: There is no image, or it is of another size.
            IndexError: There is no such frame.
        """
        if not 1 <= frame <= self.num_frames:
            raise IndexError(f'{self.name}: no frame {frame}, frames are 1 '
                             f'to {self.num_frames}')
        if image is None:
            if self.video is None:
                raise ValueError(
                    f'{self.name}: the images are not there any more; give '
                    'the image, or keep them in a work folder')
            image = read_frame(self.video, frame)
        rows = self.table.of_frame(frame)
        return draw_masks(image, self.masks[rows], self.ids[rows])

    @classmethod
    def read(cls, path: PathLike, size: Sequence[int] | None = None,
             num_frames: int | None = None, first_frame: int | None = None,
             **about: Any) -> VideoTracks:
        """Read what was written, or what any tracker left.

        Args:
            path: Text, PNGs or JSON, see
                :func:`~mmremots.formats.track_files.read_tracks`.
            size: (height, width) of the images. Needed but for a JSON of
                :meth:`to_coco`.
            num_frames: Number of frames; default: up to the last mask.
            first_frame: What the file calls the first frame; default: 0 if
                there is a frame 0, else 1. KITTI text without a mask in its
                first frame needs to be told.
            **about: ``frame_rate``, ``name``, ``thresholds``, ``video``.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: The file is broken, or the size is not known.
        """
        header = header_of_coco(path)
        classes = header.pop('classes', None)
        size = size or header.pop('size', None)
        header.pop('size', None)
        num_frames = num_frames or header.pop('num_frames', None)
        header.pop('num_frames', None)
        if size is None:
            raise ValueError(f'{path}: say the size of the images')
        table, ids, _ = read_tracks(
            path, size, num_frames, first_frame, classes=classes)
        last = int(table.frames[-1]) if len(table) else 0
        return cls(replace(table, size=(int(size[0]), int(size[1]))), ids,
                   num_frames or last, **{**header, **about})

    @classmethod
    def from_dataframe(cls, frame: pandas.DataFrame,
                       **about: Any) -> VideoTracks:
        """Tracks of a table as :meth:`to_dataframe` gives it.

        Args:
            frame: The table; what its ``attrs`` lack is to be given.
            **about: ``num_frames``, ``size``, ``frame_rate``, ``name``, ...

        Raises:
            ValueError: A column is missing, or see the class.
        """
        columns, found = columns_of_frame(frame)
        return cls.from_arrays(**columns, **{**found, **about})

    @classmethod
    def from_supervision(
            cls, detections: Iterable[supervision.Detections],
            size: Sequence[int], label_of_class: Mapping[int, int] | None
            = None, **about: Any) -> VideoTracks:
        """Tracks of ``supervision.Detections``, one a frame.

        Args:
            detections: Of frame 1, 2, ... with ``tracker_id``; without masks
                the mask is the box.
            size: (height, width) of the images.
            label_of_class: MOTS class of each ``class_id``, others are left
                out. Default: as they are; without ``class_id`` pedestrians.
            **about: ``frame_rate``, ``name``, ``thresholds``, ``video``.

        Raises:
            ValueError: A frame's objects have no ids.
        """
        return cls.from_arrays(
            **tracked_detections(detections, size, label_of_class), size=size,
            **about)
