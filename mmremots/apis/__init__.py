"""mmremots in Python: ``init_model``, ``inference_video``, ``refine``."""
from .inference import inference_video, init_model, refine

__all__ = ['inference_video', 'init_model', 'refine']
