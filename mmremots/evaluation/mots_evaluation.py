"""MOTS scores by TrackEval, with everything checked before it starts."""
from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mmremots.formats.observation_files import write_mots
from mmremots.structures.classes import CAR, PEDESTRIAN
from mmremots.structures.files import has_file
from mmremots.structures.masks import rle_runs, runs_to_rle
from mmremots.structures.observations import Observations

from .mots_files import read_checked_mots, read_checked_truth

if TYPE_CHECKING:
    from mmremots.structures.video import Video

#: Name of the scores over all sequences together.
COMBINED = 'COMBINED'

_PERCENTAGES = {
    # Name in the paper and on the leaderboard: family and field of TrackEval.
    'sMOTSA': ('CLEAR', 'sMOTA'),
    'IDF1': ('Identity', 'IDF1'),
    'MOTSA': ('CLEAR', 'MOTA'),
    'MOTSP': ('CLEAR', 'MOTP'),
    'MODSA': ('CLEAR', 'MODA'),
    'HOTA': ('HOTA', 'HOTA'),
    'DetA': ('HOTA', 'DetA'),
    'AssA': ('HOTA', 'AssA'),
    'Rcll': ('CLEAR', 'CLR_Re'),
    'Prcn': ('CLEAR', 'CLR_Pr'),
    'IDP': ('Identity', 'IDP'),
    'IDR': ('Identity', 'IDR'),
}
_COUNTS = {
    'MT': ('CLEAR', 'MT'),
    'PT': ('CLEAR', 'PT'),
    'ML': ('CLEAR', 'ML'),
    'IDSW': ('CLEAR', 'IDSW'),
    'Frag': ('CLEAR', 'Frag'),
    'TP': ('CLEAR', 'CLR_TP'),
    'FP': ('CLEAR', 'CLR_FP'),
    'FN': ('CLEAR', 'CLR_FN'),
}
#: Classes that a benchmark scores, and what TrackEval's class of it calls
#: the first frame.
BENCHMARKS: dict[str, tuple[dict[str, int], int]] = {
    'MOTSChallenge': ({'pedestrian': PEDESTRIAN}, 1),
    'KittiMOTS': ({'car': CAR, 'pedestrian': PEDESTRIAN}, 0),
}
_TABLE_COLUMNS = ('sMOTSA', 'IDF1', 'MOTSA', 'MOTSP', 'MODSA', 'MT', 'ML',
                  'IDSW', 'HOTA')


def evaluate_mots(
        sequences: Iterable[Video], tracks_dir: str | os.PathLike[str],
        benchmark: str = 'MOTSChallenge') -> dict[str, dict[str, float]]:
    """Score MOTS files against ground truth.

    The scores are those of TrackEval's ``MOTSChallenge`` or ``KittiMOTS``
    with its metrics CLEAR, Identity and HOTA (Voigtlaender et al., MOTS,
    CVPR 2019; Ristani et al. 2016; Luiten et al. 2020). TrackEval hangs on a
    run-length encoding of the wrong length and scores masks of the wrong
    image size as misses; so each file is read and checked whole before it
    starts. It is given copies, in which tracks are numbered from 1, since it
    allocates memory by the largest id, and runs of no pixels are joined
    away, since pycocotools stops at them.

    Where ground truth has no object of a class, percentages of it would be
    the number of false positives by nothing: they are left out, and the log
    says so. Counts stay, and count for all sequences together, as with
    TrackEval.

    Args:
        sequences: Sequences; those without ``gt_path`` are left out.
        tracks_dir: Folder with ``<name>.txt`` of each sequence that has
            ground truth, frames from 1. An empty file is a result without
            any object.
        benchmark: ``'MOTSChallenge'`` (pedestrians) or ``'KittiMOTS'``
            (cars and pedestrians).

    Returns:
        For each sequence by name, and for ``'COMBINED'`` (all their counts
        together), scores by the names of the paper: sMOTSA, IDF1, MOTSA,
        MOTSP, MODSA, HOTA, DetA, AssA, Rcll, Prcn, IDP, IDR in percent, and
        the counts MT, PT, ML, IDSW, Frag, TP, FP, FN; of ``KittiMOTS`` those
        of each class, ``car_sMOTSA`` and so on. Empty if no sequence has
        ground truth.

    Raises:
        FileNotFoundError: A file of tracks is missing.
        ValueError: A file is broken (the message names file and line), two
            sequences have one name, or there is no such benchmark.
    """
    if benchmark not in BENCHMARKS:
        raise ValueError(
            f'benchmark {benchmark!r} is none of {", ".join(BENCHMARKS)}')
    classes, first_frame = BENCHMARKS[benchmark]
    annotated = [s for s in sequences if s.gt_path is not None]
    if not annotated:
        return {}
    lengths = {s.name: s.num_frames for s in annotated}
    for name in lengths:
        if sum(s.name == name for s in annotated) > 1:
            raise ValueError(f'there are two sequences named {name}')
    present: dict[str, set[int]] = {}
    with TemporaryDirectory(prefix='mmremots-') as folder:
        for sequence in annotated:
            name = f'{sequence.name}.txt'
            truth = read_checked_truth(sequence)
            present[sequence.name] = set(truth[0].labels.tolist())
            _write_copy(Path(folder, 'gt', name), *truth, first_frame)
            _write_copy(
                Path(folder, 'trackers', 'tracks', name),
                *_read_tracks(Path(tracks_dir, name), sequence), first_frame)
        results = _run_trackeval(
            folder, benchmark, list(classes), lengths)
    present[COMBINED] = set().union(*present.values())
    scores: dict[str, dict[str, float]] = {}
    for name, found in [(COMBINED, present[COMBINED]), *present.items()]:
        scores[name] = {}
        key = 'COMBINED_SEQ' if name == COMBINED else name
        for title, label in classes.items():
            prefix = f'{title}_' if len(classes) > 1 else ''
            scores[name] |= {
                f'{prefix}{field}': value for field, value in _scores(
                    results[key][title], label in found).items()}
            if label not in found and name != COMBINED:
                print_log(
                    f'{name}: its ground truth has no {title}: nothing to '
                    'score', 'current', level=logging.WARNING)
    return scores


