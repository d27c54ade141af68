"""Maps of samples: PHATE."""

from nbinterp.manifold.phate import PHATE

__all__ = ["PHATE"]
