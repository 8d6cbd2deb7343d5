"""A video and its tracks in mmdet's form, and back."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from numpy.typing import NDArray

from .masks import RLE, decode_mask
from .observations import Observations
from .video import DEFAULT_FRAME_RATE, Video

#: MOTS class to label of mmdet where a data set says no other.
PEDESTRIANS = {2: 0}


def video_of(frames: Sequence[DetDataSample]) -> Video:
    """The video that data samples are of.

    Its name is their ``sequence``, else the folder of the images, or that
    above if it is ``img1``; its rate their ``frame_rate``, else 30.

    Args:
        frames: All frames of it, in order. One that does not say where its
            image is, as those of ``mmdet.apis.inference_mot``, has the path
            ``''``.
    """
    paths = [str(frame.metainfo.get('img_path', '')) for frame in frames]
    first, folder = frames[0].metainfo, Path(paths[0]).parent
    name = folder.parent.name if folder.name == 'img1' else folder.name
    height, width = first['ori_shape'][:2]
    return Video(
        first.get('sequence', name), tuple(paths), height, width,
        first.get('frame_rate', DEFAULT_FRAME_RATE), None)


def put_tracks(frame: DetDataSample, masks: Observations,
               ids: NDArray[np.int64], encoded: bool = False) -> None:
    """Put the tracked masks of a frame into its ``pred_track_instances``.

    Args:
        frame: The data sample. Its ``class_ids`` map MOTS classes to labels;
            pedestrians alone are 0 where it has none.
        masks: N masks of one frame.
        ids: (N,) track of each.
        encoded: Whether masks stay as they are, a list of RLEs; else they
            are (N, H, W) bool.
    """
    label_of: Mapping[int, int] = frame.metainfo.get('class_ids', PEDESTRIANS)
    rows = np.flatnonzero(np.isin(masks.labels, list(label_of)))
    rles = [masks.rles[row] for row in rows]
    frame.pred_track_instances = InstanceData(
        bboxes=torch.from_numpy(masks.boxes[rows]),
        scores=torch.from_numpy(masks.scores[rows]),
        labels=torch.tensor(
            [label_of[int(masks.labels[row])] for row in rows],
            dtype=torch.int64),
        instances_id=torch.from_numpy(ids[rows]),
        masks=rles if encoded else _dense(
            rles, frame.metainfo['ori_shape'][:2]))


def _dense(rles: Sequence[RLE], size: Any) -> torch.Tensor:
    dense = np.zeros((len(rles), *size), dtype=bool)
    for mask, rle in zip(dense, rles, strict=True):
        mask[:] = decode_mask(rle)
    return torch.from_numpy(dense)
