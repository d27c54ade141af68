"""Maps of samples: PHATE, in two or more dimensions."""

from nbinterp.manifold.phate import PHATE

__all__ = ["PHATE"]
