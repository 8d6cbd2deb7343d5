"""MOTS scores by TrackEval, with everything checked before it starts."""
from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from mmremots.structures.files import has_file
from mmremots.structures.masks import rle_runs, runs_to_rle
from mmremots.structures.observation_files import write_mots

from .mots_files import read_checked_mots

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
_TABLE_COLUMNS = ('sMOTSA', 'IDF1', 'MOTSA', 'MOTSP', 'MODSA', 'MT', 'ML',
                  'IDSW', 'HOTA')


def evaluate_mots(
        sequences: Iterable[Video],
        tracks_dir: str | os.PathLike[str]) -> dict[str, dict[str, float]]:
    """Score MOTS files against ground truth, pedestrians (class 2) only.

    The scores are those of TrackEval's ``MOTSChallenge`` with its metrics
    CLEAR, Identity and HOTA (Voigtlaender et al., MOTS, CVPR 2019; Ristani
    et al. 2016; Luiten et al. 2020). TrackEval hangs on a run-length
    encoding of the wrong length and scores masks of the wrong image size as
    misses; so each file is read and checked whole before it starts. It is
    given copies, in which tracks are numbered from 1, since it allocates
    memory by the largest id, and runs of no pixels are joined away, since
    pycocotools stops at them.

    Args:
        sequences: Sequences; those without ``gt_path`` are left out.
        tracks_dir: Folder with ``<name>.txt`` of each sequence that has
            ground truth. An empty file is a result without any object.

    Returns:
        For each sequence by name, and for ``'COMBINED'`` (all their counts
        together), scores by the names of the paper: sMOTSA, IDF1, MOTSA,
        MOTSP, MODSA, HOTA, DetA, AssA, Rcll, Prcn, IDP, IDR in percent, and
        the counts MT, PT, ML, IDSW, Frag, TP, FP, FN. Empty if no sequence
        has ground truth.

    Raises:
        FileNotFoundError: A file of tracks is missing.
        ValueError: A file is broken (the message names file and line), or
            two sequences have one name.
    """
    annotated = [s for s in sequences if s.gt_path is not None]
    if not annotated:
        return {}
    lengths = {s.name: s.num_frames for s in annotated}
    for name in lengths:
        if sum(s.name == name for s in annotated) > 1:
            raise ValueError(f'there are two sequences named {name}')
    with TemporaryDirectory(prefix='mmremots-') as folder:
        for sequence in annotated:
            name = f'{sequence.name}.txt'
            _copy_checked(Path(str(sequence.gt_path)),
                          Path(folder, 'gt', name), sequence)
            _copy_checked(Path(tracks_dir, name),
                          Path(folder, 'trackers', 'tracks', name), sequence)
        results = _run_trackeval(folder, lengths)
    return {
        name: _scores(results[key]['pedestrian'])
        for name, key in [(COMBINED, 'COMBINED_SEQ'),
                          *((s.name, s.name) for s in annotated)]
    }


def format_tables(results: Mapping[str, Mapping[str, float]]) -> str:
    """The paper's Tables 1 and 2 as aligned text.

    Args:
        results: For each method (a row), scores by key as
            :class:`MOTSChallengeMetric` gives them: ``mots/sMOTSA``, and
            ``mots/<sequence>/sMOTSA`` for a sequence.

    Returns:
        A table of all sequences together and a table of each sequence, one
        row a method; '-' where a method has no such score.
    """
    overall: dict[str, dict[str, float]] = {}
    by_sequence: dict[str, dict[str, dict[str, float]]] = {}
    for method, metrics in results.items():
        overall[method] = {}
        for key, value in metrics.items():
            _, *sequence, name = key.split('/')
            rows = (by_sequence.setdefault('/'.join(sequence), {})
                    if sequence else overall)
            rows.setdefault(method, {})[name] = value
    combined = _table(
        ['Method', *_TABLE_COLUMNS],
        [[method, *_cells(row)] for method, row in overall.items()],
        num_labels=1)
    if not by_sequence:
        return combined
    detailed = _table(
        ['Sequence', 'Method', *_TABLE_COLUMNS],
        [[sequence, method, *_cells(row)]
         for sequence, rows in by_sequence.items()
         for method, row in rows.items()],
        num_labels=2)
    return f'{combined}\n\n{detailed}'


def _copy_checked(source: Path, target: Path, sequence: Video) -> None:
    if not has_file(source):
        raise FileNotFoundError(
            f'{source}: no tracks of sequence {sequence.name}')
    table, ids = read_checked_mots(
        source, sequence.size, sequence.num_frames)
    rles = [runs_to_rle(rle_runs(rle), rle['size']) for rle in table.rles]
    write_mots(target, replace(table, rles=rles),
               np.unique(ids, return_inverse=True)[1] + 1)


def _run_trackeval(folder: str, lengths: dict[str, int]) -> dict[str, Any]:
    import trackeval  # brings matplotlib: not for those who only predict
    quiet = {'PRINT_CONFIG': False}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        dataset = trackeval.datasets.MOTSChallenge({
            **quiet,
            'GT_FOLDER': os.path.join(folder, 'gt'),
            'GT_LOC_FORMAT': '{gt_folder}/{seq}.txt',
            'TRACKERS_FOLDER': os.path.join(folder, 'trackers'),
            'TRACKERS_TO_EVAL': ['tracks'],
            'TRACKER_SUB_FOLDER': '',
            'CLASSES_TO_EVAL': ['pedestrian'],
            'SEQ_INFO': lengths,
            'SKIP_SPLIT_FOL': True,
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
    return results['MOTSChallenge']['tracks']


def _scores(families: Mapping[str, Any]) -> dict[str, float]:
    """Scores by their names in the paper; HOTA's are means over alpha."""
    scores = {
        name: 100 * float(np.mean(families[family][field]))
        for name, (family, field) in _PERCENTAGES.items()}
    counts = {
        name: float(families[family][field])
        for name, (family, field) in _COUNTS.items()}
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
