"""OSNet weights out of ONNX files: the same function, or an error."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmremots.models.reid import (
    ReIDEncoder,
    load_encoder,
    load_onnx_osnet,
)
from mmremots.registry import MODELS

onnx = pytest.importorskip('onnx')


def osnet_encoder(norm_cfg: dict[str, Any] | None = None) -> ReIDEncoder:
    return MODELS.build(
        dict(
            type='ReIDEncoder',
            backbone=dict(
                type='OSNet', widen_factor=0.25, norm_cfg=norm_cfg),
            neck=dict(type='OSNetNeck', in_channels=128),
            head=dict(type='BNNeckHead', in_channels=512))).eval()


def test_real_crop_gives_what_opencv_gives(osnet_onnx: Path,
                                           pedestrians: Path) -> None:
    """Weights, layers and preprocessing, against another implementation."""
    image = cv2.imread(
        str(pedestrians / 'TUD-Stadtmitte' / 'img1' / '000001.jpg'))
    crops = np.stack([
        cv2.resize(image[100:300, x:x + 80], (128, 256))
        for x in (0, 150, 300)])
    encoder = osnet_encoder()
    load_encoder(encoder, osnet_onnx)
    network = cv2.dnn.readNetFromONNX(str(osnet_onnx))
    mean, std = np.array([.485, .456, .406]), np.array([.229, .224, .225])
    expected = []
    for crop in crops:
        x = ((crop[..., ::-1] / 255 - mean) / std).astype(np.float32)
        network.setInput(x.transpose(2, 0, 1)[None])
        expected.append(network.forward()[0])
    rows = np.stack(expected)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.embed(crops), rows, atol=1e-5)


def test_random_input_before_normalisation(osnet_onnx: Path) -> None:
    """The feature itself, not only its direction."""
    encoder = osnet_encoder()
    load_encoder(encoder, osnet_onnx)
    encoder.feature = 'pooled'
    x = torch.randn(1, 3, 256, 128, generator=torch.Generator().manual_seed(5))
    network = cv2.dnn.readNetFromONNX(str(osnet_onnx))
    network.setInput(x.numpy())
    with torch.no_grad():
        np.testing.assert_allclose(
            encoder(x).numpy(), network.forward(), atol=1e-4)


def test_folded_weights_need_a_network_without_norms(
        osnet_onnx: Path) -> None:
    """Otherwise norms of random statistics would stand where none were."""
    with pytest.raises(ValueError, match=r'missing: backbone\.conv1\.bn'):
        load_encoder(osnet_encoder(dict(type='BN')), osnet_onnx)


def changed(source: Path, target: Path, change: Any) -> Path:
    file = onnx.load(str(source))
    change(file.graph)
    onnx.save(file, str(target))
    return target


def test_another_function_is_noticed(osnet_onnx: Path,
                                     tmp_path: Path) -> None:
    """Same layers and shapes, but one gate open: only outputs tell."""
    def change(graph: Any) -> None:
        node = next(n for n in graph.node if n.op_type == 'Sigmoid')
        node.op_type = 'Tanh'

    path = changed(osnet_onnx, tmp_path / 'a.onnx', change)
    with pytest.raises(ValueError, match='does not give what the file'):
        load_onnx_osnet(path)


def test_names_do_not_matter(osnet_onnx: Path, tmp_path: Path) -> None:
    """Exporters name weights and nodes as they like."""
    def change(graph: Any) -> None:
        new = {w.name: str(i) for i, w in enumerate(graph.initializer)}
        for weight in graph.initializer:
            weight.name = new[weight.name]
        for i, node in enumerate(graph.node):
            node.name = f'node{i}'
            for k, name in enumerate(node.input):
                node.input[k] = new.get(name, name)

    path = changed(osnet_onnx, tmp_path / 'a.onnx', change)
    expected = load_onnx_osnet(osnet_onnx)
    for key, value in load_onnx_osnet(path).items():
        assert torch.equal(value, expected[key]), key


def test_other_networks_are_told_apart(osnet_onnx: Path,
                                       tmp_path: Path) -> None:
    """By their layers, with the place where they differ."""
    def cut(graph: Any) -> None:
        del graph.node[-2]

    def reshape(graph: Any) -> None:
        weight = next(w for w in graph.initializer if list(w.dims) ==
                      [16, 1, 3, 3])
        weight.dims[:] = [16, 1, 9, 1]

    path = tmp_path / 'a.onnx'
    with pytest.raises(ValueError, match='layers with weights'):
        load_onnx_osnet(changed(osnet_onnx, path, cut))
    with pytest.raises(ValueError, match=r'OSNet has .*conv2a\.conv2'):
        load_onnx_osnet(changed(osnet_onnx, path, reshape))
    with pytest.raises(ValueError, match='no OSNet: its first layer'):
        load_onnx_osnet(
            changed(osnet_onnx, path, lambda graph: graph.ClearField('node')))


def test_weights_beside_the_file(osnet_onnx: Path, tmp_path: Path) -> None:
    """As exporters write them; OpenCV alone would end the process."""
    path = tmp_path / 'A.ONNX'
    onnx.save(onnx.load(str(osnet_onnx)), str(path), location='a.data',
              save_as_external_data=True, size_threshold=0)
    encoder, whole = osnet_encoder(None), osnet_encoder(None)
    load_encoder(encoder, path)
    load_encoder(whole, osnet_onnx)
    assert all(map(torch.equal, encoder.state_dict().values(),
                   whole.state_dict().values()))
    (tmp_path / 'a.data').unlink()
    with pytest.raises(ValueError, match=r'A\.ONNX: .*a\.data'):
        load_encoder(encoder, path)


def test_no_onnx_file(tmp_path: Path) -> None:
    """Missing, or something else by that name."""
    with pytest.raises(FileNotFoundError, match='no ONNX file'):
        load_onnx_osnet(tmp_path / 'a.onnx')
    (tmp_path / 'a.onnx').write_bytes(b'something else')
    with pytest.raises(ValueError, match=r'a\.onnx: not an ONNX file'):
        load_onnx_osnet(tmp_path / 'a.onnx')


def test_an_encoder_with_norms_is_told_what_it_needs(
        osnet_onnx: Path) -> None:
    """The keys alone would not say what an ONNX file is."""
    encoder = osnet_encoder(dict(type='BN'))
    with pytest.raises(ValueError, match='the backbone needs norm_cfg=None'):
        load_encoder(encoder, osnet_onnx)
