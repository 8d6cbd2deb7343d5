"""Tracks as other libraries have them: COCO's JSON, pandas, supervision."""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmremots.structures.classes import CAR, IGNORE, PEDESTRIAN
from mmremots.structures.masks import RLE, decode_mask, rle_area
from mmremots.structures.observations import Observations
from mmremots.structures.rle import counts_text

from .given_arrays import mask_rle
from .mask_boxes import box_mask

if TYPE_CHECKING:
    import pandas
    import supervision

_NAMES = {CAR: 'car', PEDESTRIAN: 'pedestrian', IGNORE: 'ignore'}
_COLUMNS = ('frame', 'id', 'label', 'x1', 'y1', 'x2', 'y2', 'score',
            'height', 'width', 'rle')


def coco_of(
        table: Observations, ids: NDArray[np.int64], num_frames: int,
        frame_rate: float, name: str, thresholds: Mapping[str, Any],
        img_paths: Sequence[str] = ()) -> dict[str, Any]:
    """CocoVID JSON of one video; see :meth:`.tracks.VideoTracks.to_coco`."""
    assert table.size is not None
    height, width = table.size
    size = {'height': height, 'width': width}
    names = [Path(path).name for path in img_paths] or [
        f'{frame:06d}.jpg' for frame in range(1, num_frames + 1)]
    images = [
        {'id': frame, 'video_id': 1, 'frame_id': frame - 1,
         'file_name': names[frame - 1], **size}
        for frame in range(1, num_frames + 1)]
    annotations = []
    for row, area in enumerate(rle_area(table.rles).tolist()):
        x1, y1, x2, y2 = table.boxes[row].astype(np.float64).tolist()
        annotations.append({
            'id': row + 1, 'image_id': int(table.frames[row]), 'video_id': 1,
            'category_id': int(table.labels[row]),
            'track_id': int(ids[row]), 'score': float(table.scores[row]),
            'bbox': [x1, y1, x2 - x1, y2 - y1], 'area': area, 'iscrowd': 0,
            'segmentation': {'size': [height, width],
                             'counts': counts_text(table.rles[row])}})
    return {
        'info': {'description': 'tracks', 'thresholds': dict(thresholds)},
        'videos': [{'id': 1, 'name': name, 'fps': frame_rate,
                    'length': num_frames, **size}],
        'images': images, 'annotations': annotations,
        'categories': [
            {'id': label, 'name': _NAMES.get(label, f'class {label}')}
            for label in np.unique(table.labels).tolist()]}


def header_of_coco(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What :func:`coco_of` says of the video; {} of any other file."""
    if Path(path).suffix != '.json':
        return {}
    try:
        content = json.loads(Path(path).read_bytes())
        video, = content['videos']
        return dict(
            size=(video['height'], video['width']),
            num_frames=video['length'], frame_rate=video['fps'],
            name=video['name'], thresholds=content['info']['thresholds'],
            classes={category['id']: category['id']
                     for category in content['categories']})
    except (OSError, ValueError, TypeError, LookupError):
        return {}  # read_tracks says what is wrong, if anything is


def frame_of(table: Observations, ids: NDArray[np.int64],
             about: dict[str, Any]) -> pandas.DataFrame:
    """A DataFrame of tracks; ``about`` becomes its ``attrs``."""
    pandas = _needed('pandas')
    assert table.size is not None
    found = pandas.DataFrame(dict(zip(_COLUMNS, (
        table.frames, ids, table.labels, *table.boxes.T, table.scores,
        np.full(len(ids), table.size[0]), np.full(len(ids), table.size[1]),
        np.array(list(map(counts_text, table.rles)), object)), strict=True)))
    found.attrs = about
    return found


def columns_of_frame(
        frame: pandas.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns and ``attrs`` of a DataFrame as arguments of VideoTracks.

    Raises:
        ValueError: A column is missing.
    """
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise ValueError(f'the table lacks the columns {missing}')
    columns = dict(
        frames=frame['frame'].to_numpy(), ids=frame['id'].to_numpy(),
        labels=frame['label'].to_numpy(), scores=frame['score'].to_numpy(),
        boxes=frame[['x1', 'y1', 'x2', 'y2']].to_numpy(),
        masks=[{'size': [int(height), int(width)],
                'counts': (counts.encode('ascii')
                           if isinstance(counts, str) else counts)}
               for height, width, counts in zip(
                   frame['height'], frame['width'], frame['rle'],
                   strict=True)])
    about = dict(frame.attrs)
    about.setdefault('num_frames', int(frame['frame'].max())
                     if len(frame) else 0)
    return columns, about


def supervision_of(
        table: Observations, ids: NDArray[np.int64],
        num_frames: int) -> Iterator[supervision.Detections]:
    """``supervision.Detections`` of each frame from 1."""
    sv = _needed('supervision')
    assert table.size is not None
    for frame in range(1, num_frames + 1):
        rows = table.of_frame(frame)
        masks = [decode_mask(rle).astype(bool) for rle in table.rles[rows]]
        yield sv.Detections(
            xyxy=table.boxes[rows], mask=np.array(masks, bool).reshape(
                -1, *table.size),
            confidence=table.scores[rows],
            class_id=table.labels[rows].astype(int),
            tracker_id=ids[rows].astype(int))


def tracked_detections(
        detections: Iterable[supervision.Detections], size: Sequence[int],
        label_of_class: Mapping[int, int] | None) -> dict[str, Any]:
    """Columns of ``supervision.Detections``, one a frame.

    Raises:
        TypeError: They are something else.
        ValueError: Objects have no ids.
    """
    masks: list[RLE] = []
    columns: dict[str, list[Any]] = {
        name: [] for name in ('frames', 'ids', 'labels', 'scores', 'boxes')}
    frame = 0
    if not isinstance(detections, Iterable):
        detections = [detections]
    for frame, found in enumerate(detections, 1):
        if not hasattr(found, 'tracker_id'):
            raise TypeError(
                f'tracks are a path, VideoTracks, or supervision.Detections '
                f'of each frame; of frame {frame} there is a '
                f'{type(found).__name__}')
        tracker_ids: Any = (
            [] if found.tracker_id is None else found.tracker_id)
        if len(tracker_ids) < len(found):
            raise ValueError(
                f'frame {frame}: no tracker_id: detections, not tracks')
        for k in range(len(found)):
            label = (PEDESTRIAN if found.class_id is None
                     else int(found.class_id[k]))
            if label_of_class is not None:
                if label not in label_of_class:
                    continue
                label = label_of_class[label]
            masks.append(
                box_mask(found.xyxy[k].tolist(), size) if found.mask is None
                else mask_rle(found.mask[k]))
            for name, value in (
                    ('frames', frame), ('ids', int(tracker_ids[k])),
                    ('labels', label), ('boxes', found.xyxy[k]),
                    ('scores', 1.0 if found.confidence is None
                     else found.confidence[k])):
                columns[name].append(value)
    return dict(columns, masks=masks, num_frames=frame,
                boxes=np.array(columns['boxes']).reshape(-1, 4))


def _needed(package: str) -> Any:
    try:
        return __import__(package)
    except ImportError:
        raise ImportError(
            f'{package} is not installed: pip install {package}, or '
            "pip install 'mmremots[api]'") from None
