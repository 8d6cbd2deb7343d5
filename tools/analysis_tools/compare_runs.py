"""The scores of several runs on the same videos, side by side.

    python tools/analysis_tools/compare_runs.py RUN [RUN ...]

Reads the metrics.json of each and prints the paper's tables, a row a run,
named by its folder.
"""
from __future__ import annotations

import argparse
from pathlib import Path

from mmremots.apis.command_line import one_line_errors
from mmremots.engine.run_folder import read_json
from mmremots.evaluation import format_tables


def scores_of(root: Path) -> dict[str, float]:
    """The scores of a run's result.

    Raises:
        FileNotFoundError: It has none: no ground truth, or no end yet.
    """
    metrics = read_json(root / 'metrics.json')
    if metrics is None:
        raise FileNotFoundError(
            f'{root}: no metrics.json; is the run done, and had its videos '
            'ground truth?')
    return {name: value for name, value in metrics.items()
            if name != 'stages'}


def main() -> None:
    """Read and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', type=Path, nargs='+', metavar='RUN')
    args = parser.parse_args()
    print(format_tables({root.name: scores_of(root) for root in args.runs}))


if __name__ == '__main__':
    with one_line_errors():
        main()
