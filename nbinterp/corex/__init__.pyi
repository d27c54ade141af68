# The names of this package and their modules: type checkers read this, and so does `__init__.py`.
from .bio.estimator import BioCorEx
from .images import factor_images
from .linear.estimator import LinearCorEx
from .local.estimator import LocalCorEx
from .local.result import ClusterFactors
from .matching import match_factors
from .profile.profile import cluster_profile
from .profile.result import ClusterProfile
from .selection import FactorSelection, select_n_factors

__all__ = [
    "BioCorEx",
    "ClusterFactors",
    "ClusterProfile",
    "FactorSelection",
    "LinearCorEx",
    "LocalCorEx",
    "cluster_profile",
    "factor_images",
    "match_factors",
    "select_n_factors",
]