def format_tables(results: Mapping[str, Mapping[str, float]]) -> str:
    """The paper's Tables 1 and 2 as aligned text.

    Args:
        results: As of :func:`score_tables`.

    Returns:
        The tables, one below the other.
    """
    return '\n\n'.join(
        _table(header, rows, header.index(_TABLE_COLUMNS[0]))
        for header, rows in score_tables(results))


def score_tables(
        results: Mapping[str, Mapping[str, float]]
) -> list[tuple[list[str], list[list[str]]]]:
    """The cells of the paper's Tables 1 and 2.

    Args:
        results: For each method (a row), scores by key as
            :class:`MOTSChallengeMetric` gives them: ``mots/sMOTSA``, and
            ``mots/<sequence>/sMOTSA`` for a sequence.

    Returns:
        Header and rows of a table of all sequences together and, where
        there are any, of a table of each sequence, one row a method, or a
        method and class; '-' where it has no such score.
    """
    overall: dict[str, dict[str, float]] = {}
    by_sequence: dict[str, dict[str, dict[str, float]]] = {}
    for method, metrics in results.items():
        if not metrics:
            overall[method] = {}
        for key, value in metrics.items():
            _, *sequence, name = key.split('/')
            rows = (by_sequence.setdefault('/'.join(sequence), {})
                    if sequence else overall)
            title, _, field = name.rpartition('_')
            row = f'{method}, {title}' if title else method
            rows.setdefault(row, {})[field] = value
    tables = [(['Method', *_TABLE_COLUMNS], [
        [method, *_cells(row)] for method, row in overall.items()])]
    if by_sequence:
        tables.append((['Sequence', 'Method', *_TABLE_COLUMNS], [
            [sequence, method, *_cells(row)]
            for sequence, rows in by_sequence.items()
            for method, row in rows.items()]))
    return tables


def _read_tracks(
        path: Path, sequence: Video) -> tuple[Observations, NDArray[np.int64]]:
    if not has_file(path):
        raise FileNotFoundError(
            f'{path}: no tracks of sequence {sequence.name}')
    return read_checked_mots(path, sequence.size, sequence.num_frames)


def _write_copy(path: Path, table: Observations, ids: NDArray[np.int64],
                first_frame: int) -> None:
    rles = [runs_to_rle(rle_runs(rle), rle['size']) for rle in table.rles]
    write_mots(path, replace(table, rles=rles),
               np.unique(ids, return_inverse=True)[1] + 1, first_frame)


def _run_trackeval(folder: str, benchmark: str, classes: list[str],
                   lengths: dict[str, int]) -> dict[str, Any]:
    import trackeval  # brings matplotlib: not for those who only predict
    quiet = {'PRINT_CONFIG': False}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        dataset = getattr(trackeval.datasets, benchmark)({
            **quiet,
            'GT_FOLDER': os.path.join(folder, 'gt'),
            'GT_LOC_FORMAT': '{gt_folder}/{seq}.txt',
            'TRACKERS_FOLDER': os.path.join(folder, 'trackers'),
            'TRACKERS_TO_EVAL': ['tracks'],
            'TRACKER_SUB_FOLDER': '',
            'CLASSES_TO_EVAL': classes,
            'SEQ_INFO': lengths,
            **({'SKIP_SPLIT_FOL': True} if benchmark == 'MOTSChallenge'
               else {}),
        })
        evaluator = trackeval.Evaluator({
            **quiet,
            'BREAK_ON_ERROR': True,
            'LOG_ON_ERROR': None,
            'PRINT_RESULTS': False,
            'TIME_PROGRESS': False,
            'OUTPUT_SUMMARY': False,
            'OUTPUT_DETAILED': False,
            'PLOT_CURVES': False,
        })
        results, _ = evaluator.evaluate([dataset], [
            trackeval.metrics.CLEAR(dict(quiet)),
            trackeval.metrics.Identity(dict(quiet)),
            trackeval.metrics.HOTA(),
        ])
    return results[benchmark]['tracks']


def _scores(families: Mapping[str, Any],
            annotated: bool) -> dict[str, float]:
    """Scores by their names in the paper; HOTA's are means over alpha.

    Without anything annotated the counts alone.
    """
    counts = {
        name: float(families[family][field])
        for name, (family, field) in _COUNTS.items()}
    if not annotated:
        return counts
    scores = {
        name: 100 * float(np.mean(families[family][field]))
        for name, (family, field) in _PERCENTAGES.items()}
    return scores | counts


def _cells(row: Mapping[str, float]) -> list[str]:
    return ['-' if name not in row else
            f'{row[name]:.0f}' if name in _COUNTS else f'{row[name]:.1f}'
            for name in _TABLE_COLUMNS]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]],
           num_labels: int) -> str:
    """Text columns: labels to the left, numbers to the right."""
    widths = [max(map(len, column))
              for column in zip(header, *rows, strict=True)]
    lines = []
    for cells in (header, ['-' * width for width in widths], *rows):
        padded = [
            cell.ljust(width) if index < num_labels else cell.rjust(width)
            for index, (cell, width) in enumerate(
                zip(cells, widths, strict=True))]
        lines.append('  '.join(padded).rstrip())
    return '\n'.join(lines)
