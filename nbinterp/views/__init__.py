"""The views: a map of samples, the factors of what was lassoed on it, and what they do."""

# Not `export`: it is also run as a program, which must find it unloaded.
from nbinterp.views.charts.ablation import AblationChart
from nbinterp.views.charts.bio import BioChart
from nbinterp.views.charts.distance_view import DistanceView
from nbinterp.views.charts.dropout import DropoutChart
from nbinterp.views.charts.pictures.cluster_profile import ProfileChart
from nbinterp.views.charts.pictures.factor_images import FactorImages
from nbinterp.views.charts.primitives import PrimitiveChart
from nbinterp.views.charts.selection.clusters import ClusterSelectionChart
from nbinterp.views.charts.selection.components import ComponentSelectionChart
from nbinterp.views.charts.selection.factors import FactorSelectionChart
from nbinterp.views.charts.selection.scree import ScreeChart
from nbinterp.views.charts.sensitivity import SensitivityChart
from nbinterp.views.explorer.explorer import ClusterExplorer
from nbinterp.views.guide import guide
from nbinterp.views.heatmap.heatmap import InteractionHeatmap
from nbinterp.views.linking.links import Link, link
from nbinterp.views.slider.slider import FactorSlider
from nbinterp.views.workbench.workbench import Workbench

__all__ = [
    "AblationChart",
    "BioChart",
    "ClusterExplorer",
    "ClusterSelectionChart",
    "ComponentSelectionChart",
    "DistanceView",
    "DropoutChart",
    "FactorImages",
    "FactorSelectionChart",
    "FactorSlider",
    "InteractionHeatmap",
    "Link",
    "PrimitiveChart",
    "ProfileChart",
    "ScreeChart",
    "SensitivityChart",
    "Workbench",
    "guide",
    "link",
]
