"""What a stage is."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from mmremots.engine.run import Run
from mmremots.engine.video_work import VideoWork
from mmremots.structures.video import Video

#: What a stage may need, and the steps that it takes.
MADE_OF_FRAMES = dict(
    crops=['crops'], features=['crops', 'features'], overlaps=['flow'],
    overlaps_of_all=['flow'])


class Stage(metaclass=ABCMeta):
    """A step of a run: reads what earlier steps left, writes once.

    Attributes:
        title: Name of the step, as the log shows it.
        suffix: Part of its files' names; :func:`build_stages` sets ``_2``,
            ``_3``, ... for a step that is listed more than once.
        needs_labelled: Whether it looks at the labelled videos; a run of
            none that does never opens them.
    """

    title: str
    suffix = ''
    needs_labelled = False
    #: Its config but for its type, which :func:`build_stages` sets.
    config: Mapping[str, Any] = MappingProxyType({})

    @property
    def name(self) -> str:
        """Name of the step in paths."""
        return self.title.replace(' ', '-') + self.suffix

    def settings(self, run: Run) -> Any:
        """What its work is told to do; another value, and it is done again.

        Args:
            run: The run.
        """
        return dict(self.config)

    def check(self, run: Run) -> None:  # noqa: B027
        """Find what would fail later, before any work.

        Raises:
            ValueError: Some input is not as it must be.
            FileNotFoundError: Some input is missing.
        """

    @abstractmethod
    def run(self, run: Run, label: str) -> None:
        """Do the step.

        Args:
            run: The run.
            label: Number and title, such as ``[3/5] short-term tracking``.
        """

    def hand_over(self, run: Run) -> None:  # noqa: B027
        """Let the stages that follow use the masks' new ids, if any."""

    def steps(self, run: Run, made: set[str]) -> list[str]:
        """What is made of frames for it, to tell how long a run takes.

        Args:
            run: The run.
            made: What the stages before have made.

        Returns:
            Steps, see :class:`~mmremots.engine.progress.Outlook`.
        """
        return []


class VideoStage(Stage):
    """A stage that works on each target video alone.

    Processes share first the frames of what is in ``needs``, then the videos.
    So the files do not depend on how many processes there are.
    """

    #: Whether valid output is kept even in a run that starts anew.
    always_keep = False
    #: Methods of :class:`VideoWork` for what it needs that is made frame by
    #: frame, of those in ``MADE_OF_FRAMES``.
    needs: tuple[str, ...] = ()

    def run(self, run: Run, label: str) -> None:
        """Make what it needs, then work on this process's videos."""
        settings, keep = self.settings(run), True if self.always_keep else None
        if self.needs:
            run.prepare(label, self.piece, self._needed, settings, keep)
        for video in run.own_videos:
            title = f'{label}, {video.name}'
            work = run.work(video)
            found = run.artifacts.make(
                self.piece(video), title,
                partial(self.process, run, work, title), settings, keep=keep)
            if found is not None:
                run.tell(video, self.name.replace('-', '_'), found)
        run.processes.wait()

    def steps(self, run: Run, made: set[str]) -> list[str]:
        """Those of what it needs."""
        return [step for name in self.needs for step in MADE_OF_FRAMES[name]
                if step not in made]

    def _needed(self, work: VideoWork, title: str) -> None:
        for name in self.needs:
            getattr(work, name)(title)

    def piece(self, video: Video) -> str:
        """Name of the work on one video."""
        return f'{self.name}/{video.name}'

    @abstractmethod
    def process(self, run: Run, work: VideoWork,
                title: str) -> dict[str, Any] | None:
        """Work on one video and write its files.

        What it reads comes from ``work`` and ``run.part``, and is noted.

        Returns:
            What it found, for the statistics; None for nothing.
        """


class TrackStage(VideoStage):
    """A stage that writes tracks: each mask of the result and its id.

    Attributes:
        folder: Of its files. That of the last such stage of a run is
            ``tracks``, which holds the result; :func:`build_stages` names
            the others.
    """

    folder = 'tracks'

    def settings(self, run: Run) -> Any:
        """The folder, too: it changes when a stage is listed behind."""
        return dict(config=super().settings(run), folder=self.folder)

    def run(self, run: Run, label: str) -> None:
        """Work, and hand the tracks to the stages that follow."""
        super().run(run, label)
        self.hand_over(run)

    def hand_over(self, run: Run) -> None:
        """The tracks."""
        run.tracked = self.folder
