"""What each training of the encoder is worth, as a table.

    python tools/benchmarks/encoder_trainings.py CONFIG [CONFIG ...]

Runs each config with the encoder it starts from, then with the intra-frame
training, then with the inter-tracklet training as well, over several seeds,
always with the same masks. A config that lists LabelledTraining starts from
an encoder trained on the labelled set alone; any other from its `load_from`.
After that the same with a loss that mines across frames: it takes every pair
of which nothing is known for two different people.

Of each encoder: rank-1, mAP, mAP where finding a part of a person is wrong,
and overlap of the similarity histograms, the mean over the target videos, and
IDF1 and sMOTSA of the full run, over all videos together. Mean and standard
deviation over the seeds. Exit status 1 where a training does not raise both
mAP and IDF1 on average.

Every result goes to WORK_DIR/results.jsonl at once. What is there for the
same settings is not run again, and a run that was stopped goes on.
"""
from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.config import Config, DictAction
from plus_options import plus_config
from torch import Tensor

from mmremots.apis.command_line import (
    build_runner,
    markdown_table,
    one_line_errors,
)
from mmremots.engine.artifacts import plain
from mmremots.engine.run_folder import RunFolder, read_json
from mmremots.engine.training_settings import what_matters
from mmremots.models.reid.losses import TripletLoss
from mmremots.registry import MODELS
from mmremots.structures.files import file_sha256

#: Trainings that each step leaves out, and the encoder it then measures.
STEPS = {
    'start': (('IntraFrameTraining', 'InterTrackletTraining'), 'start'),
    '+ intra-frame': (('InterTrackletTraining', ), 'intra'),
    '+ inter-tracklet': ((), 'inter'),
}
LOSSES = {'known': 'TripletLoss', 'across': 'TripletLossAcrossFrames'}
COLUMNS = {'rank1': 'rank-1', 'mAP': 'mAP', 'mAP_strict': 'strict mAP',
           'overlap': 'overlap', 'IDF1': 'IDF1', 'sMOTSA': 'sMOTSA'}
#: All target videos together.
ALL = 'all'
#: What no encoder changes, and every run of a config can use.
SHARED = ('detections', 'overlaps', 'crops/target', 'crops/labelled',
          'records/masks', 'records/overlaps', 'records/crops')


@MODELS.register_module()
class TripletLossAcrossFrames(TripletLoss):
    """The usual batch-hard loss: whoever is not the same is different."""

    def forward(self, features: Tensor, relation: Tensor) -> Tensor:
        """As :meth:`TripletLoss.forward`, unknown pairs as negatives."""
        return super().forward(
            features, relation.masked_fill(relation == 0, -1))


class Cell(NamedTuple):
    """One run of the table.

    Attributes:
        config: Name of the config.
        seed: Its seed.
        loss: Name of the loss; that of the start does not matter.
        step: Which trainings it has.
        cfg: The config to run.
    """

    config: str
    seed: int
    loss: str
    step: str
    cfg: Config

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return Path(self.cfg.work_dir)

    @property
    def key(self) -> str:
        """What decides its result, as one word."""
        settings = plain(self.cfg.to_dict())
        start = settings.pop('load_from')
        settings.pop('work_dir')
        settings['test_cfg']['training'] = what_matters(
            settings['test_cfg']['training'])
        text = json.dumps([settings, file_sha256(start) if start else None],
                          sort_keys=True)
        return sha256(text.encode()).hexdigest()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='ReMOTS configs')
    parser.add_argument('--work-dir', default='work_dirs/encoder_trainings')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--losses', nargs='+', choices=LOSSES,
                        default=list(LOSSES))
    parser.add_argument(
        '--plus', action='store_true',
        help='each config with configs/_base_/schedules/remots_plus.py')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        help='settings for all configs: key=value ...')
    return parser.parse_args()


def cells_of(path: Path, args: argparse.Namespace) -> Iterator[Cell]:
    """The runs of a config, the cheapest and surest first.

    Where the start is to be trained, that is done as its first cell is
    asked for.
    """
    for loss in args.losses:
        for seed in args.seeds:
            cfg = (plus_config(path, Path(args.work_dir)) if args.plus
                   else Config.fromfile(path))
            cfg.merge_from_dict(args.cfg_options or {})
            cfg.launcher, cfg.resume = 'none', True
            cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
            root = Path(args.work_dir, path.stem, f'seed{seed}')
            train_start(cfg, root / 'labelled')
            stages = cfg.test_cfg.stages
            for step, (without, _) in STEPS.items():
                if step == 'start' and loss != args.losses[0]:
                    continue
                cell = Config(cfg.to_dict())
                cell.test_cfg.stages = [
                    stage for stage in stages if stage.type not in without]
                name = loss
                if step == 'start':
                    name = step
                else:
                    cell.model.reid.head.loss_triplet.type = LOSSES[loss]
                cell.work_dir = str(root / name)
                yield Cell(path.stem, seed, loss, step, cell)


