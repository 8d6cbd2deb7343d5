"""The sample on disk: rendered on first use, whole or not at all."""
from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from mmremots.formats.observation_files import write_detections, write_mots
from mmremots.structures.classes import IGNORE, PEDESTRIAN
from mmremots.structures.files import atomic_path
from mmremots.structures.masks import encode_mask, rle_bbox
from mmremots.structures.observations import Observations

from .detectors import ALPHA, BETA, MIN_AREA, simulate_detector
from .render import RenderedFrame, SequenceSpec, render_sequence
from .scene import IMAGE_SIZE

#: What the sample consists of: labelled sequences, and targets with other
#: people.
SEQUENCES = (
    SequenceSpec('SAMPLE-01', 'train', seed=201, num_frames=60,
                 num_people=12),
    SequenceSpec('SAMPLE-02', 'train', seed=203, num_frames=60,
                 num_people=12),
    SequenceSpec('SAMPLE-03', 'test', seed=204, num_people=9),
    SequenceSpec('SAMPLE-04', 'test', seed=305, num_people=10, crowd=True),
)
FRAME_RATE = 14
IGNORE_ID = 10000

_STAMP = 'sample.json'
_JPEG_QUALITY = 92


def ensure_sample(root: str | os.PathLike[str],
                  specs: Sequence[SequenceSpec] = SEQUENCES) -> Path:
    """Render the sample unless it is there as this code renders it.

    It is rendered beside ``root`` and moved there when complete. Of
    processes that do so at once the first to finish wins; all make the
    same bytes.

    Args:
        root: Folder of the sample.
        specs: Its sequences.

    Returns:
        ``root`` as a path.

    Raises:
        FileExistsError: ``root`` holds something that is no sample.
    """
    root = Path(root)
    stamp = _fingerprint(specs)
    if _stamp_of(root) == stamp:
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    frames = sum(spec.num_frames for spec in specs)
    print_log(f'rendering the sample, {frames} frames, to {root}', 'current')
    with tempfile.TemporaryDirectory(
            dir=root.parent, prefix=f'.{root.name}-') as scratch:
        fresh = Path(scratch) / 'fresh'
        render_sample(fresh, specs)
        content = {'fingerprint': stamp}
        (fresh / _STAMP).write_text(json.dumps(content) + '\n')
        try:
            if _stamp_of(root) == stamp:  # another process was faster
                return root
            if root.exists():
                root.rename(Path(scratch) / 'stale')
            fresh.rename(root)
        except OSError:
            if _stamp_of(root) != stamp:
                raise
    return root


def render_sample(root: str | os.PathLike[str],
                  specs: Iterable[SequenceSpec] = SEQUENCES) -> None:
    """Write sequences in MOTSChallenge layout.

    ``root/<split>/<name>/`` gets ``img1/``, ``gt/gt.txt`` and
    ``seqinfo.ini``; targets also ``det/alpha.txt`` (TrackR-CNN text) and
    ``det/beta.json`` (COCO results). The same specs give the same bytes.

    Args:
        root: Folder to write to; made if missing.
        specs: What to render.
    """
    for spec in specs:
        _write_sequence(Path(root) / spec.split / spec.name, spec)


def ground_truth(frames: Iterable[RenderedFrame]
                 ) -> tuple[Observations, np.ndarray]:
    """The exact annotation of rendered frames.

    Args:
        frames: Frames of a sequence, in order.

    Returns:
        Disjoint masks of at least :data:`MIN_AREA` pixels, and their ids:
        2001 and on for people, 10000 for the ignore region (class 10).
    """
    numbers, rles, ids = [], [], []
    for number, frame in enumerate(frames, start=1):
        masks = [(2001 + k, frame.owner == k + 1)
                 for k in range(len(frame.bodies))]
        for identity, mask in [*masks, (IGNORE_ID, frame.ignore)]:
            if np.count_nonzero(mask) >= MIN_AREA:
                numbers.append(number)
                rles.append(encode_mask(mask))
                ids.append(identity)
    id_array = np.array(ids, np.int64)
    table = Observations(
        np.array(numbers, np.int64), rle_bbox(rles).astype(np.float32),
        np.ones(len(rles), np.float32),
        np.where(id_array == IGNORE_ID, IGNORE, PEDESTRIAN), rles,
        IMAGE_SIZE)
    return table, id_array


def _write_sequence(folder: Path, spec: SequenceSpec) -> None:
    (folder / 'img1').mkdir(parents=True, exist_ok=True)
    frames = list(render_sequence(spec))
    for number, frame in enumerate(frames, start=1):
        path = folder / 'img1' / f'{number:06d}.jpg'
        if not cv2.imwrite(str(path), frame.image,
                           [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]):
            raise OSError(f'{path}: cannot be written')
    write_mots(folder / 'gt' / 'gt.txt', *ground_truth(frames))
    (folder / 'seqinfo.ini').write_text(
        f'[Sequence]\nname={spec.name}\nimDir=img1\n'
        f'frameRate={FRAME_RATE}\nseqLength={spec.num_frames}\n'
        f'imWidth={IMAGE_SIZE[1]}\nimHeight={IMAGE_SIZE[0]}\nimExt=.jpg\n')
    if spec.split == 'test':
        write_detections(folder / 'det' / 'alpha.txt',
                         simulate_detector(ALPHA, frames, spec.seed))
        _write_coco(folder / 'det' / 'beta.json',
                    simulate_detector(BETA, frames, spec.seed))


def _write_coco(path: Path, table: Observations) -> None:
    """COCO results: boxes as x, y, width, height; category 1 is person."""
    entries = []
    for row, rle in enumerate(table.rles):
        x1, y1, x2, y2 = table.boxes[row].tolist()
        entries.append({
            'image_id': int(table.frames[row]), 'category_id': 1,
            'bbox': [x1, y1, x2 - x1, y2 - y1],
            'score': round(float(table.scores[row]), 4),
            'segmentation': {'size': list(rle['size']),
                             'counts': rle['counts'].decode('ascii')}})
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(entries) + '\n')


def _fingerprint(specs: Sequence[SequenceSpec]) -> str:
    """SHA-256 of what the sample is made by: this package and the specs."""
    digest = hashlib.sha256(repr(tuple(specs)).encode())
    for source in sorted(Path(__file__).parent.glob('*.py')):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _stamp_of(root: Path) -> str | None:
    """Fingerprint of the sample in a folder; None where there is none."""
    if not root.exists():
        return None
    try:
        content = json.loads((root / _STAMP).read_text())
        return str(content['fingerprint'])
    except (OSError, ValueError, KeyError, TypeError):
        if root.is_dir() and not any(root.iterdir()):
            return None
        raise FileExistsError(
            f'{root}: the sample is to be rendered here, but this is '
            f'something else (no {_STAMP}); move it away or choose another '
            'folder') from None
