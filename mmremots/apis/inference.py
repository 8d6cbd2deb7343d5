"""Tracking a video, and refining tracks, in a few lines of Python.

What happens is a run of a config, with its stages and its work folder, the
same that ``mmremots test`` does.
"""
from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from numpy.typing import NDArray

from .command_line import (
    build_runner,
    check_options,
    import_quietly,
    read_config,
)

if TYPE_CHECKING:
    from mmremots.formats.tracks import VideoTracks
    from mmremots.models.mot import ReMOTS
    from mmremots.structures.video import Video

PathLike = str | os.PathLike[str]
#: A video file, a folder of images, or frames, (H, W, 3) uint8 BGR.
Frames = PathLike | Iterable[NDArray[np.uint8]]

#: For any video: no labelled set, no GPU.
VIDEO_CONFIG = 'mmremots::remots/remots_plus_video.py'
#: The same for tracks that are there.
REFINE_CONFIG = 'mmremots::remots/remots_plus_refine.py'


def init_model(config: PathLike | Config = VIDEO_CONFIG,
               checkpoint: PathLike | None = None,
               cfg_options: dict[str, Any] | None = None) -> ReMOTS:
    """Build the model of a config, with its encoder's weights.

    Args:
        config: A ReMOTS config: a file, ``package::folder/file.py``, or its
            content. The default needs weights from the network once.
        checkpoint: Weights of the encoder, a path or an address; default:
            the config's ``load_from``. An ``.onnx`` is taken by an OSNet
            whose norms are folded.
        cfg_options: Settings that replace those of the config.

    Returns:
        The model; its ``cfg`` is the config. Weights that nothing is loaded
        into are drawn from the config's seed, as a run draws them.

    Raises:
        FileNotFoundError: There is no such config, or no such checkpoint.
        ValueError: The weights are not of this encoder.
        ConnectionError: Weights cannot be downloaded.
    """
    import_quietly()
    import torch

    import mmremots
    from mmremots.models.reid import load_encoder
    from mmremots.registry import MODELS
    mmremots.register_all_modules()
    cfg = encoder_config(config, checkpoint, cfg_options)
    seed = cfg.get('randomness', {}).get('seed')
    # The caller's random numbers stay as they are.
    with torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.manual_seed(seed)
        model: ReMOTS = MODELS.build(cfg.model)
    if cfg.get('load_from'):
        load_encoder(model.reid, cfg.load_from)
    model.cfg = cfg
    return model


def inference_video(
        model: ReMOTS, video: Frames, *, name: str = 'video',
        frame_rate: float | None = None,
        work_dir: PathLike | None = None) -> VideoTracks:
    """Track a video by all stages of the model's config.

    Args:
        model: Of :func:`init_model`. Its encoder is where the run starts; a
            training in the run does not change it.
        video: A video file, which is decoded once into the work folder (PNG:
            some 3 MB a frame of 1920x1080); a folder of images; or frames
            in order, (H, W, 3) uint8, BGR.
        name: What to call frames that have no name.
        frame_rate: Frames a second. Default: what the file or its
            ``seqinfo.ini`` states, else 30.
        work_dir: Folder of the run, which stays; a run that was stopped goes
            on there. Default: a temporary one.

    Returns:
        The tracks.

    Raises:
        FileNotFoundError: There is no such video.
        ValueError: It cannot be read, or has no frame.
    """
    from mmremots.models.reid import save_encoder
    with _work_folder(work_dir) as root:
        cfg = copy.deepcopy(model.cfg)
        start = root / 'encoder_given.pth'
        save_encoder(model.reid.state_dict(), start)
        cfg.load_from = str(start)
        cfg.test_dataloader.dataset = _dataset(
            cfg, video, root, name, frame_rate)
        return _run(cfg, root, work_dir is not None)


