"""Correlation explanation: factors that explain what variables share, in all data or locally."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
