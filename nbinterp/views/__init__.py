"""The views: a map of samples, the factors of what was lassoed on it, and what they do."""

# Not `export`: it is also run as a program, which must find it unloaded.
from nbinterp.views.charts import AblationChart
from nbinterp.views.distances import DistanceView
from nbinterp.views.explorer import ClusterExplorer
from nbinterp.views.guide import guide
from nbinterp.views.heatmap import InteractionHeatmap
from nbinterp.views.link import Link, link
from nbinterp.views.perturbation_chart import PerturbationChart
from nbinterp.views.primitives import PrimitiveChart
from nbinterp.views.slider import FactorSlider
from nbinterp.views.workbench import Workbench

__all__ = [
    "AblationChart",
    "ClusterExplorer",
    "DistanceView",
    "FactorSlider",
    "InteractionHeatmap",
    "Link",
    "PerturbationChart",
    "PrimitiveChart",
    "Workbench",
    "guide",
    "link",
]
