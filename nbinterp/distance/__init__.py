"""A linear layer as distances: what it reads, and how its nodes stand to it."""

from nbinterp.distance.auroc import AUROC, auroc
from nbinterp.distance.gaussians import (
    Abs,
    LayerGaussian,
    gaussian_to_linear,
    linear_to_gaussian,
)
from nbinterp.distance.linear_distance import LinearDistance
from nbinterp.distance.mixtures import MixtureLayers, mixture_to_layers
from nbinterp.distance.outliers import MahalanobisOOD
from nbinterp.distance.perturbation_result import PerturbationStudy
from nbinterp.distance.perturbation_study import perturbation_study
from nbinterp.distance.report import DistanceReport

__all__ = [
    "AUROC",
    "Abs",
    "DistanceReport",
    "LayerGaussian",
    "LinearDistance",
    "MahalanobisOOD",
    "MixtureLayers",
    "PerturbationStudy",
    "auroc",
    "gaussian_to_linear",
    "linear_to_gaussian",
    "mixture_to_layers",
    "perturbation_study",
]
