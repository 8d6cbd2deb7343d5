"""Other trackers on the masks and the encoder of a run, side by side.

mmdet's SORT, DeepSORT, StrongSORT, ByteTrack and OC-SORT, each with the
settings of its own config there, get the boxes of a run's fused masks, and
where they look at appearance, the features of the encoder that the run
started from or of the last one it trained. A box keeps its mask; a mask that
a tracker gives no id is not in its result. All results go through TrackEval.

AFLink, which links tracks by a network of its own, is another row where its
weights are given (--aflink, the file that mmdet's StrongSORT config names).
GSI is left out: it smooths boxes and fills gaps with boxes, and a box that it
makes has no mask, which is what is scored here.

BoT-SORT, which mmdet has not, is another row where an environment that has
the package `trackers` is given (--bot-sort, its python). bot_sort.py says how
to make one; that BoT-SORT looks at boxes, scores and the camera's motion, not
at appearance.

    python tools/test.py configs/remots_pedestrians.py --work-dir RUN
    python tools/benchmarks/compare_trackers.py configs/remots_pedestrians.py RUN [PLUS ...]
"""  # noqa: E501
from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mmdet
import numpy as np
import torch
from mmdet.registry import MODELS as MMDET_MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

import mmremots
from mmremots.apis.command_line import markdown_table, one_line_errors
from mmremots.engine.finished_run import finished_run
from mmremots.evaluation import MOTSChallengeMetric
from mmremots.formats import read_mots, write_mots
from mmremots.structures import Observations
from mmremots.structures.video import Video, read_frame

CONFIGS = Path(mmdet.__file__).parent / '.mim' / 'configs'
#: mmdet's config of each tracker.
TRACKERS = {
    'SORT': 'sort/sort_faster-rcnn_r50_fpn_8xb2-4e_'
            'mot17halftrain_test-mot17halfval.py',
    'DeepSORT': 'deepsort/deepsort_faster-rcnn_r50_fpn_8xb2-4e_'
                'mot17halftrain_test-mot17halfval.py',
    'StrongSORT': 'strongsort/strongsort_yolox_x_8xb4-80e_'
                  'crowdhuman-mot17halftrain_test-mot17halfval.py',
    'ByteTrack': 'bytetrack/bytetrack_yolox_x_8xb4-amp-80e_'
                 'crowdhuman-mot17halftrain_test-mot17halfval.py',
    'OC-SORT': 'ocsort/ocsort_yolox_x_8xb4-amp-80e_'
               'crowdhuman-mot17halftrain_test-mot17halfval.py',
}
#: The package has no appearance in its BoT-SORT.
BOT_SORT = 'BoT-SORT (no ReID)'
COLUMNS = ('sMOTSA', 'IDF1', 'HOTA', 'IDSW')


class Carried:
    """One frame's boxes with what a tracker does not carry itself.

    mmdet's trackers select and reorder boxes but never change them, so a
    box leads back to its row.
    """

    def __init__(self, boxes: np.ndarray, features: np.ndarray) -> None:
        self.rows_of: dict[tuple, list[int]] = {}
        for row, box in enumerate(boxes):
            self.rows_of.setdefault(tuple(box), []).append(row)
        self.features = torch.from_numpy(np.array(features, np.float32))

    def rows(self, boxes: torch.Tensor) -> list[int]:
        """Rows of boxes (N, 4) that a tracker gives back."""
        seen: Counter[tuple] = Counter()
        rows = []
        for box in map(tuple, boxes.numpy()):
            rows.append(self.rows_of[box][seen[box]])
            seen[box] += 1  # masks may share a box
        return rows


class Given:
    """An encoder whose input is the features already."""

    def __init__(self, dim: int) -> None:
        self.head = SimpleNamespace(out_channels=dim)

    def __call__(self, crops: torch.Tensor, mode: str) -> torch.Tensor:
        """Nothing to do."""
        return crops


def build_tracker(name: str, dim: int) -> tuple[Any, SimpleNamespace]:
    """A tracker of mmdet and the model it asks for appearance and camera."""
    cfg = Config.fromfile(CONFIGS / TRACKERS[name]).model
    with DefaultScope.overwrite_default_scope('mmdet'):
        if isinstance(cfg.tracker.get('reid'), dict):
            cfg.tracker.reid.img_norm_cfg = None  # no crop is looked at
        tracker = MMDET_MODELS.build(cfg.tracker)
        cmc = cfg.get('cmc') and mmdet.registry.TASK_UTILS.build(cfg.cmc)
    model = SimpleNamespace(
        reid=Given(dim), with_cmc=bool(cmc), cmc=cmc)
    return tracker, model


