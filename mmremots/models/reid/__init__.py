"""The appearance encoder: backbones, head, losses, weights."""
from mmremots.models.checkpoint import differences, read_state_dict

from .base import BaseEncoder
from .bnneck_head import BNNeckHead
from .checkpoint import between, load_encoder, save_encoder
from .encoder import ReIDEncoder
from .losses import CenterLoss, TripletLoss
from .onnx_weights import load_onnx_osnet
from .osnet import OSNet, OSNetNeck
from .se_resnext import SEResNeXt, SqueezeExcitation
from .se_resnext_weights import from_seresnext
from .torchreid_weights import from_torchreid

__all__ = [
    'BNNeckHead', 'BaseEncoder', 'CenterLoss', 'OSNet', 'OSNetNeck',
    'ReIDEncoder', 'SEResNeXt', 'SqueezeExcitation', 'TripletLoss',
    'between', 'differences', 'from_seresnext', 'from_torchreid',
    'load_encoder', 'load_onnx_osnet', 'read_state_dict', 'save_encoder',
]
