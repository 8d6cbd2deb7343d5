"""mmdet's networks as live detectors: a tiny one, weights random."""
from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmremots.models.detectors import (
    InstanceSegmenter,
    MaskFusion,
    instance_segmenter,
)
from mmremots.models.detectors.detector_config import load_config
from mmremots.structures import Observations
from mmremots.structures.masks import decode_mask, label_map

TINY = str(Path(__file__).parents[2] / 'data' / 'tiny_segmenter.py')
CONTENT = load_config(TINY).to_dict()
SIZE = 48, 64
ALL = dict.fromkeys(range(80), 2)


def tiny(**options: Any) -> InstanceSegmenter:
    """All of what random weights find."""
    return InstanceSegmenter(**{
        'config': CONTENT, 'score_thr': 0., 'classes': ALL, 'scale': (96, 96),
        **options})


@pytest.fixture(scope='module')
def images() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return list(rng.integers(0, 255, (3, *SIZE, 3), dtype=np.uint8))


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Other random weights, as mmengine would save them."""
    network = tiny().load()
    torch.manual_seed(7)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    path = tmp_path_factory.mktemp('weights') / 'tiny.pth'
    classes = [f'kind{k}' for k in range(79)] + ['walker']
    torch.save({'state_dict': network.state_dict(),
                'meta': {'dataset_meta': {'classes': classes}}}, path)
    return str(path)


def same(a: Observations, b: Observations) -> bool:
    return a.rles == b.rles and np.allclose(a.scores, b.scores, atol=1e-5)


def test_finds_masks(images: list[np.ndarray]) -> None:
    """Rows of the frame, of the image's size, no more than asked for."""
    found = tiny(max_per_image=6).detect(images[0], None, 3)
    assert 0 < len(found) <= 6
    assert set(found.frames) == {3}
    assert set(found.labels) == {2}
    assert found.size == SIZE
    assert all(tuple(rle['size']) == SIZE for rle in found.rles)


def test_random_weights_are_loud_and_the_same(
        images: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten checkpoint is seen; global random numbers are not used."""
    logged: list[str] = []
    monkeypatch.setattr(instance_segmenter, 'print_log',
                        lambda text, *args: logged.append(text))
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    found = tiny().detect(images[0], None, 1)
    assert torch.rand(1) == expected
    assert same(found, tiny().detect(images[0], None, 1))
    assert 'NO CHECKPOINT' in logged[0]


def test_a_batch_is_its_frames(images: list[np.ndarray]) -> None:
    """Frames together give what each gives alone."""
    detector = tiny()
    alone = [detector.detect(image, None, frame)
             for frame, image in enumerate(images, 1)]
    batch = detector.detect_batch(
        [detector.transform(image) for image in images], [1, 2, 3])
    assert all(map(same, alone, batch))


def test_flip(images: list[np.ndarray]) -> None:
    """The mirrored view adds what is found there, mirrored back."""
    detector, both = tiny(), tiny(flip=True)
    plain = detector.detect(images[0], None, 1)
    mirrored = detector.detect(images[0][:, ::-1], None, 1)
    found = both.detect(images[0], None, 1)
    assert len(found) == len(plain) + len(mirrored)
    assert found.rles[:len(plain)] == plain.rles
    for ours, theirs in zip(
            found.rles[len(plain):], mirrored.rles, strict=True):
        assert (decode_mask(ours) == decode_mask(theirs)[:, ::-1]).all()


def test_score_threshold_and_weight(images: list[np.ndarray]) -> None:
    """The weight comes after the threshold."""
    detector = tiny()
    found = detector.detect(images[0], None, 1)
    middle = float(np.median(found.scores))
    halved = tiny(score_thr=middle, score_weight=0.5)
    scores = halved.detect(images[0], None, 1).scores
    good = found.scores[found.scores >= middle]
    assert np.allclose(scores[:len(good)], good / 2, atol=1e-5)
    assert len(scores) >= len(good)
    assert scores.min() >= middle / 2 - 1e-6


def test_transform_goes_to_workers_alone(images: list[np.ndarray]) -> None:
    """It pickles without the network, and works there."""
    detector = tiny(scale=(128, 96))
    detector.load()
    text = pickle.dumps(detector.transform)
    assert len(text) < 50_000
    entry, = pickle.loads(text)(images[0])
    assert entry['inputs'].shape == (3, 96, 128)


def test_checkpoint(images: list[np.ndarray], checkpoint: str) -> None:
    """Its weights are used, and its names of classes."""
    detector = tiny(checkpoint=checkpoint, classes={'walker': 2, 'kind3': 1})
    detector.check(None)
    assert detector._labels == {79: 2, 3: 1}
    assert not same(tiny(checkpoint=checkpoint).detect(images[0], None, 1),
                    tiny().detect(images[0], None, 1))
    named = tiny(cfg_options={'model.init_cfg': {
        'type': 'Pretrained', 'checkpoint': checkpoint}})
    assert named.checkpoint == checkpoint
    assert named.fingerprint(None) == tiny(
        checkpoint=checkpoint).fingerprint(None)
    start = tiny(cfg_options={'load_from': checkpoint})
    assert start.checkpoint is None, 'where its own training began'


def test_wrong_class(checkpoint: str) -> None:
    """The error lists what there is."""
    with pytest.raises(ValueError, match=(
            r"detector: no class 'persn' in .* person, bicycle, car")):
        tiny(classes={'persn': 2}).check(None)
    with pytest.raises(ValueError, match='no class 80 in'):
        tiny(classes={80: 2}).check(None)
    with pytest.raises(ValueError, match='kind77, kind78, walker'):
        tiny(checkpoint=checkpoint, classes={'person': 2}).check(None)


def test_wrong_checkpoint(tmp_path: Path, checkpoint: str) -> None:
    """One line: the file, and what is missing, left over, or misshapen."""
    content = torch.load(checkpoint, weights_only=True)
    path = tmp_path / 'other.pth'

    def load(change: dict[str, Any], strict: bool = True) -> None:
        state = {**content['state_dict'], **change}
        torch.save({'state_dict': {
            key: value for key, value in state.items()
            if value is not None}}, path)
        tiny(checkpoint=str(path), strict=strict).check(None)

    bias = 'roi_head.bbox_head.fc_cls.bias'
    with pytest.raises(ValueError, match=(
            rf'other\.pth: these weights are not of this network: 1 missing: '
            rf'{bias}; 1 unexpected: new$')):
        load({bias: None, 'new': torch.ones(1)})
    with pytest.raises(ValueError, match=(
            rf'1 of another shape: {bias} \(3,\), not \(81,\)$')):
        load({bias: torch.ones(3)})
    load({bias: None}, strict=False)
    with pytest.raises(ValueError, match='of another shape'):
        load({bias: torch.ones(3)}, strict=False)
    torch.save({'epoch': 3}, path)
    with pytest.raises(ValueError, match=r'other\.pth: holds no state dict'):
        tiny(checkpoint=str(path)).check(None)
    with pytest.raises(FileNotFoundError, match='no checkpoint at'):
        tiny(checkpoint=str(tmp_path / 'gone.pth')).check(None)


def test_boxes_without_masks(images: list[np.ndarray]) -> None:
    """A box detector is no source of masks."""
    boxes = tiny(cfg_options={'model.roi_head.mask_head': None,
                              'model.roi_head.mask_roi_extractor': None})
    with pytest.raises(ValueError, match=r'detector: .* no masks of inst'):
        boxes.detect(images[0], None, 1)


def test_masks_of_another_size(images: list[np.ndarray]) -> None:
    """A network that does not go back to the image's size is found out."""
    detector = tiny()
    network = detector.load()
    predict = network.predict

    def unscaled(*args: Any, **kwargs: Any) -> Any:
        return predict(*args, **{**kwargs, 'rescale': False})

    network.predict = unscaled  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=r'masks of \d+x\d+ pixels for an '
                       'image of 64x48'):
        detector.detect(images[0], None, 1)