def train_start(cfg: Config, folder: Path) -> None:
    """Train on the labelled set alone, where the config says so.

    From here on the config starts from what came out of it.
    """
    stages = cfg.test_cfg.stages
    missing = set(STEPS['start'][0]) - {stage.type for stage in stages}
    if missing:
        raise ValueError(f'the config has no stage {", ".join(missing)}')
    labelled = [stage for stage in stages if stage.type == 'LabelledTraining']
    if not labelled:
        return
    start = Config(cfg.to_dict())
    start.work_dir = str(folder)
    start.test_cfg.stages = labelled
    start.test_dataloader.dataset = start.test_cfg.labelled
    checkpoint = RunFolder(folder).encoder('labelled')
    mark = folder / 'key.txt'
    key = Cell('', 0, '', '', start).key
    if not (checkpoint.is_file() and mark.is_file()
            and mark.read_text() == key):
        share(folder)
        build_runner(start).test()
        mark.write_text(key)
    cfg.load_from = str(checkpoint)
    cfg.test_cfg.stages = [s for s in stages if s not in labelled]


def share(folder: Path) -> None:
    """Let a run use what does not depend on the encoder."""
    common = folder.parents[2] / 'common'
    for name in SHARED:
        link, target = folder / name, common / name
        target.mkdir(parents=True, exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(target, link.parent))


def run(cell: Cell) -> dict[str, Any]:
    """Run a cell and read what came out of it."""
    share(cell.folder)
    start = time.monotonic(), sum(os.times()[:4])
    build_runner(cell.cfg).test()
    return dict(
        config=cell.config, seed=cell.seed, loss=cell.loss, step=cell.step,
        key=cell.key, wall_seconds=round(time.monotonic() - start[0]),
        cpu_seconds=round(sum(os.times()[:4]) - start[1]),
        scores=read_scores(RunFolder(cell.folder), STEPS[cell.step][1]))


def read_scores(folder: RunFolder, encoder: str) -> dict[str, Any]:
    """Scores of each target video, and of all together."""
    metrics = read_json(folder.root / 'metrics.json') or {}
    scores: dict[str, dict[str, float]] = {}
    for path in sorted(folder.root.glob('tracks/*.txt')):
        section = read_json(folder.statistics(path.stem))[
            f'encoder_{encoder}']
        if 'mAP' not in section:
            raise ValueError(f'{path.stem}: no ground truth to measure by')
        scores[path.stem] = dict(
            **{name: section[name]
               for name in ('rank1', 'mAP', 'mAP_strict')},
            # Without any link there is nothing to tell apart.
            overlap=100 * section.get('overlap', 1.0),
            IDF1=metrics[f'mots/{path.stem}/IDF1'],
            sMOTSA=metrics[f'mots/{path.stem}/sMOTSA'])
    together = {
        name: float(np.mean([row[name] for row in scores.values()]))
        for name in COLUMNS}
    together.update(
        {name: metrics[f'mots/{name}'] for name in ('IDF1', 'sMOTSA')})
    return {**scores, ALL: together}


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """Results by key; a line that was cut off does not count."""
    results = {}
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            result = json.loads(line)
        except json.JSONDecodeError:
            continue
        results[result['key']] = result
    return results


def table(results: list[dict[str, Any]], scope: str) -> str:
    """Mean and standard deviation over seeds, a row a step."""
    lines = []
    for step in STEPS:
        rows = [r['scores'][scope] for r in results if r['step'] == step]
        cells = []
        for name in COLUMNS if rows else ():
            values = np.array([row[name] for row in rows])
            spread = f' ± {values.std(ddof=1):.1f}' if len(rows) > 1 else ''
            cells.append(f'{values.mean():.1f}{spread}')
        lines.append([step, *cells])
    return markdown_table(['encoder', *COLUMNS.values()], lines)


def mean(results: list[dict[str, Any]], step: str, name: str) -> float:
    """Mean of a score over seeds, all videos together."""
    return float(np.mean([
        r['scores'][ALL][name] for r in results if r['step'] == step]))


def main() -> bool:
    """Run what is not there yet, print the tables; whether all is well."""
    args = parse_args()
    path = Path(args.work_dir, 'results.jsonl')
    path.parent.mkdir(parents=True, exist_ok=True)
    good = True
    for config in map(Path, args.configs):
        done = []
        for cell in cells_of(config, args):
            result = read_results(path).get(cell.key)
            if result is None:
                result = run(cell)
                with path.open('a') as file:
                    file.write('\n' * cut_off(path) + json.dumps(result)
                               + '\n')
            done.append(result)
        for loss in args.losses:
            mine = [r for r in done
                    if r['loss'] == loss or r['step'] == 'start']
            for scope in sorted(mine[0]['scores'], key=lambda s: s != ALL):
                print(f'\n{config.stem}, loss of {loss} pairs, {scope}, '
                      f'seeds {args.seeds}\n\n{table(mine, scope)}')
            if loss == 'known':
                good &= all(
                    mean(mine, after, name) > mean(mine, before, name)
                    for before, after in zip(
                        STEPS, list(STEPS)[1:], strict=False)
                    for name in ('mAP', 'IDF1'))
    print('\neach training raises mAP and IDF1: ' + ('yes' if good else 'NO'))
    return good


def cut_off(path: Path) -> bool:
    """Whether the last line of a file has no end."""
    text = path.read_text() if path.is_file() else ''
    return text != '' and not text.endswith('\n')


if __name__ == '__main__':
    with one_line_errors():
        success = main()
    raise SystemExit(0 if success else 1)
