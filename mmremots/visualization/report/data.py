"""What a report shows: plain data, whoever collects it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmremots.structures.masks import RLE
from mmremots.structures.observations import Observations
from mmremots.structures.video import Video

#: Tracklet of a mask that is on none: a stage after merging gave it.
NO_TRACKLET = -1


class Table(NamedTuple):
    """A table of text.

    Attributes:
        title: What stands above it.
        header: Names of the columns.
        rows: Cells, as many in each row.
        names: How many columns, from the left, are names, not numbers.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1


class Face(NamedTuple):
    """One side of a decision: what stands for it in a picture.

    Attributes:
        track: Its track.
        name: What it is called.
        frame: Frame of the mask that stands for it.
        rle: That mask.
    """

    track: int
    name: str
    frame: int
    rle: RLE


class Decision(NamedTuple):
    """A merge or a refusal to look at.

    Attributes:
        first: Who is seen before.
        second: Who is seen after.
        similarity: Mean cosine of the two.
        threshold: What a merge needs; None where nobody knows.
        before: Last frame of the first.
        after: First frame of the second.
    """

    first: Face
    second: Face
    similarity: float
    threshold: float | None
    before: int
    after: int

    @property
    def margin(self) -> float:
        """How far above the threshold; the similarity without one."""
        return self.similarity - (self.threshold or 0.0)


class Mistake(NamedTuple):
    """Something that ground truth says is wrong.

    Attributes:
        frame: Where to look.
        track: The track to look at.
        text: What is wrong.
    """

    frame: int
    track: int
    text: str


@dataclass(frozen=True)
class VideoData:
    """What a report shows of one video.

    Attributes:
        video: The video.
        table: N masks of the result.
        ids: (N,) track of each; where a run made none, tracklet; where it
            made none of those either, 0.
        tracklets: (N,) tracklet of each, or ``NO_TRACKLET``.
        cuts: (K, 3) frame where a tracklet was cut, part before, part after.
        statistics: Content of ``statistics/SEQ.json``.
        merges: Merges to look at.
        refusals: Refusals to look at.
        switches: Id switches; None without ground truth.
        false_tracks: Tracks that show nobody; None without ground truth.
    """

    video: Video
    table: Observations
    ids: NDArray[np.int64]
    tracklets: NDArray[np.int64]
    cuts: NDArray[np.int64]
    statistics: Mapping[str, Any]
    merges: Sequence[Decision] = ()
    refusals: Sequence[Decision] = ()
    switches: Sequence[Mistake] | None = None
    false_tracks: Sequence[Mistake] | None = None


@dataclass(frozen=True)
class RunData:
    """What a report shows of a run.

    Attributes:
        name: Name of the run.
        facts: Short facts for its head: version, config, date.
        unit: What an id of the result is: ``track``, ``tracklet``, ``mask``.
        headline: Names and values of the numbers to see first.
        tables: The scores.
        seconds: Each stage, and how long it took; None where nobody knows.
        videos: The videos.
        notes: Sentences on what is missing.
    """

    name: str
    facts: Sequence[str]
    unit: str
    headline: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    seconds: Mapping[str, float]
    videos: Sequence[VideoData]
    notes: Sequence[str] = field(default=())
