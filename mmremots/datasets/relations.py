"""What is known of pairs of crops: same, different, or nothing."""
from __future__ import annotations

import numpy as np

SAME = 1
DIFFERENT = -1
UNKNOWN = 0


def relation_matrix(
        videos: np.ndarray,
        identities: np.ndarray,
        starts: np.ndarray,
        ends: np.ndarray,
        labelled: np.ndarray) -> np.ndarray:
    r"""Relate all pairs of a batch of labelled and of target crops.

    Two labelled crops are the same person when their identity is, else
    different people. Of two target crops (paper, sections 2.2 and 2.4)

    .. math:: r_{ij} = \begin{cases}
        1 & v_i = v_j, k_i = k_j \\
        -1 & v_i = v_j, k_i \neq k_j,
             [s_i, e_i] \cap [s_j, e_j] \neq \varnothing \\
        0 & \text{otherwise}\end{cases}

    with video :math:`v`, identity :math:`k` and frames :math:`[s, e]`:
    one who is seen elsewhere at the same time is someone else, while two
    identities that never meet may be one person. For intra-frame training
    the identity is the observation and its range its frame alone; for
    inter-tracklet training they are those of the tracklet. Nothing is
    known of a labelled and a target crop.

    Args:
        videos: Video of each crop, (B,) integer. Ignored for labelled
            crops, whose identities hold across videos.
        identities: Identity of each crop, (B,) integer; of a target crop
            within its video.
        starts: First frame at which the identity is seen, (B,) integer.
            Ignored for labelled crops.
        ends: Last such frame, inclusive, (B,) integer. Ignored likewise.
        labelled: Whether a crop is of the labelled set, (B,) bool.

    Returns:
        The relations, (B, B) int8, symmetric: 1 same, -1 different, 0
        unknown. The diagonal is 1.
    """
    labelled = np.asarray(labelled, dtype=bool)
    both_labelled = labelled[:, None] & labelled
    within_video = (
        ~labelled[:, None] & ~labelled & (videos[:, None] == videos))
    same = identities[:, None] == identities
    meet = (starts[:, None] <= ends) & (starts <= ends[:, None])

    relation = np.full(same.shape, UNKNOWN, dtype=np.int8)
    relation[(both_labelled | within_video) & same] = SAME
    relation[(both_labelled | (within_video & meet)) & ~same] = DIFFERENT
    return relation
