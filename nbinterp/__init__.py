"""See what the hidden nodes of a neural network do together, from a notebook."""

from nbinterp import datasets
from nbinterp.corex import BioCorEx, ClusterFactors, LinearCorEx, LocalCorEx
from nbinterp.distance import (
    LinearDistance,
    MahalanobisOOD,
    PerturbationStudy,
    perturbation_study,
)
from nbinterp.interactions import AndOr, SmoothHess
from nbinterp.manifold import PHATE
from nbinterp.network import (
    AblationStudy,
    Decoder,
    Perturbation,
    Recording,
    ablated,
    ablation_study,
    dropout_study,
    fit_decoder,
    perturb,
    record,
)
from nbinterp.saving import load, save
from nbinterp.views import AblationChart, ClusterExplorer, FactorSlider, InteractionHeatmap

__version__ = "0.1.0"

__all__ = [
    "PHATE",
    "AblationChart",
    "AblationStudy",
    "AndOr",
    "BioCorEx",
    "ClusterExplorer",
    "ClusterFactors",
    "Decoder",
    "FactorSlider",
    "InteractionHeatmap",
    "LinearCorEx",
    "LinearDistance",
    "LocalCorEx",
    "MahalanobisOOD",
    "Perturbation",
    "PerturbationStudy",
    "Recording",
    "SmoothHess",
    "ablated",
    "ablation_study",
    "datasets",
    "dropout_study",
    "fit_decoder",
    "load",
    "perturb",
    "perturbation_study",
    "record",
    "save",
]
