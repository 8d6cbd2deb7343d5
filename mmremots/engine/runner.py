"""A runner that loads all of a checkpoint or fails, and runs nothing in it."""
from __future__ import annotations

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmremots.models.reid.checkpoint import read_encoder
from mmremots.registry import RUNNERS


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


def model_of(runner: Runner) -> nn.Module:
    """The model of a runner, out of the wrapper of several processes."""
    return (runner.model.module if is_model_wrapper(runner.model)
            else runner.model)
