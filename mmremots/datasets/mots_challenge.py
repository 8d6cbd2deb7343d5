"""mmdet's video dataset on the layout of MOTSChallenge."""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from mmdet.datasets import BaseVideoDataset

from mmremots.formats.ground_truth import read_truth
from mmremots.registry import DATASETS
from mmremots.structures.classes import CAR, IGNORE, PEDESTRIAN
from mmremots.structures.observations import Observations
from mmremots.structures.rle import counts_text
from mmremots.structures.video import Video

from .sequences import find_sequences

#: The frames of a video, without images: what is known of them.
FRAMES_PIPELINE = (dict(
    type='mmdet.PackTrackInputs',
    meta_keys=('sequence', 'frame_rate', 'class_ids')), )
#: MOTS class to that of MOTChallenge's box files.
_MOT_CLASS = {1: 3, 2: 1}
_NO_TRUTH = Observations.empty(), np.zeros(0, np.int64)


@DATASETS.register_module()
class MOTSChallengeDataset(BaseVideoDataset):
    """Sequences as downloaded, without a JSON.

    Which layouts are understood, and which forms of ground truth, is in
    :func:`.layouts.find_places` and
    :func:`.annotation_files.find_annotation`.

    An item is a video or, by a ``(video, frame)`` index as mmdet's
    ``TrackImgSampler`` gives it, one frame of it. Each instance keeps its
    mask (RLE), its id as in the file, and ``ignore_flag=1`` if it is an
    ignore region (class 10). Sequences without ground truth have no
    instances. ``frame_id`` counts from 0 as everywhere in mmdet: frame 1
    of the files has ``frame_id`` 0.

    Args:
        data_root: Folder with one subfolder a sequence.
        sequences: Names of the sequences, or a seqmap file that lists
            them; None for all there are.
        class_ids: MOTS class of the file to label of the model. Objects of
            other classes are left out, ignore regions never are.
            Defaults to ``{2: 0}``, pedestrians only.
        first_frame: What ground truth and detections call the first image
            of each sequence. Defaults to None: as the images are named.
        **kwargs: Of :class:`mmdet.datasets.BaseVideoDataset`: ``pipeline``,
            ``test_mode``, ``metainfo``, ``filter_cfg``, ... With
            ``test_mode`` and no pipeline a video comes as a
            ``TrackDataSample`` without its images, which ReMOTS reads one
            at a time.

    Raises:
        FileNotFoundError: A sequence or its images are not there.
        ValueError: A sequence or its ground truth is broken (the message
            names file and line), ``class_ids`` does not fit the classes,
            or no frame is left to train on.
    """

    METAINFO = {  # noqa: RUF012, as in mmdet
        'classes': ('pedestrian',),
        'palette': [(220, 20, 60)],
    }

    #: MOTS class of the file to label of the model.
    CLASS_IDS: Mapping[int, int] = MappingProxyType({PEDESTRIAN: 0})

    def __init__(self,
                 data_root: str | os.PathLike[str],
                 sequences: Iterable[str] | str | None = None,
                 class_ids: Mapping[int, int] | None = None,
                 first_frame: int | None = None,
                 **kwargs: Any) -> None:
        self._wanted = sequences, first_frame
        self.class_ids = dict(class_ids or self.CLASS_IDS)
        self._last_truth: tuple[
            int, tuple[Observations, np.ndarray]] | None = None
        if kwargs.get('test_mode') and not kwargs.get('pipeline'):
            kwargs['pipeline'] = FRAMES_PIPELINE
        super().__init__(data_root=os.fspath(data_root), **kwargs)

    @property
    def sequences(self) -> list[Video]:
        """The sequences in the order of the dataset's videos."""
        return list(self._sequences)

    @cached_property
    def _sequences(self) -> list[Video]:
        # With lazy_init nothing is sought on disk until it is asked for.
        return find_sequences(self._root(), *self._wanted)

    def _root(self) -> str:
        """Folder of the sequences."""
        return str(self.data_root)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read all ground truth into mmdet's list of videos."""
        num_classes = len(self.metainfo['classes'])
        if not set(self.class_ids.values()) <= set(range(num_classes)):
            raise ValueError(
                f'class_ids {self.class_ids} must map to labels 0 to '
                f'{num_classes - 1} of classes {self.metainfo["classes"]}')
        # What the parent's filter_data looks at.
        self.cat_ids = list(self.class_ids)
        self.cat_img_map: dict[int, list[int]] = {
            cat_id: [] for cat_id in self.cat_ids}
        self.img_ids_with_ann: set[int] = set()

        videos = []
        img_id = 0
        for video_id, sequence in enumerate(self._sequences):
            # Tests rarely ask for ground truth: then it is read on demand.
            table, ids = (_NO_TRUTH if self.test_mode
                          else read_truth(sequence))
            images = []
            for frame, img_path in enumerate(sequence.img_paths, start=1):
                rows = range(len(table))[table.of_frame(frame)]
                for row in rows:
                    category = int(table.labels[row])
                    if category in self.class_ids:
                        self.cat_img_map[category].append(img_id)
                        self.img_ids_with_ann.add(img_id)
                images.append({
                    'img_id': img_id,
                    'img_path': img_path,
                    'height': sequence.height,
                    'width': sequence.width,
                    'ori_shape': sequence.size,
                    'img_shape': sequence.size,
                    'frame_id': frame - 1,
                    'video_id': video_id,
                    'sequence': sequence.name,
                    'frame_rate': sequence.frame_rate,
                    'class_ids': self.class_ids,
                    'instances': self._instances(table, ids, rows),
                })
                img_id += 1
            videos.append({
                'video_id': video_id,
                'images': images,
                'video_length': len(images),
            })
        return videos

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A video, with its ground truth.

        Args:
            idx: Number of the video.
        """
        video = super().get_data_info(idx)
        if self.test_mode:
            table, ids = self._truth_of(video['video_id'])
            for image in video['images']:
                rows = table.of_frame(image['frame_id'] + 1)
                image['instances'] = self._instances(
                    table, ids, range(len(table))[rows])
        return video

    def filter_data(self) -> list[dict[str, Any]]:
        """Drop unannotated frames in training, and videos left empty."""
        videos = super().filter_data()
        if self.test_mode:
            return videos
        # The parent counts a video without any such frame down to 0, but
        # leaves its images in.
        videos = [video for video in videos if video['video_length']]
        if not videos:
            names = ', '.join(s.name for s in self._sequences)
            raise ValueError(
                f'{self.data_root}: no annotated frame to train on in '
                f'{names}; use test_mode=True for sequences without ground '
                'truth')
        return videos

    def _truth_of(self, number: int) -> tuple[Observations, np.ndarray]:
        """Ground truth of a video; that of the last one is kept."""
        if self._last_truth is None or self._last_truth[0] != number:
            self._last_truth = number, read_truth(
                self._sequences[number])
        return self._last_truth[1]

    def _instances(self, table: Observations, ids: np.ndarray,
                   rows: Iterable[int]) -> list[dict[str, Any]]:
        """The instances of one frame as mmdet has them."""
        instances = []
        for row in rows:
            category = int(table.labels[row])
            ignored = category == IGNORE
            if not ignored and category not in self.class_ids:
                continue
            rle = table.rles[row]
            instances.append({
                'bbox': table.boxes[row].tolist(),
                'bbox_label': 0 if ignored else self.class_ids[category],
                'ignore_flag': int(ignored),
                'instance_id': int(ids[row]),
                # For mmdet's MOTChallengeMetric, of boxes.
                'mot_conf': float(not ignored),
                'category_id': _MOT_CLASS.get(category, 0),
                'visibility': 1.0,
                # LoadTrackAnnotations takes counts in bytes for invalid
                # and ignores the instance.
                'mask': {
                    'size': [int(side) for side in rle['size']],
                    'counts': counts_text(rle),
                },
            })
        return instances


@DATASETS.register_module()
class KittiMOTSDataset(MOTSChallengeDataset):
    """KITTI MOTS as downloaded: cars and pedestrians, frames from 0.

    ``DATA_ROOT/image_02/<sequence>/000000.png``, and ground truth as
    ``instances_txt/<sequence>.txt`` or ``instances/<sequence>/000000.png``
    beside ``image_02/`` or one folder up.
    """

    METAINFO = {  # noqa: RUF012, as in mmdet
        'classes': ('car', 'pedestrian'),
        'palette': [(0, 0, 142), (220, 20, 60)],
    }
    CLASS_IDS = MappingProxyType({CAR: 0, PEDESTRIAN: 1})
