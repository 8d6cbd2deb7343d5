"""A runner that loads all of a checkpoint or fails, and runs nothing in it."""
from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmremots.models.reid.checkpoint import read_encoder
from mmremots.registry import RUNNERS
from mmremots.version import __version__


@RUNNERS.register_module()
class ReMOTSRunner(Runner):
    """mmengine's runner, loading checkpoints as this package does.

    mmengine's own loading lets weights that are missing or left over pass
    with a warning; its list of what may be unpickled holds ``getattr``, by
    which code can be run; and it executes the config in a checkpoint that it
    resumes from. Configs name this runner by ``runner_type``, which the tools
    of mm look at.

    Attributes:
        loads: Whether ``load_from`` and ``resume`` are the runner's
            business, as in mmengine. :class:`ReMOTSLoop` makes them its own.
    """

    loads = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with ExitStack() as self._until_built:
            super().__init__(*args, **kwargs)
        self.logger.info(
            f'mmremots {__version__}' if self._is_temporary else
            f'mmremots {__version__}; settings and environment are in '
            f'{self.logger.log_file}')

    @property
    def _is_temporary(self) -> bool:
        """Whether the work folder is gone when the run is over."""
        return bool(self.cfg.get('temporary_work_dir', False))

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """The logger of mmengine, silent on a console until all is built.

        The environment, the config and the list of hooks, four screens
        before the first line that says something, go to the log file alone.

        Args:
            *args: As of mmengine's.
            **kwargs: Likewise.
        """
        logger = super().build_logger(*args, **kwargs)
        for handler in _console(logger):
            handler.addFilter(_of_use)
            if self._is_temporary:
                handler.addFilter(partial(_without_folder, self.work_dir))
        self._until_built.enter_context(log_file_alone(logger))
        return logger

    def load_or_resume(self) -> None:
        """Load the weights of ``load_from``, or go on from a checkpoint."""
        if self.loads:
            super().load_or_resume()

    def load_checkpoint(self, filename: str, *args: Any,
                        **kwargs: Any) -> dict[str, Any]:
        """Load the weights of a checkpoint into the model.

        Args:
            filename: A path or an address, see :func:`read_encoder`.
            *args: Others of mmengine's, which have no meaning here.
            **kwargs: Likewise.

        Returns:
            What the checkpoint holds, without what mmengine would execute.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It holds more than weights and numbers, or not the
                weights of this model.
        """
        checkpoint = dict(read_encoder(filename))
        meta = checkpoint.setdefault('meta', {})
        meta.pop('config', None)
        checkpoint['message_hub'] = self.message_hub.state_dict()
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        try:
            model_of(self).load_state_dict(checkpoint['state_dict'])
        except (RuntimeError, ValueError) as error:
            raise ValueError(f'{filename}: {error}') from None
        self.logger.info(f'loaded the weights in {filename}')
        return checkpoint


@contextmanager
def log_file_alone(logger: MMLogger) -> Iterator[None]:
    """Keep from the terminal what is no warning.

    Args:
        logger: Whose messages.
    """
    console = _console(logger)
    levels = [handler.level for handler in console]
    for handler, level in zip(console, levels, strict=True):
        handler.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        for handler, level in zip(console, levels, strict=True):
            handler.setLevel(level)


def _console(logger: MMLogger) -> list[logging.Handler]:
    """The handlers of a logger that write to the terminal."""
    return [handler for handler in logger.handlers
            if type(handler) is logging.StreamHandler]


def _of_use(record: logging.LogRecord) -> bool:
    """Whether a message is no remark of mmengine on its own code.

    Its checkpoint hook warns of names that mmengine itself is to drop.
    """
    return not record.getMessage().startswith(
        ('"FileClient" will be', '"HardDiskBackend" is'))


def _without_folder(folder: str, record: logging.LogRecord) -> bool:
    """Take from a message where files lie that nobody will find there."""
    message = record.getMessage()
    record.msg, record.args = message.replace(f'{folder}/', ''), None
    return not message.startswith('written:')


def model_of(runner: Runner) -> nn.Module:
    """The model of a runner, out of the wrapper of several processes."""
    return (runner.model.module if is_model_wrapper(runner.model)
            else runner.model)
