"""What a low detection score is worth: one least score against two.

    python tools/benchmarks/score_thresholds.py configs/remots_pedestrians.py \
        'det_seg/*' 0.6 0.3 [--sequences TUD-Campus]

ReMOTS plus, without trainings, on the masks of one file a sequence alone:
with every least score in steps of 0.1; with the two given, from the first of
which masks are observations and from the second weak masks, which may only
continue a track; and with the first alone and no track continued.
"""
from __future__ import annotations

import argparse

from mmengine.config import Config
from plus_options import print_tables, run, variants

from mmremots.apis.command_line import one_line_errors


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='ReMOTS config')
    parser.add_argument('path', help='masks, in a sequence\'s folder')
    parser.add_argument('strong', type=float, help='least score')
    parser.add_argument('weak', type=float, help='least score of weak masks')
    parser.add_argument(
        '--sequences', nargs='+', help='targets; default: the config\'s')
    parser.add_argument('--work-dir', default='work_dirs/score_thresholds')
    args = parser.parse_args()
    cfg = Config.fromfile(args.config)
    if args.sequences:
        cfg.test_dataloader.dataset.sequences = args.sequences
    rows = {}
    thresholds = [(k / 10, None) for k in range(1, 9)]
    for score, weak in [*thresholds, (args.strong, args.weak)]:
        name = f'from {score:g}' + f', weak from {weak}' * (weak is not None)
        cfg.model.detector.sources = [dict(
            type='DetectionsFromFile', path=args.path, score_thr=score,
            weak_thr=weak)]
        cfg.work_dir = f'{args.work_dir}/{name}'
        rows[name] = run(cfg, *variants()['ReMOTS plus'])
    # The last row but for what continues tracks, of any score.
    model, stages = variants()['ReMOTS plus']
    cfg.work_dir = f'{args.work_dir}/from {args.strong:g}'
    cfg.model.detector.sources[0].update(
        score_thr=args.strong, weak_thr=None)
    rows[f'from {args.strong:g}, no track continued'] = run(cfg, model, [
        stage for stage in stages if stage['type'] != 'TrackExtension'])
    print_tables(rows)


if __name__ == '__main__':
    with one_line_errors():
        main()