def test_fingerprint(tmp_path: Path, checkpoint: str) -> None:
    """It changes with what is found, not with where or how fast."""
    moved = tmp_path / 'moved.pth'
    moved.write_bytes(Path(checkpoint).read_bytes())
    first = tiny(checkpoint=checkpoint).fingerprint(None)
    for same_things in (
            {'checkpoint': str(moved)}, {'batch_size': 4},
            {'config': TINY}):
        assert tiny(**{'checkpoint': checkpoint, **same_things}
                    ).fingerprint(None) == first
    for other in (
            {'checkpoint': None}, {'score_thr': .1}, {'classes': {'car': 1}},
            {'scale': (64, 64)}, {'flip': True}, {'score_weight': 2.},
            {'max_per_image': 3},
            {'cfg_options': {'model.test_cfg.rcnn.mask_thr_binary': .4}}):
        assert tiny(**{'checkpoint': checkpoint, **other}
                    ).fingerprint(None) != first, other


@pytest.mark.parametrize(('options', 'message'), [
    ({'score_thr': float('nan')}, 'score_thr is nan'),
    ({'score_weight': 0}, 'score_weight is 0'),
    ({'batch_size': 0}, 'batch_size is 0'),
])
def test_arguments(options: dict[str, Any], message: str) -> None:
    """Nonsense is refused before anything is built."""
    with pytest.raises(ValueError, match=message):
        tiny(**options)


def test_side_by_side(images: list[np.ndarray], checkpoint: str) -> None:
    """Two networks of one config, fused: disjoint masks of both."""
    source = {'type': 'InstanceSegmenter', 'config': TINY, 'score_thr': 0.,
              'classes': ALL, 'scale': (96, 96)}
    fusion = MaskFusion(
        [source, {**copy.deepcopy(source), 'checkpoint': checkpoint}],
        nms={'type': 'IoMNMS', 'iom_thr': 0.9})
    assert [name for name, _ in fusion.named_sources()] == [
        'tiny_segmenter', 'tiny_segmenter_2']
    fused = fusion.detect(images[0], None, 1)
    assert len(fused) > 0
    label_map(fused.rles, SIZE)  # raises where two overlap
    fusion.unload()
    assert all(source.network is None for source in fusion.sources)
