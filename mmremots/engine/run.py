"""What the stages of a run share: the videos, the model, the files."""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_rank, get_world_size

from mmremots.engine.artifacts import Artifacts, plain, write_json
from mmremots.engine.processes import Processes
from mmremots.engine.run_folder import RunFolder
from mmremots.engine.stage_list import build_stages
from mmremots.engine.video_work import VideoWork
from mmremots.formats.ground_truth import truth_sha256
from mmremots.models.mot.remots import ReMOTS
from mmremots.models.reid import load_encoder
from mmremots.models.reid.checkpoint import encoder_bytes
from mmremots.registry import DATASETS, MODELS
from mmremots.structures.files import file_sha256
from mmremots.structures.video import Video

#: Parts of the model whose config is a fact; the detector is one by video.
PARTS = ('reid', 'motion', 'tracker', 'merger')


@dataclass
class Run:
    """One run of ReMOTS: what every stage reads and where it writes.

    Attributes:
        folder: Where the run's files stand.
        videos: The target videos.
        labelled: The labelled videos; may be empty.
        model: The model, on its device.
        model_cfg: Its configuration, plain.
        training: Settings the two trainings share.
        seed: Seed of everything random.
        resume: Whether finished work of an earlier run is kept.
        labelled_classes: Classes of the labelled videos to learn from; None
            for all but ignore regions.
        checkpoint: Weights the run starts from; None for none.
        encoder: Weights the next stage is to use.
        tracklet_folder: Folder of the tracklets the next stage is to use.
        tracked: Folder of the tracks the next stage is to use.
    """

    folder: RunFolder
    videos: Sequence[Video]
    labelled: Sequence[Video]
    model: ReMOTS
    model_cfg: dict[str, Any]
    training: dict[str, Any]
    seed: int
    resume: bool
    launcher: str = 'none'
    labelled_classes: tuple[int, ...] | None = None
    checkpoint: Path | None = None
    encoder: Path | None = None
    tracklet_folder: str = 'tracklets'
    tracked: str | None = None
    _statistics: dict[str, dict[str, Any]] = field(default_factory=dict)
    _loaded: tuple[Path, str] | None = None

    def __post_init__(self) -> None:
        self.processes = Processes(self.folder.root / '.processes')
        self.artifacts = Artifacts(
            self.folder.root, self._facts(), self.processes)
        self._work = {
            (kind, video.name): VideoWork(self, video, kind)
            for kind, videos in (('target', self.videos),
                                 ('labelled', self.labelled))
            for video in videos}

    def _facts(self) -> dict[str, Callable[[], Any]]:
        """All that work may depend on beside files of the run."""
        facts: dict[str, Callable[[], Any]] = {
            'seed': lambda: self.seed,
            'number of processes': get_world_size,
            'labelled classes': lambda: self.labelled_classes,
            'checkpoint': cache(self._start_sha256),
            'encoder in use': lambda: self.require_encoder().stem,
            'tracklets in use': lambda: self.tracklet_folder,
            'tracks in use': lambda: self.tracked,
            'weak masks': lambda: self.model.detector.has_weak}
        for part in PARTS:
            facts[f'model.{part}'] = partial(self.model_cfg.get, part)
        for kind, videos in (('target', self.videos),
                             ('labelled', self.labelled)):
            for video in videos:
                of = f'of {kind} {video.name}'
                facts[f'images {of}'] = cache(partial(_identity, video))
                facts[f'frame rate {of}'] = partial(
                    getattr, video, 'frame_rate')
                facts[f'annotation {of}'] = cache(partial(
                    truth_sha256, video))
        for video in self.videos:
            facts[f'model.detector on {video.name}'] = partial(
                self.model.detector.fingerprint, video)
        for name, source in self.model.detector.named_sources():
            if source.needs_image:
                facts[f'model.detector, {name}'] = source.raw_fingerprint
        return facts

    def _start_sha256(self) -> str:
        """Digest of the weights to start from: given, or in the model."""
        if self.checkpoint is not None:
            return file_sha256(self.checkpoint)
        return sha256(encoder_bytes(
            self.model.reid.state_dict())).hexdigest()

    def share(self, items: Sequence[Any]) -> Sequence[Any]:
        """The part of the items that this process takes."""
        return items[get_rank()::get_world_size()]

    def work(self, video: Video, kind: str = 'target') -> VideoWork:
        """What the run has of a video."""
        return self._work[kind, video.name]

    def part(self, name: str) -> Any:
        """A part of the model, noted for what is being made."""
        self.artifacts.fact(f'model.{name}')
        return getattr(self.model, name)

    def make(self, name: str, title: str, work: Callable[[], Any],
             settings: Any = None, *, keep: bool | None = None,
             news: bool = True) -> Any:
        """Do a piece of work unless it is done, see :class:`Artifacts`.

        Args:
            name: Unique name, ``stage/sequence``.
            title: Stage and sequence, for the log.
            work: The work.
            settings: What it was told to do.
            keep: Whether what is valid is kept; None for as the run was
                asked to (``resume``).
            news: Whether it is told that it is kept.
        """
        self.processes.note(title)
        return self.artifacts.make(
            name, title, work, settings,
            keep=self.resume if keep is None else keep, news=news)

    def prepare(self, label: str, piece: Callable[[Video], str],
                work: Callable[[VideoWork, str], Any], settings: Any = None,
                keep: bool | None = None) -> None:
        """Let all processes do what is made of the frames of each video.

        Frames are shared, video by video, so that many processes gain with
        one video, too. Then each takes some of the videos, see :meth:`share`.

        Args:
            label: Number and title of the stage.
            piece: Name of the work on a video that is prepared; where that
                is done and valid, nothing is.
            work: What is done together, by the video's work and a title.
            settings: Of the work that is prepared, as is ``keep``.
            keep: As of :meth:`make`.
        """
        keep = self.resume if keep is None else keep
        with self.processes.together():
            done = self.processes.agree(lambda: [
                keep and self.artifacts.valid(piece(video), settings)
                for video in self.videos])
            for video, is_done in zip(self.videos, done, strict=True):
                if not is_done:
                    work(self.work(video), f'{label}, {video.name}')

    def tell(self, video: Video, section: str,
             found: dict[str, Any]) -> dict[str, Any]:
        """Add to a video's statistics what work has found.

        The file is of this run alone: what is kept tells it again.

        Returns:
            All that has been told in this section.
        """
        sections = self._statistics.setdefault(video.name, {})
        sections[section] = {**sections.get(section, {}), **found}
        write_json(self.folder.statistics(video.name), sections)
        return sections[section]

    def told(self, video: Video, section: str) -> bool:
        """Whether this run has told anything in a section yet."""
        return section in self._statistics.get(video.name, {})

    def require_encoder(self) -> Path:
        """Path of the weights in use."""
        if self.encoder is None:
            raise RuntimeError('the run has not set its starting encoder')
        return self.encoder

    def load_encoder(self) -> None:
        """Load the weights in use into the model."""
        encoder = self.artifacts.use(self.require_encoder())
        self.part('reid')
        mark = (encoder, self.artifacts.digest(encoder))
        if self._loaded != mark:
            load_encoder(self.model.reid, encoder)
            self._loaded = mark

    @property
    def threads(self) -> int:
        """Threads this process may use beside its own."""
        processes = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
        return max(1, len(os.sched_getaffinity(0)) // processes)

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.processes.wait()


def finished_run(cfg: Config, root: Path) -> Run:
    """Open a run that is done, to read what it left.

    Args:
        cfg: Its config.
        root: Its work directory.

    Returns:
        The run after its last stage: its encoder is the last one there is.

    Raises:
        FileNotFoundError: There is no encoder, so no run.
    """
    run = Run(
        folder=RunFolder(root),
        videos=DATASETS.build(cfg.test_dataloader.dataset).sequences,
        labelled=[], model=MODELS.build(cfg.model),
        model_cfg=plain(cfg.model.to_dict()), training={}, seed=0,
        resume=True)
    for stage in build_stages(cfg.test_cfg.stages):
        stage.hand_over(run)
    for name in ('inter', 'intra', 'start'):
        if run.folder.encoder(name).is_file():
            run.encoder = run.folder.encoder(name)
            return run
    raise FileNotFoundError(f'{root}: no finished run here, no encoder')


def _identity(video: Video) -> dict[str, Any]:
    """What tells the images of a video from others, without reading them.

    Names and sizes in bytes, not times: those change when data is copied.
    """
    return dict(
        **(dict(numbers=video.numbers) if video.numbers else {}),
        size=video.size,
        images=[[Path(path).name, Path(path).stat().st_size]
                for path in video.img_paths])
