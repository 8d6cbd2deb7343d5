"""Tracks drawn by mm's visualization hooks, in this project's way."""
from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmdet.structures import DetDataSample
from mmdet.visualization import TrackLocalVisualizer
from numpy.typing import NDArray

from mmremots.registry import VISUALIZERS
from mmremots.structures.masks import RLE, encode_mask

from .overlays import draw_masks


@VISUALIZERS.register_module()
class TrackOverlayVisualizer(TrackLocalVisualizer):
    """Draws masks as :func:`draw_masks` does: a colour and a number a track.

    For ``mmdet.TrackVisualizationHook``. Ground truth is not drawn: mmdet's
    own way to draw it fails (open-mmlab/mmdetection#11873).

    Args:
        name: As of :class:`mmdet.visualization.TrackLocalVisualizer`, like
            all others.
    """

    def add_datasample(
            self, name: str, image: NDArray[np.uint8],
            data_sample: DetDataSample | None = None, draw_gt: bool = False,
            draw_pred: bool = True, show: bool = False, wait_time: int = 0,
            out_file: str | None = None, pred_score_thr: float = 0.3,
            step: int = 0) -> None:
        """Draw one frame, and show it, write it or hand it to the backends.

        Args:
            name: Name of the picture.
            image: (H, W, 3) uint8, RGB.
            data_sample: The frame, with ``pred_track_instances``.
            draw_gt: Not looked at.
            draw_pred: Whether to draw masks at all.
            show: Whether to show the picture in a window.
            wait_time: Seconds to show it for; 0 for until a key.
            out_file: Where to write it; None for the backends.
            pred_score_thr: Masks of this score or less are not drawn.
            step: Number of the picture, for the backends.

        Raises:
            OSError: The picture cannot be written.
        """
        drawing = np.ascontiguousarray(image[..., ::-1])
        if draw_pred and data_sample is not None:
            found = data_sample.pred_track_instances.cpu().numpy()
            kept = np.flatnonzero(found.scores > pred_score_thr)
            drawing = draw_masks(
                drawing, [_rle(found.masks[row]) for row in kept],
                found.instances_id[kept])
        if show:
            self.show(drawing[..., ::-1], win_name=name, wait_time=wait_time)
        if out_file is None:
            self.add_image(name, drawing[..., ::-1], step)
        elif not cv2.imwrite(out_file, drawing):
            raise OSError(f'{out_file}: cannot be written')


def _rle(mask: Any) -> RLE:
    return mask if isinstance(mask, dict) else encode_mask(mask)
