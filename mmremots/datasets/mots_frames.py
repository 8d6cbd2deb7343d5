"""Single frames of labelled videos, to train detectors of mmdet on."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from mmdet.datasets import BaseDetDataset

from mmremots.registry import DATASETS, SCOPE
from mmremots.structures.masks import (
    RLE,
    decode_mask,
    encode_mask,
    rle_bbox,
)
from mmremots.structures.rle import counts_text


@DATASETS.register_module()
class MOTSFrames(BaseDetDataset):
    """The frames of videos, each an image of its own, without a JSON.

    For ``train_dataloader.dataset`` of any mmdet config::

        dict(type='mmremots.MOTSFrames',
             videos=dict(type='MOTSChallengeDataset', data_root=...),
             filter_cfg=dict(filter_empty_gt=True), pipeline=...)

    Instances have box, label, mask and ``ignore_flag``. Detectors look at
    the boxes of what they ignore, and the box of all that is left out of a
    frame may well be the frame: so each connected part of an ignore region
    is an ignored instance of its own. Masks without a pixel are left out.

    Args:
        videos: Config of a
            :class:`~mmremots.datasets.MOTSChallengeDataset` or one derived
            from it, which says what is read and which classes there are.
        **kwargs: Of :class:`mmdet.datasets.BaseDetDataset`: ``pipeline``,
            ``test_mode``, ``filter_cfg`` (``filter_empty_gt``, by default
            False: keep frames without an object; ``min_size``), ...

    Raises:
        FileNotFoundError: A sequence or its images are not there.
        ValueError: A sequence or its ground truth is broken, or no frame is
            left to train on.
    """

    def __init__(self, videos: Mapping[str, Any], **kwargs: Any) -> None:
        # What it reads is asked for once, below.
        self._videos = DATASETS.build(
            {'_scope_': SCOPE, **videos, 'lazy_init': True})
        kwargs.setdefault('metainfo', self._videos.metainfo)
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Images in the order of the videos, with their instances."""
        frames = [
            image for video in self._videos.load_data_list()
            for image in video['images']]
        for image in frames:
            image['instances'] = [
                part for instance in image['instances']
                for part in _parts(instance)]
        return frames

    def filter_data(self) -> list[dict[str, Any]]:
        """Drop the frames that are not to be trained on."""
        options = self.filter_cfg or {}
        if self.test_mode or not options:
            return self.data_list
        min_size = options.get('min_size', 0)
        kept = [
            image for image in self.data_list
            if min(image['width'], image['height']) >= min_size
            and not (options.get('filter_empty_gt', False) and all(
                instance['ignore_flag'] for instance in image['instances']))]
        if not kept:
            raise ValueError(
                f'none of {len(self.data_list)} frames is fit to train on: '
                f'no objects, or smaller than {min_size} pixels')
        return kept


def connected_parts(rle: RLE) -> list[RLE]:
    """The 8-connected parts of a mask.

    Args:
        rle: A mask.

    Returns:
        Their masks, of the image's size; none of an empty mask.
    """
    count, numbered = cv2.connectedComponents(decode_mask(rle), connectivity=8)
    if count == 2:
        return [rle]
    return [encode_mask(numbered == part) for part in range(1, count)]


def _parts(instance: dict[str, Any]) -> list[dict[str, Any]]:
    """The instance, or if it is an ignore region its connected parts."""
    x1, y1, x2, y2 = instance['bbox']
    if x2 <= x1 or y2 <= y1:
        return []
    if not instance['ignore_flag']:
        return [instance]
    parts = connected_parts(instance['mask'])
    boxes = np.asarray(rle_bbox(parts), np.float32).tolist()
    return [
        {**instance, 'bbox': box,
         'mask': {'size': rle['size'], 'counts': counts_text(rle)}}
        for box, rle in zip(boxes, parts, strict=True)]
