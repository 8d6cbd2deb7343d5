"""The loop that goes through the stages of a run."""
from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger, print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from mmremots.datasets.mots_challenge import MOTSChallengeDataset
from mmremots.engine.artifacts import plain, write_json
from mmremots.engine.progress import Outlook, logged_warnings, progress
from mmremots.engine.quality import check_truth
from mmremots.engine.report import make_report
from mmremots.engine.run import Run
from mmremots.engine.run_folder import RunFolder
from mmremots.engine.runner import ReMOTSRunner, log_file_alone
from mmremots.engine.stage_list import build_stages
from mmremots.engine.stages import TrackletStage, TrackStage
from mmremots.evaluation import (
    MOTSChallengeMetric,
    format_tables,
    write_submission,
)
from mmremots.evaluation.replay import replay
from mmremots.formats import read_mots
from mmremots.models.checkpoint import fetch, is_address
from mmremots.models.reid import load_encoder
from mmremots.models.reid.checkpoint import save_encoder
from mmremots.registry import DATASETS, LOOPS
from mmremots.structures import has_file
from mmremots.structures.files import folder_lock, naming_full_disk
from mmremots.visualization import write_overlays

FULL_RUN = 'ReMOTS'


@LOOPS.register_module()
class ReMOTSLoop(BaseLoop):
    """Run a list of stages over target videos, then score the result.

    Args:
        runner: A :class:`ReMOTSRunner`, or mmengine's. Its ``load_from`` is
            the encoder to start from, its ``resume`` keeps the finished
            work of an earlier run in the same ``work_dir``.
        dataloader: Dataloader of the target videos, its dataset a
            :class:`MOTSChallengeDataset`.
        evaluator: Evaluator with a ``MOTSChallengeMetric``.
        stages: Configs of the stages, in order. A stage may stand in the
            list more than once; the files of its later rounds get a
            suffix.
        labelled: Config of the labelled videos, a
            :class:`MOTSChallengeDataset`, or None without any. The classes
            that it loads (``class_ids``) are learned from, no others. They
            are looked at only if a stage needs them.
        training: Settings the two trainings share, see
            :class:`mmremots.engine.stages.training.EncoderTraining`.
        show_dir: Where to paint the result into the frames, or None.
        report: Whether to write ``report.html``, which has frames of the
            videos in it.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: DataLoader | dict,
                 evaluator: Evaluator | dict | list,
                 stages: Sequence[dict],
                 labelled: dict | None = None,
                 training: dict | None = None,
                 show_dir: str | None = None,
                 report: bool = True) -> None:
        super().__init__(runner, dataloader)
        dataset = self.dataloader.dataset
        if not isinstance(dataset, MOTSChallengeDataset):
            raise TypeError(
                'ReMOTSLoop needs a MOTSChallengeDataset as its test '
                f'dataset, not {type(dataset).__name__}')
        self.videos = dataset.sequences
        self.evaluator = (
            evaluator if isinstance(evaluator, Evaluator)
            else runner.build_evaluator(evaluator))
        self.evaluator.dataset_meta = dataset.metainfo
        self.stages = build_stages(stages)
        self.labelled = DATASETS.build(labelled) if labelled and any(
            stage.needs_labelled for stage in self.stages) else None
        self.training = training or {}
        self.show_dir = show_dir
        self.report = report
        self.checkpoint: str | None = runner.cfg.get('load_from')
        self.resume: bool = runner.cfg.get('resume', False)
        if isinstance(runner, ReMOTSRunner):
            runner.loads = False
        elif self.resume:
            raise ValueError(
                f'{type(runner).__name__} cannot resume a ReMOTSLoop: build '
                'the runner as the tools do, by RUNNERS.build(cfg), with '
                "runner_type='mmremots.ReMOTSRunner' in the config")

    def run(self) -> dict[str, float]:
        """Go through the stages.

        Returns:
            The metrics of the result; empty without ground truth.
        """
        begin = time.monotonic()
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        run = self._start()
        with (folder_lock(run.folder.root) if is_main_process()
              else nullcontext(), naming_full_disk(run.folder.root)):
            metrics = self._work(run)
        print_log(f'run time {time.monotonic() - begin:.0f} s', 'current')
        with log_file_alone(self.runner.logger):  # There was a table.
            self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    def _work(self, run: Run) -> dict[str, float]:
        self._check_files(run)
        for stage in self.stages:
            with logged_warnings(stage.title):
                stage.check(run)
        self._set_aside(run.folder)
        self._starting_encoder(run)
        outlook = run.processes.outlook = Outlook(self._plan(run))
        for number, stage in enumerate(self.stages, 1):
            label = f'[{number}/{len(self.stages)}] {stage.title}'
            print_log(label, 'current')
            began = time.monotonic()
            stage.run(run, label)
            outlook.plan.pop(0)
            if is_main_process():
                run.folder.add_seconds(
                    stage.title + stage.suffix, time.monotonic() - began)
        run.processes.note('the end, scoring')
        metrics = self._finish(run) if is_main_process() else {}
        run.processes.leave()
        return metrics

    def _plan(self, run: Run) -> list[dict[str, float]]:
        """The steps of each stage, and of how many frames they are."""
        frames = sum(video.num_frames for video in run.videos)
        made: set[str] = set()
        plan: list[dict[str, float]] = []
        for stage in self.stages:
            plan.append({step: 1 if step == 'training' else frames
                         for step in stage.steps(run, made)})
            made |= plan[-1].keys()
        return plan

    def _start(self) -> Run:
        model = self.runner.model
        # A training has these of the run, unless it has its own.
        runtime = {key: plain(self.runner.cfg[key]) for key in (
            'env_cfg', 'visualizer', 'custom_hooks', 'model_wrapper_cfg')
            if self.runner.cfg.get(key) is not None}
        return Run(
            folder=RunFolder(self.runner.work_dir),
            videos=self.videos,
            labelled=self.labelled.sequences if self.labelled else [],
            labelled_classes=(
                tuple(self.labelled.class_ids) if self.labelled else None),
            model=model.module if is_model_wrapper(model) else model,
            model_cfg=plain(self.runner.cfg['model'].to_dict()),
            training={**runtime, **self.training},
            seed=self.runner.seed,
            resume=self.resume,
            launcher=self.runner.launcher,
            checkpoint=self._starting_checkpoint())

    def _starting_checkpoint(self) -> Path | None:
        """That of the runner, or of the encoder's own config."""
        init = self.runner.cfg.model.reid.get('init_cfg') or {}
        given = self.checkpoint or (
            init.get('checkpoint') if init.get('type') == 'Pretrained'
            else None)
        if given and is_address(given):
            return fetch(given)
        return Path(given) if given else None

    def _check_files(self, run: Run) -> None:
        """Find what would fail at the start, or in the end."""
        if run.checkpoint is not None and not has_file(run.checkpoint):
            raise FileNotFoundError(
                f'{run.checkpoint}: no such checkpoint of the encoder')
        if any(isinstance(stage, TrackStage) for stage in self.stages):
            check_truth(run)
        elif self.show_dir is not None:
            raise ValueError(
                f'show_dir is {self.show_dir}, but no stage makes tracks that '
                'could be painted; add Merging, or leave show_dir out')

    def _set_aside(self, folder: RunFolder) -> None:
        """Leave nothing in place that is of another run."""
        if is_main_process():
            old = folder.is_old
            if old or not self.resume:
                aside = folder.set_aside()
                if aside is not None:
                    print_log(
                        f'results of an earlier run are in {aside} now; '
                        + ('an older version of mmremots wrote them, which '
                           'kept no record to check them by' if old else
                           'with --resume they would have been kept'),
                        'current')
            folder.remove_summaries()
        barrier()

    def _starting_encoder(self, run: Run) -> None:
        """Write the weights the run starts from, so all is in its folder."""
        path = run.folder.encoder('start')
        checkpoint = run.checkpoint
        if checkpoint is None:
            print_log('no encoder checkpoint is given: the encoder starts '
                      'from random weights, unless a tool has loaded others '
                      'into it', 'current', level=logging.WARNING)

        def write() -> None:
            for fact in ('checkpoint', 'model.reid', 'seed'):
                run.artifacts.fact(fact)
            if checkpoint is not None:
                load_encoder(run.model.reid, checkpoint)
            save_encoder(run.model.reid.state_dict(), path)
            run.artifacts.wrote(path)

        if is_main_process():
            run.artifacts.make('starting encoder', 'starting encoder', write)
        barrier()
        run.encoder = path

    @torch.no_grad()
    def _finish(self, run: Run) -> dict[str, float]:
        """Score what was written, print the tables, pack the result."""
        folders = {
            FULL_RUN if stage.folder == 'tracks' else
            stage.title + stage.suffix: run.folder.root / stage.folder
            for stage in self.stages
            if isinstance(stage, TrackletStage | TrackStage)}
        if FULL_RUN in folders:  # Before scores, which may fail.
            write_submission(folders[FULL_RUN], run.videos,
                             run.folder.root / 'submission.zip')
        else:
            print_log('no stage makes tracks: nothing to score or to pack',
                      'current')
        tables: dict[str, dict[str, float]] = {}
        for title, folder in folders.items():
            if not all((folder / f'{video.name}.txt').is_file()
                       for video in run.videos):
                continue
            scores: dict[str, Any] = {}
            for metric in self.evaluator.metrics:
                if isinstance(metric, MOTSChallengeMetric):
                    scores |= metric.evaluate_tracks(run.videos, folder)
            if scores:
                tables[title] = scores
        if tables:
            print_log('\n' + format_tables(tables), 'current')
            write_json(run.folder.root / 'metrics.json',
                       {**tables.get(FULL_RUN, {}), 'stages': tables})
        if self.show_dir is not None and FULL_RUN in folders:
            self._show(run, folders[FULL_RUN])
        if self.report:
            self._report(run)
        print_log('written:\n' + '\n'.join(
            f'  {path}' for path in run.folder.results()), 'current')
        metrics = tables.get(FULL_RUN, {})
        if FULL_RUN in folders:
            metrics |= replay(self.runner, self.evaluator.metrics,
                              self.dataloader.dataset, folders[FULL_RUN])
        return metrics

    def _report(self, run: Run) -> None:
        """Write the page for people; the result is safe without it."""
        try:
            make_report(run, self.stages)
        except Exception as error:
            log = MMLogger.get_current_instance().log_file
            print_log(
                f'no report could be made: {error!r}; the traceback is in '
                f'{log}', 'current', level=logging.ERROR)
            if log is not None:
                with open(log, 'a') as file:
                    traceback.print_exc(file=file)

    def _show(self, run: Run, tracks: Path) -> None:
        """Paint the result into the frames."""
        for video in run.videos:
            table, ids = read_mots(
                tracks / f'{video.name}.txt', video.size, video.num_frames)
            write_overlays(
                video, table, ids, Path(str(self.show_dir)) / video.name,
                video=True, progress=partial(
                    progress, title=f'overlays, {video.name}'))
