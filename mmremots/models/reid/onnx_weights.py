"""OSNet weights from ONNX files, where norms are folded."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mmremots.structures.files import has_file

from .osnet import OSNet, OSNetNeck

if TYPE_CHECKING:
    import onnx

_WEIGHT_OPS = ('Conv', 'Gemm', 'BatchNormalization')
#: Names of the parameters of a node, in the order of its inputs.
_PARAMETERS = ('weight', 'bias', 'running_mean', 'running_var')
#: Largest difference of outputs, relative to the largest output.
_TOLERANCE = 1e-4


def load_onnx_osnet(path: str | Path) -> dict[str, Tensor]:
    """Reads the weights of an OSNet that PyTorch exported to ONNX.

    The exporter folds batch norms into convolutions and renames what it
    folded, but keeps the order of execution, which is the order of our
    layers: weights are taken in that order, a gate that four streams share
    once. The result is proven, not trusted: our network must give what the
    file's own graph gives on one random input.

    Args:
        path: The file; input (1, 3, 256, 128), output (1, 512).

    Returns:
        State dict of an encoder of ``OSNet(widen_factor, norm_cfg=None)``
        and ``OSNetNeck``: keys ``backbone.*`` and ``neck.*``.

    Raises:
        ImportError: If the package onnx is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not such a network; says where it differs.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            f'{path}: reading ONNX files needs the package onnx: '
            'pip install onnx') from error
    if not has_file(path):
        raise FileNotFoundError(f'no ONNX file at {path}')
    try:
        file = onnx.load(str(path))
    except Exception as error:  # protobuf's, whichever version is there
        raise ValueError(f'{path}: not an ONNX file: {error}') from error

    nodes = _nodes_with_weights(file.graph)
    stem = nodes[0][1][0].shape[0] if nodes else 0
    if stem not in (16, 32, 48, 64):
        raise ValueError(
            f'{path}: no OSNet: its first layer has {stem} channels, that '
            'of OSNet 16, 32, 48 or 64')
    backbone = OSNet(stem / 64, norm_cfg=None)
    network = nn.ModuleDict(
        dict(backbone=backbone, neck=OSNetNeck(backbone.out_channels)))
    _fill(network, nodes, str(path))
    _prove(network.eval(), str(path), file.SerializeToString())
    return network.state_dict()


def _nodes_with_weights(
        graph: onnx.GraphProto) -> list[tuple[str, list[np.ndarray]]]:
    """Names and weights of nodes in order, shared weights once."""
    from onnx import numpy_helper
    arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    nodes, seen = [], set()
    for node in graph.node:
        names = [name for name in node.input if name in arrays]
        if node.op_type in _WEIGHT_OPS and names and names[0] not in seen:
            seen.add(names[0])
            nodes.append((node.name, [arrays[name] for name in names]))
    return nodes


def _fill(network: nn.Module, nodes: list[tuple[str, list[np.ndarray]]],
          path: str) -> None:
    layers = [
        (name, layer) for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm1d)
    ]
    if len(layers) != len(nodes):
        raise ValueError(
            f'{path}: {len(nodes)} layers with weights, OSNet with its norms '
            f'folded has {len(layers)}')
    for (name, layer), (node, arrays) in zip(layers, nodes, strict=True):
        own = {
            key: value for key, value in layer.state_dict().items()
            if key != 'num_batches_tracked'
        }
        theirs = dict(zip(_PARAMETERS, arrays, strict=False))
        shapes = {key: tuple(value.shape) for key, value in own.items()}
        found = {key: value.shape for key, value in theirs.items()}
        if shapes != found:
            raise ValueError(
                f'{path}: node {node} has weights {found} where OSNet has '
                f'{name} with {shapes}')
        layer.load_state_dict(
            {k: torch.tensor(v) for k, v in theirs.items()}, strict=False)


@torch.no_grad()
def _prove(network: nn.ModuleDict, path: str, file: bytes) -> None:
    """Compares outputs of the network and of the file as OpenCV runs it.

    The file is as it was read: OpenCV ends the process where weights lie
    beside it.

    OpenCV and not onnx's own reference evaluator, which runs a batch norm
    of opset 9 to 13 that has a momentum as if it were in training.
    """
    image = torch.randn(
        1, 3, 256, 128, generator=torch.Generator().manual_seed(0))
    ours = network['neck'](network['backbone'](image)[-1]).numpy()
    try:
        graph = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
        graph.setInput(image.numpy())
        theirs = graph.forward()
    except cv2.error as error:
        raise ValueError(
            f'{path}: OpenCV cannot run this network: {error}') from error
    if ours.shape != theirs.shape or not np.allclose(
            ours, theirs, rtol=0, atol=_TOLERANCE * np.abs(theirs).max()):
        raise ValueError(
            f'{path}: OSNet with these weights does not give what the file '
            'itself gives: its layers stand in another order, or it is a '
            'variant of OSNet')
