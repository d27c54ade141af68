"""Read linear layers as distances: hyperplanes in data, Gaussians, outliers, sensitivity."""

from nbinterp.distance.construct.gaussians import Abs, gaussian_to_linear
from nbinterp.distance.construct.implied import LayerGaussian, linear_to_gaussian
from nbinterp.distance.construct.mixtures import MixtureLayers, mixture_to_layers
from nbinterp.distance.layer.explainer import LinearDistance
from nbinterp.distance.layer.report import DistanceReport
from nbinterp.distance.ood.mahalanobis import MahalanobisOOD
from nbinterp.distance.ood.roc import AUROC, auroc
from nbinterp.distance.sensitivity.result import SensitivityStudy
from nbinterp.distance.sensitivity.study import sensitivity_study

__all__ = [
    "AUROC",
    "Abs",
    "DistanceReport",
    "LayerGaussian",
    "LinearDistance",
    "MahalanobisOOD",
    "MixtureLayers",
    "SensitivityStudy",
    "auroc",
    "gaussian_to_linear",
    "linear_to_gaussian",
    "mixture_to_layers",
    "sensitivity_study",
]
