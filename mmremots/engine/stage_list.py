"""The stages of a config."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmremots.config_check import build_part
from mmremots.engine.stages.base import (
    MADE_OF_FRAMES,
    Stage,
    TrackStage,
    VideoStage,
)
from mmremots.engine.stages.tracking import TrackletStage
from mmremots.registry import STAGES


def build_stages(configs: Sequence[dict[str, Any]]) -> list[Stage]:
    """Build stages, and number those that stand in the list again.

    Args:
        configs: Configs of the stages, in order.

    Returns:
        The stages; the files of a second one of a kind have the suffix
        ``_2``, and so on. The last one that makes tracks leaves them in
        ``tracks``, the others in ``tracks_<name>``.
    """
    stages: list[Stage] = []
    for number, config in enumerate(configs):
        key = f'test_cfg.stages[{number}]'
        stage = build_part(STAGES, key, config, Stage)
        needs = stage.needs if isinstance(stage, VideoStage) else ()
        if not {*needs} <= MADE_OF_FRAMES.keys():
            raise ValueError(
                f'{key}: {type(stage).__name__}.needs={needs!r} is not a '
                f'tuple of some of {", ".join(MADE_OF_FRAMES)}')
        stage.config = {name: value for name, value in config.items()
                        if name not in ('type', '_scope_')}
        stages.append(stage)
    rounds: Counter[str] = Counter()
    for stage in stages:
        rounds[stage.title] += 1
        if rounds[stage.title] > 1:
            stage.suffix = f'_{rounds[stage.title]}'
        if isinstance(stage, TrackletStage):
            stage.folder += stage.suffix
    for stage in [s for s in stages if isinstance(s, TrackStage)][:-1]:
        stage.folder = f'tracks_{stage.name}'
    return stages
