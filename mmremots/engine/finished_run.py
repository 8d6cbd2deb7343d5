"""A run that is done, opened to read what it left."""
from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from mmremots.engine.artifacts import plain
from mmremots.engine.run import Run
from mmremots.engine.run_folder import RunFolder
from mmremots.engine.stage_list import build_stages
from mmremots.registry import DATASETS, MODELS


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