def track(name: str, video: Video, table: Observations,
          features: np.ndarray) -> tuple[np.ndarray, float]:
    """Ids of a video's observations by a tracker of mmdet.

    Args:
        name: A key of :data:`TRACKERS`.
        video: The video.
        table: Its N fused masks.
        features: (N, D) unit features.

    Returns:
        (N,) int64 ids from 1, 0 where there is none; seconds it took.
    """
    tracker, model = build_tracker(name, features.shape[1])
    ids = np.zeros(len(table), np.int64)
    boxes = table.boxes.astype(np.float32)
    seconds = 0.0
    for frame in range(1, video.num_frames + 1):
        rows = table.of_frame(frame)
        carried = Carried(boxes[rows], features[rows])
        # In place of cutting crops: the features themselves.
        tracker.crop_imgs = (
            lambda img, meta, found, rescale=False, c=carried:
            c.features[c.rows(found)])
        sample = DetDataSample(
            metainfo=dict(frame_id=frame - 1, img_shape=video.size,
                          ori_shape=video.size, scale_factor=(1., 1.)),
            pred_instances=InstanceData(
                bboxes=torch.from_numpy(boxes[rows].copy()),
                labels=torch.from_numpy(table.labels[rows].copy()),
                scores=torch.from_numpy(table.scores[rows].copy())))
        image = torch.zeros(1, 3, 1, 1)
        if model.with_cmc:
            image = torch.from_numpy(
                read_frame(video, frame)).permute(2, 0, 1)[None].float()
        begin = time.perf_counter()
        result = tracker.track(
            model=model, img=image, data_sample=sample,
            data_preprocessor=dict())
        seconds += time.perf_counter() - begin
        ids[rows.start + np.array(carried.rows(result.bboxes), int)] = (
            result.instances_id.numpy() + 1)
    return ids, seconds


def link(table: Observations, ids: np.ndarray, checkpoint: str) -> np.ndarray:
    """Ids after AFLink, with the settings of mmdet's StrongSORT.

    Args:
        table: The N fused masks of a video.
        ids: (N,) ids from 1, 0 where there is none.
        checkpoint: Weights of AFLink.
    """
    cfg = Config.fromfile(CONFIGS / TRACKERS['StrongSORT']).model
    with DefaultScope.overwrite_default_scope('mmdet'):
        aflink = mmdet.registry.TASK_UTILS.build(
            {**cfg.postprocess_model, 'checkpoint': checkpoint})
    rows = np.flatnonzero(ids)
    # It looks at seven columns and hands on the eighth, the row. Of two
    # boxes of a frame that it gives one id it keeps one.
    linked = aflink.forward(np.column_stack([
        table.frames[rows], ids[rows], table.boxes[rows],
        table.scores[rows], rows]).astype(np.float64))
    result = np.zeros_like(ids)
    result[linked[:, 7].astype(int)] = linked[:, 1]
    return result


def bot_sort(python: str, *args: str | Path) -> str:
    """Run bot_sort.py in another environment.

    Args:
        python: The python of that environment.
        args: What it is called with.

    Returns:
        What it printed.

    Raises:
        ValueError: There is no such python, or it failed.
    """
    script = Path(__file__).with_name('bot_sort.py')
    try:
        # Isolated: its own packages, not the files beside the script.
        done = subprocess.run(
            [python, '-I', script, *args], capture_output=True, text=True,
            check=False)
    except OSError as error:
        raise ValueError(
            f'--bot-sort {python}: {error.strerror}; wanted is the python of '
            "an environment with: pip install 'trackers>=2.6.1'") from None
    if done.returncode:
        said = done.stderr.splitlines() or [f'exit {done.returncode}']
        raise ValueError(f'--bot-sort {python}: {said[-1]}')
    return done.stdout.strip()