def refine(tracks: Any, frames: Frames, encoder: PathLike | None = None,
           train: bool = False, *, prune: bool = True,
           labelled: PathLike | None = None, name: str = 'video',
           frame_rate: float | None = None, first_frame: int | None = None,
           classes: Mapping[int, int] | None = None,
           config: PathLike | Config = REFINE_CONFIG,
           cfg_options: dict[str, Any] | None = None,
           work_dir: PathLike | None = None) -> VideoTracks:
    """Refine the tracks of any tracker.

    They are cut where they change from one person to another, merged again,
    pruned, continued and filled.

    Args:
        tracks: A file or a folder of PNGs
            (:func:`mmremots.formats.track_files.read_tracks`), a
            :class:`VideoTracks`, or ``supervision.Detections`` of each frame.
        frames: As ``video`` of :func:`inference_video`.
        encoder: Weights of an OSNet x0.25, a path or an address; default:
            the public ones of the config, downloaded once.
        train: Whether to do the two trainings on this video, too.
        prune: Whether parts of tracks go that are too short or too weak for
            people of this video.
        labelled: For the trainings, a folder of annotated sequences of
            people; default: the built-in sample, which is drawn.
        name: As of :func:`inference_video`.
        frame_rate: As there.
        first_frame: What a file calls the first frame; default: 0 if it has
            a frame 0, else 1.
        classes: MOTS class of each category of a JSON file.
        config: Whose ``TrackletsFromFile`` is told of the tracks.
        cfg_options: Settings that replace those of the config.
        work_dir: As of :func:`inference_video`.

    Returns:
        The refined tracks.

    Raises:
        FileNotFoundError: Tracks, frames or weights are not there.
        ValueError: They cannot be read, or do not fit each other.
    """
    with _work_folder(work_dir) as root:
        cfg = encoder_config(config, encoder, cfg_options)
        readers = [
            number for number, stage in enumerate(cfg.test_cfg.stages)
            if stage['type'].rpartition('.')[2] == 'TrackletsFromFile']
        if not readers:
            raise ValueError(f'{cfg.filename}: no stage TrackletsFromFile, '
                             'which reads the tracks')
        cfg.test_dataloader.dataset = _dataset(
            cfg, frames, root, name, frame_rate)
        path, classes = _tracks_file(tracks, root, cfg, classes)
        for number in readers:
            told = dict(path=path, classes=classes, first_frame=first_frame)
            cfg.test_cfg.stages[number].update({
                key: value for key, value in told.items()
                if value is not None})
        if train:
            cfg.test_cfg.stages = with_trainings(cfg.test_cfg.stages)
        if not prune:
            cfg.test_cfg.stages = [
                stage for stage in cfg.test_cfg.stages
                if stage['type'].rpartition('.')[2] != 'TrackPruning']
        cfg.test_cfg.labelled = dict(
            type='mmremots.MOTSChallengeDataset',
            data_root=os.fspath(labelled),
            test_mode=True) if labelled else dict(
                cfg.test_cfg.labelled, data_root=str(root / 'sample'))
        return _run(cfg, root, work_dir is not None)


def with_trainings(stages: Iterable[Mapping[str, Any]]) -> list[dict]:
    """Stages of plus with the two trainings where they belong.

    Intra-frame training once there are masks; inter-tracklet training once
    tracklets are cut, which are then cut again.
    """
    found: list[dict] = []
    for stage in map(dict, stages):
        found.append(stage)
        kind = stage['type'].rpartition('.')[2]
        if kind in ('MaskGeneration', 'TrackletsFromFile'):
            found.append(dict(type='IntraFrameTraining'))
        elif kind == 'TrackletSplitting':
            found += [dict(type='InterTrackletTraining'), dict(stage)]
    return found


def encoder_config(config: PathLike | Config,
                   checkpoint: PathLike | None = None,
                   options: dict[str, Any] | None = None) -> Config:
    """A config with an encoder's weights and options.

    Args:
        config: As of :func:`init_model`.
        checkpoint: As there. For an ``.onnx``, whose norms are folded into
            the convolutions, an OSNet is made one without norms.
        options: Settings that replace those of the config.
    """
    cfg = (copy.deepcopy(config) if isinstance(config, Config)
           else read_config(os.fspath(config)))
    if checkpoint is not None:
        cfg.load_from = os.fspath(checkpoint)
    if str(cfg.get('load_from')).lower().endswith('.onnx') and (
            cfg.model.reid.backbone.type == 'OSNet'):
        cfg.model.reid.backbone.norm_cfg = None
    if options:
        check_options(cfg, options)
        cfg.merge_from_dict(options)
    return cfg


@contextmanager
def _work_folder(given: PathLike | None) -> Iterator[Path]:
    """The folder of a run in this process.

    Raises:
        ValueError: Several processes were started.
    """
    if int(os.environ.get('WORLD_SIZE', 1)) > 1:
        raise ValueError(
            'tracking a video and refining tracks are for one process, and '
            f'{os.environ["WORLD_SIZE"]} were started: for several, put the '
            'video into a config, and run mmremots test')
    if given is not None:
        yield Path(os.path.abspath(given))
        return
    with tempfile.TemporaryDirectory(prefix='mmremots-') as folder:
        yield Path(folder)


