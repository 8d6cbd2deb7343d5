"""What the stages of a run share: the videos, the model, the files."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmengine.dist import get_world_size

from mmremots.engine.artifacts import Artifacts, write_json
from mmremots.engine.processes import Processes
from mmremots.engine.run_folder import RunFolder
from mmremots.engine.video_work import VideoWork
from mmremots.formats.ground_truth import truth_sha256
from mmremots.models.mot.remots import ReMOTS
from mmremots.models.reid import BaseEncoder, load_encoder
from mmremots.models.reid.checkpoint import encoder_bytes
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
            self.folder.root, self._facts(), self.processes, self.resume)
        self._work = {
            (kind, video.name): VideoWork(
                self.folder, self.artifacts, video, kind, self.part,
                self.load_encoder)
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

    @property
    def own_videos(self) -> Sequence[Video]:
        """The target videos that this process works on alone."""
        return self.processes.own(self.videos)

    def work(self, video: Video, kind: str = 'target') -> VideoWork:
        """What the run has of a video."""
        return self._work[kind, video.name]

    def part(self, name: str) -> Any:
        """A part of the model, noted for what is being made."""
        self.artifacts.fact(f'model.{name}')
        return getattr(self.model, name)

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
            keep: As of :meth:`~mmremots.engine.artifacts.Artifacts.make`.
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

    def load_encoder(self) -> BaseEncoder:
        """The encoder with the weights in use, noted."""
        encoder = self.artifacts.use(self.require_encoder())
        reid: BaseEncoder = self.part('reid')
        mark = (encoder, self.artifacts.digest(encoder))
        if self._loaded != mark:
            load_encoder(reid, encoder)
            self._loaded = mark
        return reid


def _identity(video: Video) -> dict[str, Any]:
    """What tells the images of a video from others, without reading them.

    Names and sizes in bytes, not times: those change when data is copied.
    """
    return dict(
        **(dict(numbers=video.numbers) if video.numbers else {}),
        size=video.size,
        images=[[Path(path).name, Path(path).stat().st_size]
                for path in video.img_paths])