def track_by_bot_sort(python: str, video: Video, table: Observations
                      ) -> tuple[np.ndarray, float]:
    """Ids of a video's observations by BoT-SORT.

    Args:
        python: The python of an environment that has it.
        video: The video.
        table: Its N fused masks.

    Returns:
        (N,) int64 ids from 1, 0 where there is none; seconds it took.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given, result = Path(scratch, 'in.npz'), Path(scratch, 'out.npz')
        np.savez(given, boxes=table.boxes, scores=table.scores,
                 frames=table.frames, img_paths=np.array(video.img_paths))
        bot_sort(python, given, result)
        with np.load(result, allow_pickle=False) as found:
            return found['ids'], float(found['seconds'])


def with_id(video: Video, table: Observations, ids: np.ndarray,
            seconds: float) -> tuple[Observations, np.ndarray, float]:
    """The masks that got an id, their ids, and seconds a frame."""
    rows = np.flatnonzero(ids)
    return table.take(rows), ids[rows], seconds / video.num_frames


def in_run(folder: Path) -> Callable[..., tuple[Observations, np.ndarray]]:
    """Reads what a run made of a video."""
    def read(video: Video, *_: Any) -> tuple[Observations, np.ndarray]:
        return read_mots(folder / f'{video.name}.txt', video.size,
                         video.num_frames)
    return read


def methods(plus: list[Path], root: Path, aflink: str | None,
            python: str | None) -> Iterator[tuple[str, Callable]]:
    """Name and function of every method of the table."""
    for name in [*TRACKERS, *(['StrongSORT + AFLink'] if aflink else [])]:
        def by_tracker(video: Video, table: Observations,
                       features: np.ndarray, name: str = name) -> tuple:
            tracker, _, linked = name.partition(' + ')
            ids, seconds = track(tracker, video, table, features)
            if linked:
                ids = link(table, ids, str(aflink))
            return with_id(video, table, ids, seconds)
        yield name, by_tracker
    if python:
        def by_bot_sort(video: Video, table: Observations,
                        _: np.ndarray) -> tuple:
            return with_id(
                video, table, *track_by_bot_sort(python, video, table))
        yield BOT_SORT, by_bot_sort
    yield 'ReMOTS, short-term', in_run(root / 'tracklets')
    yield 'ReMOTS', in_run(root / 'tracks')
    for folder in plus:
        yield folder.name, in_run(folder / 'tracks')


def compare(cfg: Config, root: Path, plus: list[Path],
            aflink: str | None = None, python: str | None = None
            ) -> dict[str, Any]:
    """Scores of all methods: method -> metrics and seconds a frame."""
    mmremots.register_all_modules()
    run = finished_run(cfg, root)
    metric = MOTSChallengeMetric()
    scores: dict[str, Any] = {}
    for name, method in methods(plus, root, aflink, python):
        seconds = []
        with tempfile.TemporaryDirectory() as scratch:
            for video in run.videos:
                table, ids, *spent = method(
                    video, run.work(video).masks(),
                    run.work(video).features(name))
                seconds += spent
                write_mots(Path(scratch) / f'{video.name}.txt', table, ids)
            scores[name] = metric.evaluate_tracks(run.videos, scratch)
        scores[name]['seconds'] = float(np.mean(seconds)) if seconds else None
    return scores


def table(scores: dict[str, Any], prefix: str) -> str:
    """A Markdown table of one video, or of all (an empty prefix)."""
    lines = []
    for name, row in scores.items():
        cells = [f'{row[f"mots/{prefix}{c}"]:.1f}' for c in COLUMNS[:-1]]
        cells.append(f'{row[f"mots/{prefix}IDSW"]:.0f}')
        cells.append('' if row['seconds'] is None
                     else f'{row["seconds"]:.4f}')
        lines.append([name, *cells])
    return markdown_table(['method', *COLUMNS, 's/frame'], lines)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the run')
    parser.add_argument('run', type=Path, help='its work directory')
    parser.add_argument(
        'plus', type=Path, nargs='*',
        help='work directories of runs with other settings')
    parser.add_argument('--aflink', help='weights of AFLink')
    parser.add_argument(
        '--bot-sort', metavar='PYTHON',
        help='python of an environment with the package trackers')
    parser.add_argument('--json', type=Path, help='write the scores here')
    args = parser.parse_args()
    note = f'{BOT_SORT} is left out: --bot-sort is not given'
    if args.bot_sort:
        # First of all: what it lacks is better known before the rest.
        package = bot_sort(args.bot_sort, '--version')
        note = f'{BOT_SORT} is that of {package}'
    cfg = Config.fromfile(args.config)
    scores = compare(cfg, args.run, args.plus, args.aflink, args.bot_sort)
    names = sorted({key.split('/')[1] for row in scores.values()
                    for key in row if key.count('/') == 2})
    for name in names:
        print(f'\n{name}\n\n{table(scores, name + "/")}')
    print(f'\nall\n\n{table(scores, "")}\n\n{note}')
    if args.json:
        args.json.write_text(json.dumps(scores, indent=1))


if __name__ == '__main__':
    with one_line_errors():
        main()
