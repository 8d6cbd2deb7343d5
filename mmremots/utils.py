"""Where mmengine looks for it: ``get_model('mmremots::...')``."""
from mmremots import register_all_modules

__all__ = ['register_all_modules']
