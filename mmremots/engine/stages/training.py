"""Stages 2 and 4: the encoder adapts itself to the target videos."""
from __future__ import annotations

import copy
import math
import time
from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import get_world_size, is_main_process
from mmengine.logging import print_log

from mmremots.datasets.triplets import (
    CropGroups,
    InterTrackletTriplets,
    IntraFrameTriplets,
    LabelledCrops,
    NoGroupsError,
)
from mmremots.engine.encoder_training import train_encoder
from mmremots.engine.quality import (
    check_labelled,
    check_truth,
    report_encoder,
)
from mmremots.engine.run import Run
from mmremots.engine.stages.base import Stage
from mmremots.engine.training_settings import (
    check_settings,
    training_settings,
    what_matters,
)
from mmremots.models.reid import read_state_dict
from mmremots.models.reid.checkpoint import save_encoder
from mmremots.registry import DATASETS, SCOPE, STAGES
from mmremots.structures.files import atomic_path
from mmremots.structures.video import Video


class EncoderTraining(Stage):
    """Train the encoder in use on groups of crops.

    Settings are those of mmengine's runner for a training by iterations,
    such as ``optim_wrapper``, and:

    - ``max_iters``: its length, if less than that of ``train_cfg``, which
      ``param_scheduler`` is written for;
    - ``max_views``: how often each target crop may be seen, on average;
      without it, or None, as often as it comes. The training is shorter
      where there are few: the encoder would learn a short video by heart;
    - ``start_share``: how much is kept of the weights before, see
      :func:`mmremots.models.reid.checkpoint.between`.

    Those that the trainings share are ``ReMOTSLoop.training``; in it
    ``labelled``, ``intra`` and ``inter`` hold those of one training alone.
    A batch is ``train_dataloader.batch_size`` groups.

    Args:
        **overrides: Settings of this stage alone.
    """

    needs_labelled = True
    #: What is trained on.
    dataset: type[CropGroups]
    #: Its key in ``ReMOTSLoop.training``; its weights are
    #: ``encoder_<key>.pth``.
    key: str

    def __init__(self, **overrides: Any) -> None:
        self.overrides = overrides

    def steps(self, run: Run, made: set[str]) -> list[str]:
        """Crops, if there are none, the training, and what it is told by."""
        return [*({'crops'} - made), 'training', 'features']

    def check(self, run: Run) -> None:
        """The labelled videos must have labels, settings must make sense."""
        check_settings(run.training, self.key, self.overrides,
                       type(self).__name__, run.model.reid, self.dataset)
        if not run.labelled:
            raise ValueError(
                f'{type(self).__name__} needs labelled videos; set '
                'test_cfg.labelled, or leave the stage out')
        check_labelled(run)

    @abstractmethod
    def data(self, run: Run, label: str) -> dict[str, Any]:
        """Arguments of the dataset; cuts crops where there are none."""

    def run(self, run: Run, label: str) -> None:
        """Train, unless it was done, and use the weights from here on."""
        name = f'{self.key}{self.suffix}'
        out = run.folder.encoder(name)
        with run.processes.together():
            run.artifacts.make(self.name, label, partial(
                self._train, run, label, name, run.require_encoder(), out),
                self.settings(run))
        run.encoder = out

    def settings(self, run: Run) -> dict[str, Any]:
        """Its own and the shared ones that change what it learns."""
        return what_matters(self._settings(run))

    def _settings(self, run: Run) -> dict[str, Any]:
        return training_settings(run.training, self.key, self.overrides)

    @staticmethod
    def _length(label: str, settings: dict[str, Any],
                groups: CropGroups) -> int:
        """Iterations: as many as are asked for, or fewer for few crops."""
        longest = settings['train_cfg']['max_iters']
        longest = min(longest, settings.get('max_iters') or longest)
        views, crops = settings.get('max_views'), groups.num_target_crops
        if views is None or not crops:
            return longest
        per_iteration = (settings['train_dataloader']['batch_size']
                         * groups.group_size * get_world_size())
        length = min(longest, math.ceil(views * crops / per_iteration))
        if length < longest:
            print_log(f'{label}: {length} iterations, not {longest}, so that '
                      f'each of {crops} target crops is seen {views} times '
                      'on average', 'current')
        return length

    def _train(self, run: Run, label: str, name: str, start: Path,
               out: Path) -> None:
        settings = self._settings(run)
        for fact in ('seed', 'number of processes', 'encoder in use',
                     'model.reid'):
            run.artifacts.fact(fact)
        run.artifacts.use(start)
        dataset = dict(
            settings['train_dataloader'].get('dataset', {}),
            type=f'{SCOPE}.{self.dataset.__name__}',
            source=[dict(crops=str(run.work(video, 'labelled').crops(
                label).folder)) for video in run.labelled],
            **self.data(run, label),
            seed=run.seed)
        try:
            groups = DATASETS.build(dataset)
        except NoGroupsError as error:
            print_log(f'{label}: {error}; nothing to learn from, the weights '
                      'stay as they are', 'current', level=30)
            if is_main_process():
                save_encoder(read_state_dict(start), out)
            run.processes.wait()
            run.artifacts.wrote(out)
            return
        encoder = copy.deepcopy(run.model_cfg['reid'])
        if 'head' in encoder:  # An encoder may have none.
            encoder['head']['num_classes'] = groups.num_identities
        encoder.pop('init_cfg', None)
        work_dir = run.folder.training(name)
        goes_on = run.artifacts.goes_on(work_dir)
        began = time.monotonic()
        train_encoder(
            name=name, encoder=encoder, dataset=dataset, start=start,
            out=out, work_dir=work_dir,
            settings=settings,
            length=self._length(label, settings, groups), seed=run.seed,
            resume=goes_on and run.resume, launcher=run.launcher)
        run.processes.outlook.passed('training', 1, time.monotonic() - began)
        run.artifacts.wrote(out)


