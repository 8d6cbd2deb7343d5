"""Short-term tracker: masks of adjacent frames (paper, section 2.3)."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.models.task_modules.similarities import (
    intra_frame_similarities,
)
from mmremots.models.task_modules.thresholds import (
    Evidence,
    Threshold,
    crossing,
)
from mmremots.models.task_modules.tracking_steps import (
    BaseShortTermTracker,
    Tracked,
)
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures import Observations, Overlaps, sure_links

from .association import (
    associate,
    chains,
    short_term_cost,
    sure_similarities,
)


@MODELS.register_module()
class ShortTermTracker(BaseShortTermTracker):
    """Links masks of adjacent frames into tracklets.

    Masks of the previous frame are warped along the flow
    (:func:`adjacent_overlaps`); pairs of one class are associated by
    :func:`short_term_cost` and :func:`associate`. Every mask gets an id; one
    that has no partner in the frame before starts a new tracklet, so a
    tracklet has no holes.

    The paper's theta is mean + 3 sigma of the similarities of different
    people, whatever those of one person are. Of an encoder that knows people
    well the former are about normal and the latter far above. Of a weak one
    the former have a long tail, and most true links would be forbidden. So
    ``at_most_crossing`` bounds theta by where the two cross: a higher one
    forbids more true links than it stops false ones. Of one person are
    those in adjacent frames that flow alone is sure of (:func:`sure_links`).

    With ``sure_only`` these are all the links there are, and every doubt is
    left to merging, which sees more of both people than two masks. A
    tracklet is then hardly ever of two people, as the paper assumes.

    Args:
        threshold: Config of the rule for ``theta``, called with the
            intra-frame similarities of a class in a video. Defaults to
            ``dict(type='ThreeSigmaThreshold')``.
        at_most_crossing: See above. Defaults to False, the paper's rule.
        sure_only: See above. Defaults to False, as in the paper.
    """

    def __init__(self, threshold: dict[str, Any] | None = None,
                 at_most_crossing: bool = False,
                 sure_only: bool = False) -> None:
        self.threshold = TASK_UTILS.build(
            threshold or {'type': 'ThreeSigmaThreshold'})
        self.at_most_crossing = at_most_crossing
        self.sure_only = sure_only

    def track(self, table: Observations, features: NDArray,
              overlaps: Overlaps, frame_rate: float) -> Tracked:
        """Give each mask of a video its tracklet, each class by itself.

        Args:
            table: The N fused masks of the video.
            features: (N, D) real numbers; may be a memory map.
            overlaps: What :func:`adjacent_overlaps` gave for these masks.
            frame_rate: Not needed: adjacent frames are all it looks at.

        Returns:
            Ids in order of first appearance, and thresholds.

        Raises:
            ValueError: As :meth:`link`.
        """
        frames, labels = table.frames, table.labels
        _check_columns(frames, labels, features, overlaps)
        if self.sure_only:
            sure = sure_links(overlaps, labels)
            return Tracked(chains(
                len(table), overlaps.previous[sure],
                overlaps.current[sure]), {})
        ids = np.zeros(len(table), dtype=np.int64)
        evidence = {}
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            mine = features if len(rows) == len(table) else features[rows]
            pairs = overlaps.among(rows, len(table))
            different = intra_frame_similarities(mine, frames[rows])
            same = sure_similarities(mine, labels[rows], pairs)
            theta = self.theta(different, same)
            evidence[int(label)] = Evidence(theta, different, same)
            ids[rows] = ids.max(initial=0) + self.link(
                frames[rows], labels[rows], mine, pairs, theta.value)
        _, first, place = np.unique(
            ids, return_index=True, return_inverse=True)
        return Tracked(np.argsort(np.argsort(first))[place] + 1, evidence)

    def theta(self, different: ArrayLike, same: ArrayLike) -> Threshold:
        """The threshold of a class in a video.

        Args:
            different: (P,) intra-frame similarities.
            same: (Q,) :func:`sure_similarities`. Not looked at unless
                ``at_most_crossing``.

        Returns:
            The threshold, with the rule ``crossing`` where that bounds it.

        Raises:
            ValueError: If a similarity is not finite.
        """
        limit = self._limit(different, same)
        with warnings.catch_warnings():
            if limit < np.inf:  # A fallback that is not used is no news.
                warnings.simplefilter('ignore')
            theta = self.threshold(different)
        if limit < theta.value:
            return Threshold(limit, 'crossing')
        if theta.note and limit < np.inf:
            warnings.warn(theta.note, stacklevel=2)
        return theta

    def _limit(self, different: ArrayLike, same: ArrayLike) -> float:
        """Where the similarities cross; infinite where nothing tells."""
        if not self.at_most_crossing or not (
                np.size(different) and np.size(same)):
            return np.inf
        if np.asarray(same).mean() <= np.asarray(different).mean():
            return np.inf
        return crossing(different, same)

    def link(
            self, frames: ArrayLike, labels: ArrayLike, features: NDArray,
            overlaps: Overlaps, theta: float) -> NDArray[np.int64]:
        """Give each mask its tracklet, where theta is known.

        Args:
            frames: (N,) integers, ascending.
            labels: (N,) class of each mask.
            features: (N, D) real numbers; may be a memory map.
            overlaps: What :func:`adjacent_overlaps` gave for these masks.
            theta: Least cosine similarity of two masks of a tracklet.

        Returns:
            (N,) int64 tracklet ids from 1, in order of first appearance.

        Raises:
            ValueError: If lengths do not fit, a feature is not finite, or
                an overlap is not one of adjacent frames.
        """
        frames, labels = np.asarray(frames, dtype=np.int64), np.asarray(labels)
        _check_columns(frames, labels, features, overlaps)
        prev, curr, iou = overlaps
        same_class = labels[prev] == labels[curr]
        prev, curr, iou = prev[same_class], curr[same_class], iou[same_class]

        links = [np.zeros((0, 2), dtype=np.int64)]
        starts = np.flatnonzero(np.diff(frames, prepend=0))
        stops = np.append(starts, len(frames))[1:]
        firsts, lasts = np.searchsorted(curr, starts), np.searchsorted(
            curr, stops)
        for start, stop, first, last in zip(
                starts, stops, firsts, lasts, strict=True):
            if last > first:
                start_prev = int(np.searchsorted(frames, frames[start] - 1))
                overlap = np.zeros((start - start_prev, stop - start))
                overlap[prev[first:last] - start_prev,
                        curr[first:last] - start] = iou[first:last]
                pairs = associate(short_term_cost(
                    overlap, features[start_prev:start],
                    features[start:stop], theta))
                links.append(pairs + np.array([start_prev, start]))
        previous, current = np.concatenate(links).T
        return chains(len(frames), previous, current)


def _check_columns(
        frames: NDArray[np.int64], labels: NDArray, features: NDArray,
        overlaps: Overlaps) -> None:
    for name, column in (('labels', labels), ('features', features)):
        if len(column) != len(frames):
            raise ValueError(
                f'{len(frames)} frames, but {len(column)} {name}')
    prev, curr, _ = overlaps
    if len(curr) and (
            min(prev.min(), curr.min()) < 0 or curr.max() >= len(frames)
            or (frames[curr] - frames[prev] != 1).any()):
        raise ValueError('the overlaps are not of these masks')
