# The names of this package and their modules: type checkers read this, and so does `__init__.py`.
from .construct.gaussians import Abs, gaussian_to_linear
from .construct.implied import LayerGaussian, linear_to_gaussian
from .construct.mixtures import MixtureLayers, mixture_to_layers
from .layer.explainer import LinearDistance
from .layer.report import DistanceReport
from .ood.mahalanobis import MahalanobisOOD
from .ood.roc import AUROC, auroc
from .sensitivity.result import SensitivityStudy
from .sensitivity.study import sensitivity_study

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
