"""Track the people in a video.

VIDEO is a video file or a folder of images. Needs neither a labelled set nor
a GPU: a Mask R-CNN of mmdet and an OSNet, whose weights are downloaded once,
or are given by --detector and --encoder. Stopped and started again, it goes
on.
"""
from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import DictAction

HELP = 'track the people in a video: no labels, no GPU'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The video, and what may be other than the default."""
    from mmremots.apis.inference import VIDEO_CONFIG
    parser.add_argument('video', help='video file, or folder of images')
    parser.add_argument(
        '--config', default=VIDEO_CONFIG,
        help='ReMOTS config (default: %(default)s)')
    parser.add_argument(
        '--detector', metavar='CONFIG', help='an instance segmenter of mmdet '
        'in place of the config\'s, such as mmdet::rtmdet/'
        'rtmdet-ins_s_8xb32-300e_coco.py')
    parser.add_argument(
        '--detector-checkpoint', metavar='WEIGHTS',
        help='weights of the detector, a path or an address')
    add_output_arguments(parser)


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``track`` and ``refine`` have in common."""
    parser.add_argument(
        '--encoder', metavar='WEIGHTS', help='weights of the appearance '
        'encoder, OSNet x0.25: a path (.pth or .onnx) or an address')
    parser.add_argument(
        '--frame-rate', type=float, help='frames a second (default: what the '
        'video or its seqinfo.ini states, else 30)')
    parser.add_argument(
        '--work-dir', help='folder of the run (default: work_dirs/COMMAND/'
        'NAME of the video)')
    parser.add_argument(
        '--overlay', action='store_true',
        help='paint the tracks into the frames and make a film of them')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={},
        help='settings that replace those of the config: key=value ...')


def work_dir(args: argparse.Namespace, command: str, video: str) -> Path:
    """Folder of the run, and with it the options of painting."""
    root = Path(args.work_dir or Path(
        'work_dirs', command, Path(video).resolve().stem))
    if args.overlay:
        args.cfg_options['test_cfg.show_dir'] = str(root / 'overlays')
    return root


def run(args: argparse.Namespace) -> None:
    """Track, and say where the tracks are."""
    from mmremots.apis import inference_video, init_model
    root = work_dir(args, 'track', args.video)
    if not Path(args.video).exists():  # Before weights are downloaded.
        raise FileNotFoundError(f'{args.video}: no such video file or folder')
    options = args.cfg_options
    source = 'model.detector.sources.0.'
    if args.detector:
        options[f'{source}config'] = args.detector
    if args.detector or args.detector_checkpoint:
        options[f'{source}checkpoint'] = (
            args.detector_checkpoint or published_weights(args.detector))
    model = init_model(args.config, args.encoder, options)
    report(inference_video(
        model, args.video, frame_rate=args.frame_rate, work_dir=root), root)


def published_weights(config: str) -> str | None:
    """Address of the weights that a package lists beside a config of its own.

    Args:
        config: ``package::folder/file.py``, or a file.

    Returns:
        The address; None for a file, which may name its own.

    Raises:
        ValueError: The package lists none.
    """
    if '::' not in config:
        return None
    from mmengine.hub import get_config
    try:
        return str(get_config(config, pretrained=True).model_path)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(
            f'{config}: no weights are listed for it ({error}); give them by '
            '--detector-checkpoint') from None


def report(tracks: object, root: Path) -> None:
    """What was found, where it is, and what to do next."""
    from mmremots.formats.tracks import VideoTracks
    assert isinstance(tracks, VideoTracks)
    path = root / 'tracks' / f'{tracks.name}'
    tracks.to_coco(path.with_name(f'{path.name}.json'))
    lines = [
        f'{len(set(tracks.ids.tolist()))} tracks, {len(tracks)} masks in '
        f'{tracks.num_frames} frames:',
        f'  {path}.txt   MOTS text, frame id class height width mask',
        f'  {path}.json  the same with boxes and scores, COCO video']
    if (root / 'overlays').is_dir():
        lines.append(f'  {root / "overlays"}  the frames with the tracks')
    else:
        lines.append('next: --overlay paints them into the frames (all else '
                     'is kept)')
    if (root / 'report.html').is_file():
        lines.append(f'open in a browser: {root / "report.html"}')
    print('\n'.join([
        *lines, 'in Python: VideoTracks.read(...) of mmremots.formats.tracks, '
        'of the .json']))
