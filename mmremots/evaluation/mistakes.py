"""Where a result is wrong, by ground truth: for people who look at it."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremots.evaluation.embedding_quality import NOBODY, match_to_truth
from mmremots.structures.classes import IGNORE
from mmremots.structures.masks import iom_matrix
from mmremots.structures.observations import Observations


class IdSwitch(NamedTuple):
    """A person's track ends and another one goes on with him.

    Attributes:
        person: Annotated identity.
        before: Track that he was on.
        after: Track that he is on now.
        last_frame: Last frame of the one.
        frame: First frame of the other.
    """

    person: int
    before: int
    after: int
    last_frame: int
    frame: int


class FalseTrack(NamedTuple):
    """A track that mostly shows nobody who is annotated.

    Attributes:
        track: Its id.
        masks: Number of its masks.
        false: How many of them show nobody.
        first_frame: Where it begins.
    """

    track: int
    masks: int
    false: int
    first_frame: int


def id_switches(frames: ArrayLike, people: ArrayLike,
                track_ids: ArrayLike) -> list[IdSwitch]:
    """Where a person's track changes, as CLEAR counts it.

    Bernardin and Stiefelhagen, 2008: a person who is found on another track
    than where he was found last, however long ago, is a switch.

    Args:
        frames: (N,) frame of each mask of a result.
        people: (N,) annotated identity of each, or a negative number; a
            person is in a frame once.
        track_ids: (N,) its track.

    Returns:
        The switches, by frame, then by person.
    """
    times, names, ids = (
        np.asarray(column) for column in (frames, people, track_ids))
    order = np.lexsort((times, names))
    order = order[names[order] >= 0]
    times, names, ids = times[order], names[order], ids[order]
    switched = np.flatnonzero(
        (names[1:] == names[:-1]) & (ids[1:] != ids[:-1]))
    return sorted(
        (IdSwitch(int(names[k]), int(ids[k]), int(ids[k + 1]),
                  int(times[k]), int(times[k + 1])) for k in switched),
        key=lambda switch: (switch.frame, switch.person))


def false_tracks(frames: ArrayLike, nobody: ArrayLike,
                 track_ids: ArrayLike) -> list[FalseTrack]:
    """Tracks of whose masks more than half show nobody.

    Args:
        frames: (N,) frame of each mask of a result.
        nobody: (N,) whether it shows nobody.
        track_ids: (N,) its track.

    Returns:
        The tracks, those with the most false masks first.
    """
    names, first, place, masks = np.unique(
        np.asarray(track_ids), return_index=True, return_inverse=True,
        return_counts=True)
    wrong = np.bincount(
        place, np.asarray(nobody, np.float64), len(names)).astype(int)
    times = np.asarray(frames)
    return sorted(
        (FalseTrack(int(names[k]), int(masks[k]), int(wrong[k]),
                    int(times[first[k]]))
         for k in np.flatnonzero(2 * wrong > masks)),
        key=lambda found: (-found.false, found.track))


def find_mistakes(
        result: Observations, track_ids: ArrayLike, truth: Observations,
        truth_ids: ArrayLike) -> tuple[list[IdSwitch], list[FalseTrack]]:
    """Id switches and false tracks of a result.

    Masks are matched as :func:`match_to_truth` does. One that shows a part
    of a person, or that lies in an ignore region (IoM above 0.5), is not
    false.

    Args:
        result: N masks.
        track_ids: (N,) track of each.
        truth: M annotated masks, ignore regions among them.
        truth_ids: (M,) identity of each.
    """
    real = truth.labels != IGNORE
    people = match_to_truth(
        result, truth.take(real), np.asarray(truth_ids)[real])
    nobody = (people == NOBODY) & ~_ignored(result, truth.take(~real))
    return (id_switches(result.frames, people, track_ids),
            false_tracks(result.frames, nobody, track_ids))


def _ignored(result: Observations,
             regions: Observations) -> NDArray[np.bool_]:
    found = np.zeros(len(result), dtype=bool)
    for frame, theirs in regions.frame_slices():
        rows = result.of_frame(frame)
        found[rows] = (iom_matrix(
            result.rles[rows], regions.rles[theirs]) > 0.5).any(axis=1)
    return found
