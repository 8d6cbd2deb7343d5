"""Tracks of any tracker, in place of stages 1 and 3."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmremots.engine.run import Run
from mmremots.engine.stages.tracking import TrackletStage, statistics
from mmremots.engine.video_work import VideoWork
from mmremots.formats.row_tables import ReadingOptions
from mmremots.formats.track_files import read_tracks
from mmremots.models.detectors.mask_fusion import disjoint_masks
from mmremots.registry import STAGES
from mmremots.structures import Observations
from mmremots.structures.files import file_sha256
from mmremots.structures.video import Video, sequence_folder, to_frames


@STAGES.register_module()
class TrackletsFromFile(TrackletStage):
    """Refine what another tracker left: its tracks become tracklets.

    In place of MaskGeneration and of ShortTermTracking. List
    TrackletSplitting behind it, which cuts the tracks where they change from
    one person to another; the other stages are then those of any run.

    Masks of a frame become disjoint, see
    :func:`~mmremots.models.detectors.mask_fusion.disjoint_masks`.

    Args:
        path: Where the tracks of a sequence are: any form of
            :func:`~mmremots.formats.track_files.read_tracks`.
            ``{sequence}`` stands for its name; without it a relative path
            lies in the sequence's folder.
        first_frame: What the file calls the first frame. Defaults to None:
            as the images are numbered, if they say so; else 0 if the file
            has a frame 0, and 1 if it has none.
        classes: MOTS class of each category of a JSON file; others are left
            out.
        ann_file: JSON with the lists of images and videos, where the tracks
            have none.
        fix_counts: See :class:`~mmremots.formats.row_tables.ReadingOptions`,
            like the next two.
        resize_masks: Likewise.
        join_parts: Likewise.
    """

    title = 'tracklets from file'
    folder = 'tracklets'

    def __init__(self, path: str, first_frame: int | None = None,
                 classes: Mapping[int, int] | None = None,
                 ann_file: str | None = None, fix_counts: bool = False,
                 resize_masks: bool = False,
                 join_parts: bool = False) -> None:
        self.path = path
        self.first_frame = first_frame
        self.classes = classes and {
            int(theirs): int(ours) for theirs, ours in classes.items()}
        self.ann_file = ann_file
        self.options = ReadingOptions(
            fix_counts=fix_counts, resize_masks=resize_masks,
            join_parts=join_parts)

    def settings(self, run: Run) -> Any:
        """What is read is a fact, wherever it lies."""
        return dict(first_frame=self.first_frame,
                    classes=self.classes and sorted(self.classes.items()),
                    options=asdict(self.options))

    def check(self, run: Run) -> None:
        """Read what there is of tracks and of ground truth.

        Raises:
            FileNotFoundError: A video has no tracks.
            ValueError: They are broken; names file and line.
        """
        super().check(run)
        for video in run.videos:
            run.artifacts.know(self._fact(video), partial(
                self._digests, video))
        for video in run.own_videos:
            if not run.artifacts.valid(self.piece(video),
                                       self.settings(run)):
                self._read(video)

    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any]:
        """Read the tracks, write masks and tracklets."""
        run.artifacts.fact(self._fact(work.video))
        table, ids, line = self._read(work.images())
        print_log(f'{title}: {self._path(work.video)}: {line}', 'current')
        disjoint, kept, smaller = disjoint_masks(table)
        if smaller:
            print_log(
                f'{title}: masks overlap: {smaller} of {len(table)} lost '
                'pixels to a mask of a higher score or nearer to the lower '
                f'edge, {len(table) - len(kept)} of them all', 'current')
        work.write_masks(disjoint, Observations.empty(table.size) if
                         run.artifacts.fact('weak masks') else None)
        work.write_tracklets(ids[kept], self.folder)
        return dict(
            statistics(ids[kept], {}), taken=line, overlapped=smaller,
            without_pixels=len(table) - len(kept))

    def _path(self, video: Video) -> Path:
        if '{sequence}' in self.path:
            return Path(self.path.replace('{sequence}', video.name))
        return sequence_folder(video) / self.path

    def _fact(self, video: Video) -> str:
        return f'tracks given of target {video.name}{self.suffix}'

    def _digests(self, video: Video) -> list[str]:
        return [_sha256(Path(path)) for path in (
            self._path(video), self.ann_file) if path]

    def _read(self, video: Video
              ) -> tuple[Observations, NDArray[np.int64], str]:
        first = self.first_frame
        if first is None and video.numbers:
            first = video.first_frame
        table, ids, line = read_tracks(
            self._path(video), video.size, video.num_numbers, first,
            sequence=video.name, img_paths=video.img_paths,
            classes=self.classes, ann_file=self.ann_file,
            options=self.options)
        return to_frames(video, table), ids, line


def _sha256(path: Path) -> str:
    """Of a file, or of the names and contents of a folder's images."""
    if not path.is_dir():
        return file_sha256(path)
    digest = sha256()
    for image in sorted(path.glob('*.png')):
        digest.update(f'{image.name} {file_sha256(image)}\n'.encode())
    return digest.hexdigest()
