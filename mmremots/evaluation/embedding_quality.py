"""How well features tell people apart, by ground truth.

For reports alone: a run never learns or chooses anything from these.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from mmremots.models.task_modules.similarities import unit_features
from mmremots.structures.masks import iom_matrix, iou_matrix
from mmremots.structures.observations import Observations

#: Identity of an observation of nobody that is annotated.
NOBODY = -1
#: Identity of one that shows an annotated person, but not as annotated.
PART = -2
#: Queries at a time in :func:`retrieval_scores`.
_BLOCK = 256


def match_to_truth(
        observations: Observations, truth: Observations,
        truth_ids: ArrayLike, iou_thr: float = 0.5) -> NDArray[np.int64]:
    """Say who is on each observation, by the annotated masks.

    In each frame observations and annotated masks of one class are paired
    one to one, as many with an IoU of ``iou_thr`` or more as possible, and
    among such pairings the one of the largest sum of IoUs. Of disjoint masks
    at most one has an IoU above 0.5 with another, so there the pairing is
    that of the MOTS metrics.

    An observation that is in no pair, but whose IoM with an annotated mask
    is ``iou_thr`` or more, shows an annotated person all the same: half of
    him, or him with too much around. To find it is not wrong.

    Args:
        observations: N masks.
        truth: M annotated masks, without ignore regions.
        truth_ids: (M,) identity of each, 0 or more.
        iou_thr: Least IoU of a pair, in (0, 1].

    Returns:
        (N,) int64: an identity; :data:`PART` as above; or :data:`NOBODY`.

    Raises:
        ValueError: If lengths or image sizes differ, or an identity is
            negative.
    """
    ids = np.asarray(truth_ids, dtype=np.int64)
    if ids.shape != (len(truth),):
        raise ValueError(
            f'{len(truth)} annotated masks, but ids of shape {ids.shape}')
    if (ids < 0).any():
        raise ValueError(f'an identity is {ids.min()}, below 0')
    found = np.full(len(observations), NOBODY, dtype=np.int64)
    for frame, rows in observations.frame_slices():
        theirs = truth.of_frame(frame)
        iou, iom = (
            measure(observations.rles[rows], truth.rles[theirs])
            * (observations.labels[rows, None] == truth.labels[theirs])
            for measure in (iou_matrix, iom_matrix))
        found[rows][(iom >= iou_thr).any(axis=1)] = PART
        # One more pair is worth more than all there is to gain by IoU.
        worth = np.where(iou >= iou_thr, iou + len(iou) + 1, 0)
        first, second = linear_sum_assignment(worth, maximize=True)
        taken = worth[first, second] > 0
        found[rows][first[taken]] = ids[theirs][second[taken]]
    return found


def retrieval_scores(
        features: NDArray, frames: ArrayLike, identities: ArrayLike,
        min_gap: int = 10) -> dict[str, float]:
    r"""Rank-1 accuracy and mean average precision within one video.

    Each crop of a known person is a query in turn; it is compared by cosine
    with the crops of all frames that are more than ``min_gap`` away from its
    own, in which the person must be found again. The crops of nearby frames
    are left out, as re-identification leaves out those of the query's own
    camera: next to its near copies any encoder finds everybody, and short
    gaps are what the tracker's masks bridge anyway. So are crops that show an
    annotated person, but not as annotated (:data:`PART`): Market-1501 (Zheng
    et al., ICCV 2015) calls them junk, and counts detections of nobody alone
    as wrong. For a query whose
    :math:`P` positives stand at the ranks :math:`r_1 < r_2 < \ldots`

    .. math:: AP = \frac{1}{P} \sum_{k=1}^{P} \frac{k}{r_k}.

    Among crops that are equally similar the wrong ones come first, so that
    an encoder that sees no difference gets no credit for it.

    Args:
        features: (N, D) real numbers; may be a memory map.
        frames: (N,) integers, in any order.
        identities: (N,) integers, see :func:`match_to_truth`.
            :data:`NOBODY` is never a query, and always wrong as an answer.
        min_gap: Frames on either side of the query's that are left out,
            beside its own; 0 or more.

    Returns:
        ``rank1`` and ``mAP`` in percent over all ``queries`` (a count) that
        have an answer; empty where none has.

    Raises:
        ValueError: If lengths differ, a feature is not finite or
            ``min_gap`` is negative.
    """
    if min_gap < 0:
        raise ValueError(f'min_gap is {min_gap}, below 0')
    unit = unit_features(features).astype(np.float32)
    times, people = np.asarray(frames), np.asarray(identities)
    for name, column in (('frames', times), ('identities', people)):
        if column.shape != (len(unit),):
            raise ValueError(
                f'{len(unit)} features, but {name} of shape {column.shape}')
    precisions, firsts = [], []
    queries = np.flatnonzero(people >= 0)
    for start in range(0, len(queries), _BLOCK):
        block = queries[start:start + _BLOCK]
        for query, row in zip(block, unit[block] @ unit.T, strict=True):
            gallery = (
                (np.abs(times - times[query]) > min_gap) & (people != PART))
            right = people == people[query]
            positives = np.sort(-row[gallery & right])
            if not len(positives):
                continue
            negatives = np.sort(-row[gallery & ~right])
            found = np.arange(1, len(positives) + 1)
            ranks = found + np.searchsorted(
                negatives, positives, side='right')
            precisions.append((found / ranks).mean())
            firsts.append(ranks[0] == 1)
    if not precisions:
        return {}
    return {
        'rank1': 100 * float(np.mean(firsts)),
        'mAP': 100 * float(np.mean(precisions)),
        'queries': len(precisions)}
