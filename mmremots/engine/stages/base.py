"""What a stage is."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from pathlib import Path
from typing import Any

from mmremots.engine.run import Run
from mmremots.engine.run_folder import Task
from mmremots.structures.video import Video


class Stage(metaclass=ABCMeta):
    """A step of a run: reads what earlier steps left, writes once.

    Attributes:
        title: Name of the step, as the log shows it.
        suffix: Part of its files' names; the loop sets ``_2``, ``_3``, ...
            for a step that is listed more than once.
    """

    title: str
    suffix = ''

    @property
    def name(self) -> str:
        """Name of the step in paths."""
        return self.title.replace(' ', '-') + self.suffix

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


class VideoStage(Stage):
    """A stage that works on each target video alone.

    Processes share the videos, so that the files do not depend on how many
    processes there are.
    """

    #: Whether valid output is kept even in a run that starts anew.
    always_keep = False

    def run(self, run: Run, label: str) -> None:
        """Work on this process's share of the videos."""
        for video in run.share(run.videos):
            title = f'{label}, {video.name}'
            task = self.task(run, video)
            run.do(title, task, lambda v=video, t=title:  # type: ignore
                   self.process(run, v, t),
                   keep=True if self.always_keep else None)
        run.wait()

    @abstractmethod
    def task(self, run: Run, video: Video) -> Task:
        """The stamp of the work on one video."""

    @abstractmethod
    def process(self, run: Run, video: Video, title: str) -> None:
        """Work on one video and write its files."""


class TrackStage(VideoStage):
    """A stage that writes tracks: each mask of the result and its id.

    Attributes:
        output: Folder of its files. That of the last such stage of a run is
            ``tracks``, which holds the result; the loop names the others.
    """

    output = 'tracks'

    def tracks(self, run: Run, video: Video) -> Path:
        """The file it writes."""
        return run.folder.tracks(video.name, self.output)

    def task(self, run: Run, video: Video) -> Task:
        """Named by the file: two stages that write it do not both hold."""
        return run.folder.task(
            f'{self.output}/{video.name}',
            dict(stage=self.name, **self.ingredients(run, video)),
            [self.tracks(run, video)])

    @abstractmethod
    def ingredients(self, run: Run, video: Video) -> dict[str, Any]:
        """What the tracks of a video are made of."""

    def run(self, run: Run, label: str) -> None:
        """Work, and hand the tracks to the stages that follow."""
        super().run(run, label)
        self.hand_over(run)

    def hand_over(self, run: Run) -> None:
        """The tracks."""
        run.tracked = self.output