def _dataset(cfg: Config, video: Frames, root: Path, name: str,
             frame_rate: float | None) -> dict[str, Any]:
    """Config of the dataset of one video."""
    from mmremots.datasets.video_files import checked_rate, write_sequence
    from mmremots.structures.video import DEFAULT_FRAME_RATE
    folder = root / 'frames'
    common = dict(pipeline=cfg.get('frames_pipeline', []), test_mode=True)
    if isinstance(video, str | os.PathLike):
        return dict(
            common, type='mmremots.VideoFiles', files=os.path.abspath(video),
            frames_dir=str(folder), frame_rate=frame_rate)
    write_sequence(
        folder / name, lambda: video,
        checked_rate(frame_rate) or DEFAULT_FRAME_RATE)
    return dict(common, type='mmremots.MOTSChallengeDataset',
                data_root=str(folder), sequences=[name])


def _tracks_file(tracks: Any, root: Path, cfg: Config,
                 classes: Mapping[int, int] | None
                 ) -> tuple[str, Mapping[int, int] | None]:
    """Where tracks lie, written there if they are objects; their classes."""
    import mmremots
    from mmremots.engine.runner import log_file_alone
    from mmremots.formats.tracks import VideoTracks
    from mmremots.registry import DATASETS
    if isinstance(tracks, str | os.PathLike):
        if not os.path.exists(tracks):  # Before weights are downloaded.
            raise FileNotFoundError(f'{tracks}: no such tracks')
        return os.path.abspath(tracks), classes
    mmremots.register_all_modules()
    with log_file_alone(MMLogger.get_current_instance()):  # The run says it.
        video, = DATASETS.build(cfg.test_dataloader.dataset).sequences
    if not isinstance(tracks, VideoTracks):
        tracks = VideoTracks.from_supervision(tracks, video.size, classes)
        if tracks.num_frames < video.num_frames:
            raise ValueError(
                f'detections of {tracks.num_frames} frames, but {video.name} '
                f'has {video.num_frames}; a frame without any has empty ones')
    if tracks.num_frames > video.num_frames:
        raise ValueError(
            f'tracks of {tracks.num_frames} frames, but {video.name} has '
            f'{video.num_frames}')
    path = root / 'given.json'
    replace(tracks, video=None, name=video.name).to_coco(path)
    return str(path), {label: label for label in set(tracks.labels.tolist())}


def _run(cfg: Config, root: Path, keep: bool) -> VideoTracks:
    """Do the run, and read its result."""
    cfg.work_dir, cfg.launcher, cfg.resume = str(root), 'none', True
    # mmengine knows loggers by this and the second of the start: two runs in
    # one second would share the log, and the folder, of the first.
    cfg.experiment_name = root.name
    if not keep:
        cfg.temporary_work_dir, cfg.test_cfg.report = True, False
    build_runner(cfg).test()
    return tracks_of_run(cfg, root, keep)


def tracks_of_run(cfg: Config, root: PathLike,
                  keep: bool = True) -> VideoTracks:
    """The tracks that a run of one video has left.

    Args:
        cfg: Its config.
        root: Its work directory.
        keep: Whether what lies in the work directory stays there.

    Raises:
        FileNotFoundError: There is no finished run.
    """
    from mmremots.engine.finished_run import finished_run
    from mmremots.engine.run_folder import read_json
    from mmremots.engine.runner import log_file_alone
    from mmremots.formats.tracks import VideoTracks
    with log_file_alone(MMLogger.get_current_instance()):  # The run said it.
        run = finished_run(cfg, Path(root))
    video, = run.videos
    tracks = run.work(video).tracks()
    sections = read_json(run.folder.statistics(video.name)) or {}
    thresholds = {
        section: {label: {key: row[key] for key in ('value', 'rule', 'note')}
                  for label, row in found['classes'].items()}
        for section, found in sections.items() if found.get('classes')}
    return VideoTracks(
        replace(tracks.table, size=video.size), tracks.ids,
        video.num_frames, video.frame_rate, video.name, thresholds,
        _lasting(video, Path(root), keep))


def _lasting(video: Video, root: Path, keep: bool) -> Video | None:
    """The images, where they really lie; None if they go."""
    paths = tuple(map(os.path.realpath, video.img_paths))
    inside = Path(paths[0]).is_relative_to(os.path.realpath(root))
    return None if inside and not keep else replace(video, img_paths=paths)
