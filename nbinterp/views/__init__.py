"""The views: a map of the samples, and the factors of what was lassoed on it."""

# Not `export`: it is also run as a program, which must find it unloaded.
from nbinterp.views.explorer import ClusterExplorer
from nbinterp.views.heatmap import InteractionHeatmap

__all__ = ["ClusterExplorer", "InteractionHeatmap"]
