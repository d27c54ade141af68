"""See what the hidden nodes of a neural network do together, from a notebook."""

from nbinterp import datasets
from nbinterp.corex import BioCorEx, ClusterFactors, LinearCorEx, LocalCorEx
from nbinterp.manifold import PHATE
from nbinterp.network import Decoder, Recording, record
from nbinterp.saving import load, save
from nbinterp.views import ClusterExplorer, InteractionHeatmap

__version__ = "0.1.0"

__all__ = [
    "PHATE",
    "BioCorEx",
    "ClusterExplorer",
    "ClusterFactors",
    "Decoder",
    "InteractionHeatmap",
    "LinearCorEx",
    "LocalCorEx",
    "Recording",
    "datasets",
    "load",
    "record",
    "save",
]
