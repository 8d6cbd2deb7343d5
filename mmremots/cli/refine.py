"""Refine the tracks of any tracker.

TRACKS is MOTS or KITTI MOTS text, MOT text with boxes, COCO video JSON or a
folder of 16-bit PNGs; FRAMES a video file or a folder of images. Tracks are
cut where they change from one person to another, merged again, pruned,
continued and filled. Needs neither a labelled set nor a GPU: the weights of
an OSNet are downloaded once, or given by --encoder.
"""
from __future__ import annotations

import argparse

from .track import add_output_arguments, report, work_dir

HELP = 'refine the tracks of any tracker: no labels, no GPU'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The tracks, the frames, and what may be other than the default."""
    from mmremots.apis.inference import REFINE_CONFIG
    parser.add_argument('tracks', help='file of tracks, or folder of PNGs')
    parser.add_argument('frames', help='video file, or folder of images')
    parser.add_argument(
        '--config', default=REFINE_CONFIG,
        help='ReMOTS config (default: %(default)s)')
    parser.add_argument(
        '--train', action='store_true',
        help='do the two trainings on this video, too')
    parser.add_argument(
        '--no-pruning', dest='prune', action='store_false',
        help='keep short and weak parts of tracks, too')
    parser.add_argument(
        '--labelled', metavar='DIR', help='folder of annotated sequences for '
        'the trainings (default: the built-in sample, drawn people)')
    parser.add_argument(
        '--first-frame', type=int, help='what TRACKS calls the first frame '
        '(default: 0 if there is a frame 0, else 1)')
    parser.add_argument(
        '--classes', nargs='+', type=_pair, metavar='THEIRS=OURS',
        help="class of each of TRACKS' classes or categories, 1 for cars and "
        '2 for pedestrians, such as 0=2 2=1; others are left out (default: '
        'by their names, or as they are)')
    parser.add_argument(
        '--join-parts', action='store_true',
        help="make one mask of an id's several in a frame")
    add_output_arguments(parser)


def _pair(text: str) -> tuple[int, int]:
    """A class of a file, and what it is called here."""
    try:
        theirs, ours = map(int, text.split('='))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not THEIRS=OURS, two whole numbers') from None
    return theirs, ours


def run(args: argparse.Namespace) -> None:
    """Refine, and say where the tracks are."""
    from mmremots.apis import refine
    root = work_dir(args, 'refine', args.frames)
    if args.join_parts:
        args.cfg_options['test_cfg.stages.0.join_parts'] = True
    report(refine(
        args.tracks, args.frames, args.encoder, args.train,
        prune=args.prune, labelled=args.labelled,
        frame_rate=args.frame_rate, first_frame=args.first_frame,
        classes=dict(args.classes) if args.classes else None,
        config=args.config, cfg_options=args.cfg_options, work_dir=root), root)
