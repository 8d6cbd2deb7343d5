"""The stages of a config."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmremots.config_check import build_part
from mmremots.registry import STAGES

if TYPE_CHECKING:
    from mmremots.engine.stages import Stage


def build_stages(configs: Sequence[dict[str, Any]]) -> list[Stage]:
    """Build stages, and number those that stand in the list again.

    Args:
        configs: Configs of the stages, in order.

    Returns:
        The stages; the files of a second one of a kind have the suffix
        ``_2``, and so on.
    """
    from mmremots.engine.stages import Stage  # They know the run, it us.
    stages: list[Stage] = []
    for number, config in enumerate(configs):
        stage = build_part(
            STAGES, f'test_cfg.stages[{number}]', config, Stage)
        stage.config = {key: value for key, value in config.items()
                        if key not in ('type', '_scope_')}
        stages.append(stage)
    rounds: Counter[str] = Counter()
    for stage in stages:
        rounds[stage.title] += 1
        if rounds[stage.title] > 1:
            stage.suffix = f'_{rounds[stage.title]}'
    return stages
