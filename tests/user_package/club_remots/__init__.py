"""Parts of ReMOTS of our own; importing them registers them."""
from . import detector, encoder, merger, stage, tracker

__all__ = ['detector', 'encoder', 'merger', 'stage', 'tracker']
