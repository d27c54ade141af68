# The names of this package and their modules: type checkers read this, and so does `__init__.py`.
from .bio.estimator import BioCorEx
from .linear.estimator import LinearCorEx
from .local.estimator import LocalCorEx
from .local.result import ClusterFactors
from .matching import match_factors
from .selection import FactorSelection, select_n_factors

__all__ = [
    "BioCorEx",
    "ClusterFactors",
    "FactorSelection",
    "LinearCorEx",
    "LocalCorEx",
    "match_factors",
    "select_n_factors",
]
