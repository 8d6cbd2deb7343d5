"""Fusion of the masks of several detectors (paper, section 2.1)."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from mmremots.config_check import build_part
from mmremots.registry import MODELS, TASK_UTILS
from mmremots.structures.masks import (
    RLE,
    resolve_overlaps,
    rle_area,
    rle_bbox,
)
from mmremots.structures.observations import Observations

from .base import BaseMaskSource

if TYPE_CHECKING:
    from mmremots.structures.video import Video

Suppression = Callable[[Sequence[RLE], ArrayLike], NDArray[np.int64]]


def fuse(
        detections: Sequence[Observations], nms: Suppression,
        min_area: int = 16) -> Observations:
    """Make one set of disjoint masks of what several detectors found.

    Masks of fewer than ``min_area`` pixels go first, so that a sliver takes
    no person along. Of each class the best masks are kept, as ``nms`` says;
    then each pixel goes to the best mask of any class that covers it; then
    masks that are left with fewer than ``min_area`` pixels go as well.

    Args:
        detections: What each detector found in one and the same frame.
            Scores of different detectors are compared as they are.
        nms: Indices of the masks to keep of given RLEs and scores.
        min_area: In pixels.

    Returns:
        Disjoint masks with tight boxes, best first (among equals in the
        order given).

    Raises:
        ValueError: If the detections are of more than one frame or image
            size, or an RLE is unsound.
    """
    pool = Observations.concatenate(detections)
    if len(pool) and pool.frames[0] != pool.frames[-1]:
        raise ValueError(
            f'fusion of different frames, {pool.frames[0]} to '
            f'{pool.frames[-1]}')
    least = max(min_area, 1)
    pool = pool.take(rle_area(pool.rles) >= least)
    kept = [np.zeros(0, dtype=np.int64)]
    for label in np.unique(pool.labels):
        rows = np.flatnonzero(pool.labels == label)
        kept.append(rows[nms(
            [pool.rles[row] for row in rows], pool.scores[rows])])
    rows = np.sort(np.concatenate(kept))
    fused = pool.take(rows[np.argsort(-pool.scores[rows], kind='stable')])

    rles = resolve_overlaps(fused.rles, fused.scores)
    disjoint = Observations(
        fused.frames, rle_bbox(rles).astype(np.float32), fused.scores,
        fused.labels, rles, fused.size)
    return disjoint.take(rle_area(rles) >= least)


def fuse_weak(
        fused: Observations, detections: Sequence[Observations],
        nms: Suppression, min_area: int = 16) -> Observations:
    """What is left of weak masks beside those that are fused.

    As though each weak mask had a lower score than any other: a mask that
    lies on a fused one goes, and others keep the pixels that no fused one
    has. The fused masks stay as they are.

    Args:
        fused: What :func:`fuse` made of one frame.
        detections: Weak masks of each detector in the same frame.
        nms: As of :func:`fuse`, like ``min_area``.
        min_area: In pixels.

    Returns:
        Masks disjoint from each other and from the fused ones, best first.
    """
    weak = Observations.concatenate(detections)
    if not len(weak):
        return weak
    lowest = fused.scores.min(initial=0)
    shift = weak.scores.max() - lowest + 1
    ranked = replace(weak, scores=weak.scores - shift)
    both = fuse([fused, ranked], nms, min_area)
    left = both.take(both.scores < lowest)
    return replace(left, scores=left.scores + shift)


def disjoint_masks(
        table: Observations
) -> tuple[Observations, NDArray[np.int64], int]:
    """Masks of which no two of a frame overlap.

    A pixel goes to the mask of the highest score; among equals to the one
    that reaches further down, which a camera at eye level has in front; then
    to the earlier row.

    Args:
        table: N rows.

    Returns:
        The rows that have a pixel left, with their boxes as they were; their
        K row numbers, (K,) int64; and how many of the N lost pixels.
    """
    rles = list(table.rles)
    for _, rows in table.frame_slices():
        scores, bottoms = table.scores[rows], table.boxes[rows, 3]
        best_first = np.lexsort((-bottoms, -scores))
        rank = np.empty(len(best_first))
        rank[best_first] = np.arange(len(best_first))[::-1]
        rles[rows] = resolve_overlaps(rles[rows], rank)
    areas = rle_area(rles)
    kept = np.flatnonzero(areas)
    disjoint = Observations(
        table.frames, table.boxes, table.scores, table.labels, rles,
        table.size).take(kept)
    return disjoint, kept, int((areas < rle_area(table.rles)).sum())


@MODELS.register_module()
class MaskFusion(BaseMaskSource):
    """A detector made of detectors; see :func:`fuse`.

    A source is a :class:`~.base.BaseMaskSource`, as this one; score
    threshold, class map and score weight are its own. One that looks at
    images is a :class:`~.live_detector.LiveDetector`.

    Args:
        sources: Configs of the detectors, such as
            :class:`~.instance_segmenter.InstanceSegmenter` and
            :class:`~.detections_from_file.DetectionsFromFile`.
        nms: Config of the suppression between masks of one class.
        min_area: Least number of pixels of a mask, before and after fusion.

    Raises:
        ValueError: If there is no source or ``min_area`` is below 1.
    """

    def __init__(
            self, sources: Sequence[dict[str, Any]],
            nms: dict[str, Any] | None = None, min_area: int = 16) -> None:
        super().__init__()
        if not sources:
            raise ValueError('MaskFusion without sources')
        if min_area < 1:
            raise ValueError(f'min_area is {min_area}, not 1 or more')
        self.sources = nn.ModuleList(
            build_part(MODELS, f'sources[{number}]', source, BaseMaskSource)
            for number, source in enumerate(sources))
        self.nms = TASK_UTILS.build(nms or {'type': 'IoMNMS'})
        self.min_area = min_area
        self.register_load_state_dict_pre_hook(_refuse_others)

    @property
    def needs_image(self) -> bool:  # type: ignore[override]
        """Whether :meth:`detect` looks at the image."""
        return any(source.needs_image for source in self.sources)

    def check(self, sequence: Video) -> None:
        """Raise now what :meth:`detect` would raise later, if it can."""
        for source in self.sources:
            source.check(sequence)

    def fingerprint(self, sequence: Video) -> dict[str, Any]:
        """JSON-able; changes when what the masks come from does."""
        return {
            'sources': [
                source.fingerprint(sequence) for source in self.sources],
            'nms': [type(self.nms).__name__, vars(self.nms)],
            'min_area': self.min_area}

    def named_sources(self) -> list[tuple[str, Any]]:
        """The sources, each with a name that no other has."""
        times: Counter[str] = Counter()
        named = []
        for source in self.sources:
            name = getattr(source, 'name', type(source).__name__)
            times[name] += 1
            suffix = f'_{times[name]}' if times[name] > 1 else ''
            named.append((name + suffix, source))
        return named

    def unload(self) -> None:
        """Let go of the networks, until one is needed again."""
        for source in self.sources:
            if source.needs_image:
                source.unload()

    def combine(self, detections: Sequence[Observations]) -> Observations:
        """Disjoint masks of what each source found in one frame."""
        return fuse(detections, self.nms, self.min_area)

    @property
    def has_weak(self) -> bool:
        """Whether a source gives weak masks."""
        return bool(self.weak_sources(self.sources))

    @staticmethod
    def weak_sources(sources: Iterable[Any]) -> list[Any]:
        """Those that give weak masks, by ``detect_weak(sequence, frame)``.

        A source that has none need not have a ``weak_thr`` either.
        """
        return [source for source in sources
                if getattr(source, 'weak_thr', None) is not None]

    def combine_weak(
            self, fused: Observations,
            detections: Sequence[Observations]) -> Observations:
        """Weak masks of one frame beside the fused ones; see fuse_weak."""
        return fuse_weak(fused, detections, self.nms, self.min_area)

    def detect(
            self, image: NDArray[np.uint8] | None, sequence: Video,
            frame: int) -> Observations:
        """Disjoint masks of one frame.

        Args:
            image: (H, W, 3) uint8, BGR; None where :attr:`needs_image` is
                false.
            sequence: The sequence.
            frame: 1-based.

        Returns:
            Its rows, best score first.
        """
        return self.combine([
            source.detect(image, sequence, frame)
            for source in self.sources])


def _refuse_others(model: MaskFusion, state: dict[str, Tensor], prefix: str,
                   *_: Any) -> None:
    """Weights that mm's tools load, and that would go nowhere.

    Raises:
        ValueError: There is no place for them.
    """
    others = [key for key in state.keys() - model.state_dict(
        prefix=prefix).keys() if key.startswith(prefix)]
    if others:
        raise ValueError(
            f'a MaskFusion has no place for the weights {min(others)}, ...: '
            "a detector's are named in the config, as "
            'model.detector.sources.0.checkpoint')
