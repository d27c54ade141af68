"""Save fitted estimators and results to safetensors files, and load them again."""

from nbinterp.saving.file import load, save

__all__ = ["load", "save"]