@STAGES.register_module()
class LabelledTraining(EncoderTraining):
    """Train on the labelled set alone, as the reference does.

    No step of the paper's run: it makes the "off-the-shelf" encoder that
    the run starts from. So it keeps nothing of its own start, random weights
    or those of another task, unless its own ``start_share`` says so.
    """

    title = 'labelled training'
    dataset = LabelledCrops
    key = 'labelled'

    def __init__(self, **overrides: Any) -> None:
        super().__init__(**{'start_share': 0.0, **overrides})

    def data(self, run: Run, label: str) -> dict[str, Any]:
        """Nothing more."""
        return {}


class TargetTraining(EncoderTraining):
    """Train on groups of labelled and target crops, 1:1."""

    #: Whether tracklets are made before.
    tracked: bool

    def check(self, run: Run) -> None:
        """Read what there is of ground truth, for the report."""
        super().check(run)
        check_truth(run)

    def run(self, run: Run, label: str) -> None:
        """Train, then report what the encoder has learned."""
        super().run(run, label)
        report_encoder(run, label, tracked=self.tracked)

    def data(self, run: Run, label: str) -> dict[str, Any]:
        """The target videos."""
        return dict(target=[self.target(run, video, label)
                            for video in run.videos])

    @abstractmethod
    def target(self, run: Run, video: Video, label: str) -> dict[str, str]:
        """The crops of a target video, as the dataset wants them."""


@STAGES.register_module()
class IntraFrameTraining(TargetTraining):
    """Train on pairs within a frame (paper section 2.2).

    The masks of one frame are different people; an augmented view of a
    mask is the same one.
    """

    title = 'intra-frame training'
    dataset = IntraFrameTriplets
    key = 'intra'
    tracked = False

    def target(self, run: Run, video: Video, label: str) -> dict[str, str]:
        """Crops alone: which frame they are of is all that is known."""
        return dict(crops=str(run.work(video).crops(label).folder))


@STAGES.register_module()
class InterTrackletTraining(TargetTraining):
    """Train on short tracklets as pseudo labels (paper section 2.4)."""

    title = 'inter-tracklet training'
    dataset = InterTrackletTriplets
    key = 'inter'
    tracked = True

    def data(self, run: Run, label: str) -> dict[str, Any]:
        """The target videos, and the tracklet of each crop."""
        for video in run.videos:  # All are what is learned from.
            path, ids = self._tracklets(run, video), run.work(
                video).tracklets()
            if is_main_process():
                with atomic_path(path) as temporary, temporary.open(
                        'wb') as file:
                    np.save(file, ids, allow_pickle=False)
        run.processes.wait()
        return super().data(run, label)

    def target(self, run: Run, video: Video, label: str) -> dict[str, str]:
        """Crops and tracklets."""
        return dict(crops=str(run.work(video).crops(label).folder),
                    identities=str(self._tracklets(run, video)))

    @staticmethod
    def _tracklets(run: Run, video: Video) -> Path:
        return run.folder.crops('tracklets', f'{video.name}.npy')
