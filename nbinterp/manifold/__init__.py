"""Maps of samples: PHATE, in two or more dimensions."""

from nbinterp.manifold.phate import PHATE
from nbinterp.manifold.selection import ComponentSelection, select_n_components

__all__ = ["PHATE", "ComponentSelection", "select_n_components"]
